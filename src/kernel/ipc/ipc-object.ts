// What System V's shared memory, semaphores and message queues have in common: keys, numbers, owners, rights. Linux ipc/util.c;
// man 7 sysvipc.
import { EACCES, EEXIST, EIDRM, EINVAL, ENOENT, ENOSPC, EPERM } from '../abi/errno.js';
import { IPC_CREAT, IPC_EXCL, IPC_PRIVATE } from '../abi/ipc.js';
import { CAP_IPC_OWNER, CAP_SYS_ADMIN } from '../security/capability.js';
import type { Task } from '../task/task.js';

/** A number is a place in the table, and how often the places have been gone through. */
const PLACES = 32768;
const SEQUENCES = 0x7fffffff >>> 15;

export abstract class IpcObject {
  id = -1;
  key: number;
  uid: number;
  gid: number;
  readonly cuid: number;
  readonly cgid: number;
  /** Seconds of its making, or of the newest change. */
  ctime: number;
  removed = false;

  constructor(
    task: Task,
    key: number,
    /** Rights, and bits of its kind. */
    public mode: number,
  ) {
    const { euid, egid } = task.credentials;
    this.key = key;
    this.uid = euid;
    this.cuid = euid;
    this.gid = egid;
    this.cgid = egid;
    this.ctime = secondsNow(task);
  }

  get place(): number {
    return this.id % PLACES;
  }

  /** May the task do what the bits of `wanted` (as of a mode) say? 0, or -EACCES. */
  permits(task: Task, wanted: number): number {
    const { credentials: who } = task;
    const asked = (wanted >> 6) | (wanted >> 3) | wanted;
    let granted = this.mode;
    if (who.euid === this.cuid || who.euid === this.uid) granted >>= 6;
    else if ([this.gid, this.cgid].some((gid) => gid === who.egid || who.groups.includes(gid))) granted >>= 3;
    return (asked & ~granted & 7) === 0 || who.capable(task.namespaces.ipc.owner, CAP_IPC_OWNER) ? 0 : -EACCES;
  }

  /** May it change or remove the object? 0, or -EPERM. */
  governs(task: Task): number {
    const { credentials: who } = task;
    return who.euid === this.cuid || who.euid === this.uid || who.capable(task.namespaces.ipc.owner, CAP_SYS_ADMIN)
      ? 0
      : -EPERM;
  }

  /** The fields of struct ipc_perm, by which every ds struct begins. */
  permissions(): Record<string, number> {
    const { key, uid, gid, cuid, cgid, mode, id } = this;
    return { key, uid, gid, cuid, cgid, mode, seq: Math.floor(id / PLACES) & 0xffff };
  }

  /** IPC_SET. */
  setPermissions(task: Task, given: Record<string, number>): void {
    this.uid = given.uid!;
    this.gid = given.gid!;
    this.mode = (this.mode & ~0o777) | (given.mode! & 0o777);
    this.ctime = secondsNow(task);
  }
}

export function secondsNow(task: Task): number {
  return task.kernel.clock.date().seconds;
}

/** All objects of one kind in a namespace. */
export class IpcTable<T extends IpcObject> {
  private readonly objects = new Map<number, T>();
  private sequence = 0;
  private lastPlace = -1;

  constructor(public most: number) {}

  get size(): number {
    return this.objects.size;
  }

  [Symbol.iterator](): IterableIterator<T> {
    return [...this.objects.values()].sort((a, b) => a.place - b.place).values();
  }

  /** The highest place that is taken; -1: none is. */
  get highest(): number {
    return Math.max(-1, ...this.objects.keys());
  }

  at(place: number): T | undefined {
    return this.objects.get(place);
  }

  /** -EINVAL: there is none; -EIDRM: it has gone, and another is in its place. */
  find(id: number): T | number {
    if (id < 0) return -EINVAL;
    const found = this.objects.get(id % PLACES);
    if (!found) return -EINVAL;
    return found.id === id ? found : -EIDRM;
  }

  /** The number of the object with `key`, as the get calls find or make it. `fits` looks whether it is what was asked for. */
  get(task: Task, key: number, flags: number, fits: (found: T) => number, make: () => T | number): number {
    const known = key === IPC_PRIVATE ? undefined : [...this.objects.values()].find((object) => object.key === key);
    if (known) {
      if ((flags & IPC_CREAT) !== 0 && (flags & IPC_EXCL) !== 0) return -EEXIST;
      const failed = fits(known) || known.permits(task, flags & 0o777);
      return failed !== 0 ? failed : known.id;
    }
    if (key !== IPC_PRIVATE && (flags & IPC_CREAT) === 0) return -ENOENT;
    if (this.objects.size >= Math.min(this.most, PLACES)) return -ENOSPC;
    const made = make();
    return typeof made === 'number' ? made : this.add(made);
  }

  private add(object: T): number {
    let place = 0;
    while (this.objects.has(place)) place++;
    if (place <= this.lastPlace) this.sequence = (this.sequence + 1) % SEQUENCES;
    this.lastPlace = place;
    object.id = this.sequence * PLACES + place;
    this.objects.set(place, object);
    return object.id;
  }

  /** The number is free; the object has `removed` set, for whoever waits for it. */
  remove(object: T): void {
    if (this.objects.get(object.place) === object) this.objects.delete(object.place);
    object.removed = true;
  }
}
