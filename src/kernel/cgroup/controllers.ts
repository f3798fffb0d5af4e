// The controllers that there are, in the order in which cgroup.controllers lists them. Absent: hugetlb, rdma, misc.
import type { Controller, ControllerName } from './controller.js';
import { PIDS } from './pids.js';
import { IO } from './io.js';
import { MEMORY } from './memory.js';
import { CPU } from './cpu.js';
import { CPUSET } from './cpuset.js';

export const CONTROLLERS: { readonly [N in ControllerName]: Controller<N> } = {
  cpuset: CPUSET,
  cpu: CPU,
  io: IO,
  memory: MEMORY,
  pids: PIDS,
};

export const CONTROLLER_NAMES = Object.keys(CONTROLLERS) as readonly ControllerName[];
