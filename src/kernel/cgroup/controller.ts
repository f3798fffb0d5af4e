// What a controller is: a name, files, and a state for each group that has it. Linux struct cgroup_subsys.
import type { Kernel } from '../kernel.js';
import type { Cgroup } from './cgroup.js';
import type { ControlFile } from './control-file.js';
import type { CpuState } from './cpu-state.js';
import type { CpusetState } from './cpuset.js';
import type { IoState } from './io-state.js';
import type { MemoryState } from './memory-state.js';
import type { PidsState } from './pids.js';

export interface GroupStates {
  cpuset: CpusetState;
  cpu: CpuState;
  io: IoState;
  memory: MemoryState;
  pids: PidsState;
}

export type ControllerName = keyof GroupStates;

/** What a controller keeps for one group. */
export interface GroupState {
  /** The group has the controller no more: it was switched off, or the group removed. */
  offline?(): void;
}

export interface Controller<N extends ControllerName = ControllerName> {
  readonly name: N;
  /** Can it tell the threads of a process apart? Then threaded groups may have it. */
  readonly threaded: boolean;
  /** `parent` is the state of the group above. */
  make(kernel: Kernel, cgroup: Cgroup, parent: GroupStates[N] | undefined): GroupStates[N];
  readonly files: readonly ControlFile[];
}
