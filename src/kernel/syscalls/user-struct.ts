// Structs between a program and a call's handler.
import { EFAULT } from '../abi/errno.js';
import type { Layout, Values } from '../abi/layout.js';
import { copyIn, writeBytes } from '../mm/user-memory.js';
import type { Task } from '../task/task.js';

/** The struct at `address`; -EFAULT. */
export function readStruct(task: Task, layout: Layout, address: number): Record<string, number> | number {
  const bytes = new Uint8Array(layout.size);
  if (copyIn(task.space, address, bytes, 0, bytes.length) !== bytes.length) return -EFAULT;
  return layout.read(new DataView(bytes.buffer), 0);
}

/** 0, or -EFAULT. */
export function writeStruct(task: Task, layout: Layout, address: number, values: Values): number {
  return writeBytes(task.space, address, layout.bytes(values));
}
