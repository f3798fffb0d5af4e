// Processes of ours that go on without us: a sandbox, or the one that stands for a process in it. They say on a descriptor when they are there.
import { spawn, spawnSync, type StdioOptions } from 'node:child_process';
import { closeSync, writeSync } from 'node:fs';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';
import { InputError } from '../../base/errors.js';
import { PACKAGE_ROOT } from '../../hosts/node/package-root.js';

const READY = 3;
const COMMAND = fileURLToPath(new URL('bin/tabvisor.mjs', PACKAGE_ROOT));

/**
 * Makes a terminal, sends its master over the socket of argv[1], takes the slave for standard streams and becomes argv[2]: Node has neither
 * openpty nor SCM_RIGHTS. It is raw, for the container's own terminal does what a terminal does.
 */
const ON_TERMINAL = `
import array, fcntl, os, pty, socket, sys, termios, tty
master, slave = pty.openpty()
tty.setraw(slave)
link = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
link.connect(sys.argv[1])
link.sendmsg([os.ttyname(slave).encode()], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array('i', [master]))])
link.close()
fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
for fd in (0, 1, 2): os.dup2(slave, fd)
os.closerange(4, max(master, slave) + 1)
os.execvp(sys.argv[2], sys.argv[2:])
`;

export interface Apart {
  pid: number;
  /** Its status as a shell has it. */
  ended: Promise<number>;
}

/**
 * Starts one of our commands in a session of its own, by way of `entry`, and waits until it has said that it is there. Throws InputError: what
 * it said.
 */
export async function startApart(
  args: readonly string[],
  consoleSocket?: string,
  entry: readonly string[] = [],
): Promise<Apart> {
  let command = [...entry, process.execPath, COMMAND, 'oci', ...args];
  if (consoleSocket !== undefined) {
    if (spawnSync('python3', ['-c', '']).status !== 0)
      throw new InputError(
        '--console-socket: python3 is not there, which makes the terminal',
        'Install it, or run the container without a terminal.',
      );
    command = ['python3', '-c', ON_TERMINAL, consoleSocket, ...command];
  }
  const stdio: StdioOptions = ['inherit', 'inherit', 'inherit', 'pipe'];
  const child = spawn(command[0]!, command.slice(1), { detached: true, stdio });
  let said = '';
  const ready = child.stdio[READY]!;
  const ended = new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (status, signal) => resolve(status ?? 128 + (signal ? constants.signals[signal] : 0)));
  });
  await new Promise<void>((resolve) => {
    ready.on('data', (bytes) => {
      said += bytes;
    });
    ready.on('close', resolve);
    ready.on('error', () => resolve());
  });
  if (said === '') throw new InputError(`the sandbox ended with status ${await ended} before it was there`);
  const { error } = JSON.parse(said) as { error?: string };
  if (error !== undefined) throw new InputError(error);
  return { pid: child.pid!, ended };
}

/** Says to who has started us that we are there, or why not. */
export function sayReady(error?: string): void {
  writeSync(READY, JSON.stringify({ error }));
  closeSync(READY); // whoever waits hears the end of it
}
