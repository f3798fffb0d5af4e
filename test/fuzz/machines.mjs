// Runs a batch on QEMU and on our own virtual machine: the same image, the same port for the results.
// qemu-system-i386(1); tabvisor vm run.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(new URL('.', import.meta.url));
const root = join(here, '../..');
const LOG_PORT = '0xe9';
const EXIT_PORT = '0xf4';
/** isa-debug-exit of 0. */
const FINISHED = 1;

/** Works in a new folder that is gone afterwards. */
export async function inScratchFolder(work) {
  const folder = mkdtempSync(join(tmpdir(), 'tabvisor-fuzz-'));
  try {
    return await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export function assembleHarness(folder) {
  const output = join(folder, 'harness.bin');
  const result = spawnSync('nasm', ['-f', 'bin', '-o', output, join(here, 'harness.asm')], { encoding: 'utf8' });
  if (result.status !== 0) throw new Error(`nasm: ${result.error?.message ?? result.stderr}`);
  return readFileSync(output);
}

function finish(command, args, seconds) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], timeout: seconds * 1000 });
    let said = '';
    child.stdout.on('data', (data) => {
      said += data;
    });
    child.stderr.on('data', (data) => {
      said += data;
    });
    child.on('error', reject);
    child.on('close', (status, signal) => {
      if (status === FINISHED) resolve();
      else reject(new Error(`${command} ended with ${status ?? signal} before the batch did: ${said.slice(-2000)}`));
    });
  });
}

/** Each: (image, folder, seconds) -> Promise of the bytes written to the log port. */
export const MACHINES = {
  async qemu(image, folder, seconds, command = 'qemu-system-i386') {
    return run(image, folder, 'qemu', (kernel, log) => {
      const devices = ['-device', `isa-debug-exit,iobase=${EXIT_PORT},iosize=4`, '-debugcon', `file:${log}`];
      const quiet = ['-nodefaults', '-display', 'none', '-no-reboot', '-m', '64', '-cpu', 'max', '-accel', 'tcg'];
      return finish(command, [...quiet, ...devices, '-kernel', kernel], seconds);
    });
  },
  async tabvisor(image, folder, seconds) {
    return run(image, folder, 'tabvisor', (kernel, log) => {
      const ports = ['--debug-exit', EXIT_PORT, '--log-port', `${LOG_PORT}=${log}`];
      const args = ['vm', 'run', '--mode', 'full', '--kernel', kernel, '--memory', '64M', '--serial', 'none', ...ports];
      return finish(process.execPath, [join(root, 'bin/tabvisor.mjs'), ...args], seconds);
    });
  },
};

async function run(image, folder, name, start) {
  const kernel = join(folder, `${name}.bin`);
  const log = join(folder, `${name}.log`);
  writeFileSync(kernel, image);
  let failure;
  await start(kernel, log).catch((error) => {
    failure = error;
  });
  return { bytes: existsSync(log) ? readFileSync(log) : Buffer.alloc(0), failure };
}
