// How others ask a running kernel what its groups use: a Unix-domain socket; for each line that comes, a line of JSON goes back.
import type { Socket } from 'node:net';
import { InputError } from '../base/errors.js';
import { takePlace } from '../hosts/node/socket-place.js';
import { type GroupUsage, groupUsage } from '../kernel/cgroup/group-usage.js';
import type { Kernel } from '../kernel/kernel.js';

/** A moment of a kernel. */
export interface KernelState {
  /** Nanoseconds since it began. */
  time: number;
  memory: { bytes: number; free: number };
  groups: GroupUsage[];
}

const PAGE = 4096;
/** Bytes of questions that may wait: who asks faster than it reads is gone. */
const QUESTION_MAX = 4096;

export function kernelState({ clock, frames, cgroups }: Kernel): KernelState {
  return {
    time: clock.monotonic(),
    memory: { bytes: frames.count * PAGE, free: frames.free * PAGE },
    groups: groupUsage(cgroups.root),
  };
}

/** Answers at `path` until it is closed. Throws InputError. */
export async function openControl(path: string, kernel: Kernel): Promise<{ close(): void }> {
  const label = `--control ${path}`;
  const place = await takePlace({ path, label });
  if (place.kind === 'guest') {
    place.socket.destroy();
    throw new InputError(`${label}: somebody listens there already`, 'Choose another path.');
  }
  const sockets = new Set<Socket>();
  place.admit((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
    socket.on('data', (bytes) => {
      if (socket.writableLength > 0 || bytes.length > QUESTION_MAX) socket.destroy();
      else if (bytes.includes(10)) socket.write(`${JSON.stringify(kernelState(kernel))}\n`);
    });
    socket.resume();
  });
  return {
    close(): void {
      place.release();
      place.server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
