// socketcall(2): i386's one call for all of sockets. Its arguments are in memory.
import { EINVAL } from '../abi/errno.js';
import { readU32 } from '../mm/user-memory.js';
import type { Task } from '../task/task.js';
import { recvmmsg, recvmsg, sendmmsg, sendmsg } from './sys-message.js';
import {
  accept,
  accept4,
  bind,
  connect,
  getpeername,
  getsockname,
  getsockopt,
  listen,
  recv,
  recvfrom,
  send,
  sendto,
  setsockopt,
  shutdown,
  socket,
  socketpair,
} from './sys-socket.js';

/** By the number of the call: its arguments. */
const CALLS: readonly (readonly [count: number, call: (task: Task, ...args: number[]) => number] | undefined)[] = [
  undefined,
  [3, (task, a, b, c) => socket(task, a!, b!, c!)],
  [3, (task, a, b, c) => bind(task, a!, b! >>> 0, c!)],
  [3, (task, a, b, c) => connect(task, a!, b! >>> 0, c!)],
  [2, (task, a, b) => listen(task, a!, b!)],
  [3, (task, a, b, c) => accept(task, a!, b! >>> 0, c! >>> 0)],
  [3, (task, a, b, c) => getsockname(task, a!, b! >>> 0, c! >>> 0)],
  [3, (task, a, b, c) => getpeername(task, a!, b! >>> 0, c! >>> 0)],
  [4, (task, a, b, c, d) => socketpair(task, a!, b!, c!, d! >>> 0)],
  [4, (task, a, b, c, d) => send(task, a!, b! >>> 0, c! >>> 0, d!)],
  [4, (task, a, b, c, d) => recv(task, a!, b! >>> 0, c! >>> 0, d!)],
  [6, (task, a, b, c, d, e, f) => sendto(task, a!, b! >>> 0, c! >>> 0, d!, e! >>> 0, f!)],
  [6, (task, a, b, c, d, e, f) => recvfrom(task, a!, b! >>> 0, c! >>> 0, d!, e! >>> 0, f! >>> 0)],
  [2, (task, a, b) => shutdown(task, a!, b!)],
  [5, (task, a, b, c, d, e) => setsockopt(task, a!, b!, c!, d! >>> 0, e!)],
  [5, (task, a, b, c, d, e) => getsockopt(task, a!, b!, c!, d! >>> 0, e! >>> 0)],
  [3, (task, a, b, c) => sendmsg(task, a!, b! >>> 0, c!)],
  [3, (task, a, b, c) => recvmsg(task, a!, b! >>> 0, c!)],
  [4, (task, a, b, c, d) => accept4(task, a!, b! >>> 0, c! >>> 0, d!)],
  [4, (task, a, b, c, d) => recvmmsg(task, a!, b! >>> 0, c!, d!)],
  [4, (task, a, b, c, d) => sendmmsg(task, a!, b! >>> 0, c!, d!)],
];

/** socketcall(2): i386's one call for all of these; its arguments are in memory. */
export function socketcall(task: Task, number: number, address: number): number {
  const entry = CALLS[number];
  if (!entry) return -EINVAL;
  const [count, call] = entry;
  const args: number[] = [];
  for (let i = 0; i < count; i++) {
    const value = readU32(task.space, address + 4 * i);
    if (value < 0) return value;
    args.push(value | 0);
  }
  return call(task, ...args);
}
