// What a command has around it on Node: this process. Contract: ../host.ts; termios(3), signal(7).
import { createInterface } from 'node:readline';
import { makeRaw } from '../../terminal.js';
import { Complaint } from '../complaint.js';
import type { Host } from '../host.js';
import { reason } from '../../../hosts/node/files.js';
import { nodeAccounts } from './accounts.js';
import { leave, leaveBySignals } from './leaving.js';
import { nodeFiles } from './node-files.js';

/** A line that is not a secret. */
function line(): Promise<string> {
  const lines = createInterface({ input: process.stdin });
  return new Promise((resolve) => {
    lines.once('line', (text) => {
      resolve(text);
      lines.close();
    });
    lines.once('close', () => resolve(''));
  });
}

function secretLine(): Promise<string> {
  const input = process.stdin;
  return new Promise((resolve, reject) => {
    let text = '';
    const restore = (): void => void input.setRawMode(false);
    const end = (settle: () => void): void => {
      input.off('data', onData).pause();
      process.off('exit', restore);
      restore();
      process.stdout.write('\n');
      settle();
    };
    const onData = (bytes: Buffer): void => {
      for (const letter of bytes.toString('utf8')) {
        if (letter === '\r' || letter === '\n') {
          end(() => resolve(text));
          return;
        }
        if (letter === '\x03') {
          end(() => reject(new Complaint('interrupted', 130)));
          return;
        }
        text = letter === '\x7f' ? text.slice(0, -1) : text + letter;
      }
    };
    input.setRawMode(true);
    process.on('exit', restore);
    input.on('data', onData).resume();
  });
}

/** The terminal is gone: Node would abort at its end, as it can't be put right. */
const hungUp = (): void => void process.on('exit', () => process.kill(process.pid, 'SIGKILL'));

export function nodeHost(version: string): Host {
  // who reads us may have enough
  let ends = false;
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    // each write fails
    if (ends) return;
    ends = true;
    if (error.code === 'EPIPE') return leave(process.exitCode);
    process.stderr.write(`tabvisor: standard output: ${reason(error)}\n`);
    leave(1);
  });
  const on = (name: string, action: () => void): (() => void) => {
    process.on(name, action);
    return () => void process.off(name, action);
  };
  return {
    ...{ stdin: process.stdin, stdout: process.stdout, stderr: process.stderr },
    ...{ files: nodeFiles, accounts: nodeAccounts },
    version: { own: version, node: process.version, os: process.platform, arch: process.arch },
    env: (name) => process.env[name],
    useConfig(folder) {
      process.env.DOCKER_CONFIG = folder;
    },
    raw() {
      const restore = (): void => void process.stdin.setRawMode(false);
      makeRaw(process.stdin);
      const ends = [on('SIGCONT', () => makeRaw(process.stdin)), on('exit', restore), leaveBySignals()];
      return () => {
        for (const end of ends.splice(0)) end();
        restore();
      };
    },
    ask(question, secret) {
      process.stdout.write(question);
      return secret && process.stdin.isTTY ? secretLine() : line();
    },
    onResize: (action) => on('SIGWINCH', action),
    onSignal(name, action) {
      if (name === 'SIGHUP') process.once(name, hungUp);
      return on(name, action);
    },
    exit: (status) => process.exit(status),
    get status() {
      return Number(process.exitCode ?? 0);
    },
    async connect({ global, values, version: ours }, need) {
      const { connect } = await import('./connect.js');
      const verify = global.is('tlsverify') || Boolean(process.env.DOCKER_TLS_VERIFY);
      const wantsTls = verify || ['tls', 'tlscacert', 'tlscert', 'tlskey'].some((name) => global.has(name));
      const path = (name: string): string | undefined => (global.has(name) ? global.text(name) : undefined);
      const host = global.list('host').at(-1) ?? (process.env.DOCKER_HOST || undefined);
      return connect(
        {
          // a folder that is named is meant
          ...(host !== undefined && !(values.has('data') && !global.has('host')) && { host }),
          ...(wantsTls && { tls: { verify, ca: path('tlscacert'), cert: path('tlscert'), key: path('tlskey') } }),
          version: ours,
          options: {
            nodeMemory: values.text('node-memory'),
            ...(values.has('data') && { data: values.text('data') }),
            insecureRegistry: [...values.list('insecure-registry')],
            registryMirror: [...values.list('registry-mirror')],
          },
        },
        need,
      );
    },
  };
}
