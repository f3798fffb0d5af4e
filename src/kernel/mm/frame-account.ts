// Who pays for frames: an account is charged when a frame is handed out and told when it is given back. Linux: struct mem_cgroup.

/** What a frame is for. */
export const FRAME_ANONYMOUS = 0;
/** Page cache of a file that can be read again. */
export const FRAME_FILE = 1;
/** Page cache that is all there is of the data: tmpfs, shared memory. */
export const FRAME_SHARED = 2;
export const FRAME_PAGE_TABLE = 3;
export const FRAME_KINDS = 4;

export interface FrameAccount {
  /** Its number among the accounts of a node; 0 is nobody. */
  number: number;
  /** Frames that it may have at nobody's expense. */
  readonly room: number;
  /** One frame more; false: it may not have it. */
  charge(kind: number): boolean;
  uncharge(kind: number): void;
}
