// Who pays for frames, and for memory of the kernel's own: an account is charged when a frame is handed out and told when it is given back. Linux: struct mem_cgroup.

/** What a frame is for. */
export const FRAME_ANONYMOUS = 0;
/** Page cache of a file that can be read again. */
export const FRAME_FILE = 1;
/** Page cache that is all there is of the data: tmpfs, shared memory. */
export const FRAME_SHARED = 2;
export const FRAME_PAGE_TABLE = 3;
/** No frames: what pipes and Unix sockets hold, and other sockets (held-memory.ts). */
export const FRAME_KERNEL = 4;
export const FRAME_SOCKET = 5;
export const FRAME_KINDS = 6;

export interface FrameAccount {
  /** Its number among the accounts of a node; 0 is nobody. */
  number: number;
  /** Frames that it may have at nobody's expense. */
  readonly room: number;
  /** One frame more; false: it may not have it. */
  charge(kind: number): boolean;
  uncharge(kind: number): void;
  /** So many pages more, or fewer, whatever limits say. */
  hold(kind: number, pages: number): void;
  /** So many pages more of it, or fewer, are to be written back. */
  dirtied(pages: number): void;
  /** A page of it is taken for want of memory: it can be read again. */
  reclaimed(): void;
  /** Bytes of the kernel's own that its programs have it keep, more or fewer; false: it may not have them. */
  keep(bytes: number): boolean;
  /** Who is charged instead when it is gone: itself while it is there. */
  readonly heir: FrameAccount | undefined;
}
