// One check of a container's health: a further process in it.
import type { Exec, ExecConfig } from './exec.js';
import { gather, type Probe } from './health.js';

const SIGKILL = 9;

export const execOf = (words: string[]): ExecConfig => ({
  ...{ User: '', Privileged: false, Tty: false, AttachStdin: false, AttachStdout: true, AttachStderr: true },
  ...{ Env: [], WorkingDir: '', Cmd: words },
});

/** Starts it. */
export function probeBy(exec: Exec): Probe {
  const output: Uint8Array[] = [];
  const ended = new Promise<number>((resolve, reject) => {
    exec.streams.attach({
      async output(_stream, bytes) {
        gather(output, bytes);
        return true;
      },
      ended: () => resolve(exec.exitCode ?? -1),
    });
    exec.start().catch(reject);
  });
  return { ended, output, kill: () => void exec.kill(SIGKILL).catch(() => {}) };
}
