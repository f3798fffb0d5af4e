// `tabvisor daemon`: the engine behind Docker's Engine API, on a unix socket or on loopback.
import { rmSync } from 'node:fs';
import type { Server } from 'node:http';
import { join } from 'node:path';
import { Command } from 'commander';
import { InputError } from '../../base/errors.js';
import type { Engine } from '../../engine/engine.js';
import { localOnly } from '../../http/local-only.js';
import { httpServer } from '../../hosts/node/http-server.js';
import { epilogue, type Example } from '../help.js';
import { dataFolder } from '../data-folder.js';
import { announce } from '../engine-address.js';
import { registryOptions } from '../images.js';
import { type Address, listenOn } from '../listen.js';
import { type EngineOptions, withEngine } from '../own-engine.js';

const EXAMPLES: readonly Example[] = [
  {
    command: 'tabvisor daemon --host unix:///tmp/tabvisor.sock',
    what: 'then, in another shell: export DOCKER_HOST=unix:///tmp/tabvisor.sock; docker ps',
  },
];
interface DaemonOptions extends EngineOptions {
  host?: string;
}

export function daemonCommand(version: string): Command {
  const command = new Command('daemon')
    .description("a container engine for docker's client: its Engine API on a socket")
    .option('--host <address>', 'unix://PATH, or tcp://127.0.0.1:PORT (default: docker.sock in the data folder)')
    .option('--node-memory <size>', 'memory for all containers and their files', '1G')
    .addHelpText('after', epilogue(EXAMPLES, ''))
    .action(async (options: DaemonOptions) => {
      await serve(options, version);
    });
  for (const option of registryOptions()) command.addOption(option);
  return command;
}

async function serve(options: DaemonOptions, version: string): Promise<void> {
  const host = options.host ?? `unix://${join(dataFolder(options), 'docker.sock')}`;
  const address = addressOf(host);
  let server: Server | undefined;
  const lost = (error: Error): void => {
    process.stderr.write(`tabvisor: ${error.message}\n`);
    process.exitCode = 125;
    server?.close();
    server?.closeAllConnections();
  };
  await withEngine(options, version, lost, async ({ api, engine, start, bug }) => {
    const own = httpServer('path' in address ? api : localOnly(api), bug);
    server = own;
    let conceal = (): void => {};
    try {
      await listenOn(own, address);
      conceal = announce(dataFolder(options), host);
      process.stderr.write(`tabvisor: listening on ${host}\n`);
      // who has started us in the background waits for it
      process.send?.('listening');
      start();
      engine.resume();
      await closed(own, engine);
    } finally {
      conceal();
      if ('path' in address) rmSync(address.path, { force: true });
    }
  });
}

/** Throws InputError. */
function addressOf(text: string): Address {
  const advice = 'As unix:///tmp/tabvisor.sock or tcp://127.0.0.1:2375.';
  if (text.startsWith('unix://') && text.length > 'unix://'.length) return { path: text.slice('unix://'.length) };
  const tcp = /^tcp:\/\/(127\.0\.0\.1|localhost|\[::1\]):(\d{1,5})$/.exec(text);
  if (!tcp) throw new InputError(`--host ${text}: is neither a unix socket nor an address of loopback`, advice);
  return { host: tcp[1]!.replace(/[[\]]/g, ''), port: Number(tcp[2]) };
}

/** Until a signal ends it, and all containers with it; a second one has them killed. */
async function closed(server: ReturnType<typeof httpServer>, engine: Engine): Promise<void> {
  let more = (): void => {};
  const hurry = new Promise<void>((resolve) => {
    more = resolve;
  });
  const asked = new Promise<boolean>((resolve) => {
    let first = true;
    for (const signal of ['SIGINT', 'SIGTERM'] as const)
      process.on(signal, () => {
        if (!first) more();
        first = false;
        resolve(true);
      });
    server.once('close', () => resolve(false));
  });
  // nothing of ours is read anew
  process.on('SIGHUP', () => engine.events.tell('daemon', 'reload', engine.name, { name: engine.name }));
  if (!(await asked)) return;
  server.close();
  await engine.close(hurry);
  server.closeAllConnections();
}
