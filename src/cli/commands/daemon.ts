// `tabvisor daemon`: the engine behind Docker's Engine API, on a unix socket or on loopback.
import { chmodSync, lstatSync, mkdirSync, rmSync } from 'node:fs';
import { connect, type Server } from 'node:net';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { Command } from 'commander';
import { engineApi } from '../../api/api.js';
import { parseSize } from '../../base/bytes.js';
import { InputError } from '../../base/errors.js';
import { Engine } from '../../engine/engine.js';
import { Events } from '../../engine/events.js';
import type { EngineHost } from '../../engine/host.js';
import { Images } from '../../engine/images.js';
import { reason } from '../../hosts/node/files.js';
import { NodeHost } from '../../hosts/node/host.js';
import { localOnly } from '../../http/local-only.js';
import { httpServer } from '../../hosts/node/http-server.js';
import { epilogue, type Example } from '../help.js';
import { dataFolder, type RegistryOptions, registryOptions, withImages } from '../images.js';
import { startNode } from '../node-thread.js';

const EXAMPLES: readonly Example[] = [
  {
    command: 'tabvisor daemon --host unix:///tmp/tabvisor.sock',
    what: 'then, in another shell: export DOCKER_HOST=unix:///tmp/tabvisor.sock; docker ps',
  },
];
const LONGEST = 2 ** 31 - 1;

interface DaemonOptions extends RegistryOptions {
  host: string;
  nodeMemory: string;
}

export function daemonCommand(version: string): Command {
  const command = new Command('daemon')
    .description("a container engine for docker's client: its Engine API on a socket")
    .option('--host <address>', 'unix://PATH, or tcp://127.0.0.1:PORT', `unix://${join(dataFolder({}), 'docker.sock')}`)
    .option('--node-memory <size>', 'memory for all containers and their files', '1G')
    .addHelpText('after', epilogue(EXAMPLES, ''))
    .action(async (options: DaemonOptions) => {
      await serve(options, version);
    });
  for (const option of registryOptions()) command.addOption(option);
  return command;
}

async function serve(options: DaemonOptions, version: string): Promise<void> {
  const memory = parseSize(options.nodeMemory);
  if (memory === undefined || memory < 32 << 20)
    throw new InputError(`--node-memory ${options.nodeMemory}: is no size of 32M and more`, 'For example 2G.');
  const address = addressOf(options.host);
  await withImages(options, async ({ store, registryFor, ...own }) => {
    const name = hostname();
    const storage = dataFolder(options);
    const { node, stop } = startNode({ memory, storage, hostname: name }, (error) => {
      process.stderr.write(`tabvisor: ${error.message}\n`);
      process.exitCode = 125;
      server.close();
      server.closeAllConnections();
    });
    const host = engineHost();
    const events = new Events(() => host.date());
    const images = new Images(store, (credentials) => (credentials ? registryFor(credentials) : own), events);
    const engine = new Engine(node, images, events, host, name);
    const bug = (error: unknown): void =>
      void process.stderr.write(`tabvisor: this is a bug: ${error instanceof Error ? error.stack : String(error)}\n`);
    const api = engineApi(engine, { version, root: storage }, bug);
    const server = httpServer('path' in address ? api : localOnly(api), bug);
    try {
      await listen(server, address);
      process.stderr.write(`tabvisor: listening on ${options.host}\n`);
      await closed(server);
    } finally {
      if ('path' in address) rmSync(address.path, { force: true });
      await stop();
    }
  });
}

type Address = { path: string } | { host: string; port: number };

/** Throws InputError. */
function addressOf(text: string): Address {
  const advice = 'As unix:///tmp/tabvisor.sock or tcp://127.0.0.1:2375.';
  if (text.startsWith('unix://') && text.length > 'unix://'.length) return { path: text.slice('unix://'.length) };
  const tcp = /^tcp:\/\/(127\.0\.0\.1|localhost|\[::1\]):(\d{1,5})$/.exec(text);
  if (!tcp) throw new InputError(`--host ${text}: is neither a unix socket nor an address of loopback`, advice);
  return { host: tcp[1]!.replace(/[[\]]/g, ''), port: Number(tcp[2]) };
}

/** A socket that nobody listens on is what a daemon left that was killed. */
async function listen(server: Server, address: Address): Promise<void> {
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

/** Until a signal ends it. */
function closed(server: ReturnType<typeof httpServer>): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      server.close();
      server.closeAllConnections();
      resolve();
    };
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, end);
    server.once('close', resolve);
  });
}

function engineHost(): EngineHost {
  const host = new NodeHost();
  const origin = Date.now() - performance.now();
  return {
    // finer than a millisecond, and never behind what it was
    date: () => origin + performance.now(),
    random: (into) => host.random(into),
    after(milliseconds, action) {
      const timer = setTimeout(action, Math.min(LONGEST, milliseconds));
      return () => clearTimeout(timer);
    },
  };
}
