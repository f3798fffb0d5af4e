// Unix sockets of a network namespace: the names of the abstract ones, and all there are for /proc/net/unix. man 7 unix.
import type { UnixSocket } from './unix-socket.js';

export class UnixSockets {
  readonly abstract = new Map<string, UnixSocket>();
  readonly all = new Set<UnixSocket>();
}
