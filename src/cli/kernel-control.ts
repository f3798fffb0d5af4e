// How others reach a running kernel: a Unix-domain socket that is its owner's alone. A line that is empty asks for the state, which is a
// line of JSON; a line `run JSON` makes the connection that of a new program (kernel-visitor.ts).
import type { Socket } from 'node:net';
import { InputError } from '../base/errors.js';
import { takePlace } from '../hosts/node/socket-place.js';
import { type GroupUsage, groupUsage } from '../kernel/cgroup/group-usage.js';
import type { Programs } from './kernel-program.js';
import { visit } from './kernel-visitor.js';

/** A moment of a kernel. */
export interface KernelState {
  /** Nanoseconds since it began. */
  time: number;
  memory: { bytes: number; free: number };
  groups: GroupUsage[];
  /** What was started, each with the path of its group. */
  programs: { pid: number; group: string }[];
}

const PAGE = 4096;
/** Bytes of a line: an environment may be long. */
const LINE_MAX = 1 << 20;
const RUN = 'run ';

export function kernelState({ kernel: { clock, frames, cgroups }, running }: Programs): KernelState {
  const time = clock.monotonic();
  return {
    time,
    memory: { bytes: frames.count * PAGE, free: frames.free * PAGE },
    groups: groupUsage(cgroups.root, time),
    programs: [...running].map(({ pid, group }) => ({ pid, group: group.pathFrom(cgroups.root) })),
  };
}

export interface Control {
  /** Answers from now on. */
  open(programs: Programs): void;
  /** Resolves once all programs that came this way have been told of. */
  settled(): Promise<void>;
  close(): void;
}

/** The socket at `path`, where who comes waits until it is opened. Throws InputError. */
export async function takeControl(path: string): Promise<Control> {
  const label = `--control ${path}`;
  const place = await takePlace({ path, label });
  if (place.kind === 'guest') {
    place.socket.destroy();
    throw new InputError(`${label}: somebody listens there already`, 'Choose another path.');
  }
  const sockets = new Set<Socket>();
  const visits = new Set<Promise<void>>();
  return {
    open(programs): void {
      place.admit((socket) => {
        sockets.add(socket);
        socket.on('error', () => {});
        socket.on('close', () => sockets.delete(socket));
        new Caller(socket, programs, (one) => {
          visits.add(one);
          one.finally(() => visits.delete(one));
        });
      });
    },
    async settled(): Promise<void> {
      await Promise.all(visits);
    },
    close(): void {
      place.release();
      place.server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** Lines of one connection, until it becomes a program's. */
class Caller {
  private held = Buffer.alloc(0);

  constructor(
    private readonly socket: Socket,
    private readonly programs: Programs,
    private readonly visited: (visit: Promise<void>) => void,
  ) {
    socket.on('data', this.take);
    socket.resume();
  }

  private readonly take = (bytes: Buffer): void => {
    const { socket, programs } = this;
    this.held = Buffer.concat([this.held, bytes]);
    for (let end = this.held.indexOf(10); end >= 0; end = this.held.indexOf(10)) {
      const line = this.held.toString('utf8', 0, end);
      this.held = this.held.subarray(end + 1);
      if (line.startsWith(RUN)) {
        socket.off('data', this.take);
        socket.pause();
        this.visited(visit(socket, programs, line.slice(RUN.length), this.held));
        return;
      }
      // who asks faster than it reads is gone
      if (line !== '' || socket.writableLength > 0) socket.destroy();
      else socket.write(`${JSON.stringify(kernelState(programs))}\n`);
      if (socket.destroyed) return;
    }
    if (this.held.length > LINE_MAX) socket.destroy();
  };
}
