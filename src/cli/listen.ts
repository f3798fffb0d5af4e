// Where an engine listens: a unix socket that is its owner's alone, or a port.
import { chmodSync, lstatSync, mkdirSync, rmSync } from 'node:fs';
import { connect, type Server } from 'node:net';
import { join } from 'node:path';
import { InputError } from '../base/errors.js';
import { reason } from '../hosts/node/files.js';

export type Address = { path: string } | { host: string; port: number };

/** A socket that nobody listens on is what a daemon left that was killed. */
export async function listenOn(server: Server, address: Address): Promise<void> {
  if ('path' in address) {
    if (lstatSync(address.path, { throwIfNoEntry: false })?.isSocket() && !(await answers(address.path)))
      rmSync(address.path, { force: true });
    mkdirSync(join(address.path, '..'), { recursive: true });
  }
  const mask = process.umask(0o177);
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(address, () => {
        server.off('error', reject);
        resolve();
      });
    });
    if ('path' in address) chmodSync(address.path, 0o600);
  } catch (error) {
    throw new InputError(
      `--host: ${'path' in address ? address.path : address.port}: ${reason(error)}`,
      'Choose another address, or end who has it.',
      { cause: error },
    );
  } finally {
    process.umask(mask);
  }
}

const answers = (path: string): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(path, () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
