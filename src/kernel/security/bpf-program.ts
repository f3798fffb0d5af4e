// Classic BPF programs in a program's memory. uapi/linux/filter.h struct sock_fprog.
import { readBytes } from '../mm/user-memory.js';
import type { Task } from '../task/task.js';
import type { Instruction } from './bpf.js';

export interface SockFprog {
  len: number;
  filter: number;
}

/** As many instructions as it says, or a negated errno. The caller has looked at how many. */
export function readInstructions(task: Task, { len, filter }: SockFprog): Instruction[] | number {
  const { sockFilter } = task.abi.structs;
  const bytes = readBytes(task.space, filter, len * sockFilter.size);
  if (typeof bytes === 'number') return bytes;
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  return Array.from({ length: len }, (_, i) => sockFilter.read(view, i * sockFilter.size) as unknown as Instruction);
}
