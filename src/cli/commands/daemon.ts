// `tabvisor daemon`: the engine behind Docker's Engine API, on a unix socket or on loopback.
import { readFileSync, rmSync } from 'node:fs';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { Command } from 'commander';
import { InputError } from '../../base/errors.js';
import type { Engine } from '../../engine/engine.js';
import { localOnly } from '../../http/local-only.js';
import { reason } from '../../hosts/node/files.js';
import { httpServer, type ServerTls } from '../../hosts/node/http-server.js';
import { epilogue, type Example } from '../help.js';
import { dataFolder } from '../data-folder.js';
import { announce, announced } from '../engine-address.js';
import { collect, registryOptions } from '../images.js';
import { type Address, listenOn } from '../listen.js';
import { type EngineOptions, withEngine } from '../own-engine.js';

const EXAMPLES: readonly Example[] = [
  {
    command: 'tabvisor daemon --host unix:///tmp/tabvisor.sock',
    what: 'then, in another shell: export DOCKER_HOST=unix:///tmp/tabvisor.sock; docker ps',
  },
  {
    command:
      'tabvisor daemon --host tcp://0.0.0.0:2376 --tlsverify --tlscacert ca.pem --tlscert cert.pem --tlskey key.pem',
    what: 'for other machines, whose certificates ca.pem vouches for',
  },
];
interface DaemonOptions extends EngineOptions {
  host?: string;
  tlsverify?: boolean;
  tlscacert?: string;
  tlscert?: string;
  tlskey?: string;
}

export function daemonCommand(version: string): Command {
  const command = new Command('daemon')
    .description("a container engine for docker's client: its Engine API on a socket")
    .option('--host <address>', 'unix://PATH, or tcp://127.0.0.1:PORT (default: docker.sock in the data folder)')
    .option('--tlsverify', 'speak with TLS on the port, to those alone whose certificate --tlscacert vouches for')
    .option('--tlscacert <file>', 'who vouches for clients')
    .option('--tlscert <file>', "the daemon's certificate")
    .option('--tlskey <file>', "the certificate's key")
    .option('--node-memory <size>', 'memory for all containers and their files', '1G')
    .option(
      '--net-allow <address>',
      "what of the host's own and private networks containers reach besides what is public: ADDRESS[/BITS][:PORT], 127.0.0.1 as host-gateway; repeatable",
      collect,
    )
    .option('--userns-remap <map>', "containers' ids UID from HOST on: UID:HOST:COUNT, or default: 0:100000:65536")
    .option('-D, --debug', 'GET /debug/vars tells how many objects of each class there are')
    .addHelpText('after', epilogue(EXAMPLES, ''))
    .action(async (options: DaemonOptions) => {
      await serve(options, version);
    });
  for (const option of registryOptions()) command.addOption(option);
  return command;
}

async function serve(options: DaemonOptions, version: string): Promise<void> {
  const host = options.host ?? `unix://${join(dataFolder(options), 'docker.sock')}`;
  const tls = tlsOf(options);
  const address = addressOf(host, tls !== undefined);
  let server: Server | undefined;
  const lost = (error: Error): void => {
    process.stderr.write(`tabvisor: ${error.message}\n`);
    process.exitCode = 125;
    server?.close();
    server?.closeAllConnections();
  };
  // one that listens does not end soon
  const patience = announced(dataFolder(options)) === undefined ? undefined : 0;
  await withEngine(
    options,
    version,
    lost,
    async ({ api, engine, start, bug }) => {
      const own = httpServer('path' in address || tls ? api : localOnly(api), bug, { tls });
      server = own;
      let conceal = (): void => {};
      try {
        await listenOn(own, address);
        const listens = 'path' in address ? host : host.replace(/\d+$/, String((own.address() as AddressInfo).port));
        conceal = announce(dataFolder(options), tls ? `${listens} (TLS)` : listens);
        process.stderr.write(`tabvisor: listening on ${listens}\n`);
        // who has started us in the background waits for it
        process.send?.('listening');
        start();
        engine.resume();
        await closed(own, engine);
      } finally {
        conceal();
        if ('path' in address) rmSync(address.path, { force: true });
      }
    },
    patience,
  );
}

/** Throws InputError. */
function addressOf(text: string, tls: boolean): Address {
  const advice = 'As unix:///tmp/tabvisor.sock or tcp://127.0.0.1:2375.';
  if (text.startsWith('unix://') && text.length > 'unix://'.length) {
    if (tls) throw new InputError(`--host ${text}: a unix socket has no TLS`, 'Give tcp://ADDRESS:PORT.');
    return { path: text.slice('unix://'.length) };
  }
  const tcp = /^tcp:\/\/(\[[0-9a-f:]+\]|[\w.-]+):(\d{1,5})$/i.exec(text);
  if (!tcp || Number(tcp[2]) > 65535)
    throw new InputError(`--host ${text}: is neither a unix socket nor an address`, advice);
  const host = tcp[1]!.replace(/[[\]]/g, '');
  if (!tls && !['127.0.0.1', 'localhost', '::1'].includes(host))
    throw new InputError(
      `--host ${text}: without TLS only loopback is listened on`,
      'Give --tlsverify, --tlscacert, --tlscert and --tlskey: whoever reaches the port is master of the engine.',
    );
  return { host, port: Number(tcp[2]) };
}

/** Undefined: without. Throws InputError. */
function tlsOf({ tlsverify, tlscacert, tlscert, tlskey }: DaemonOptions): ServerTls | undefined {
  if (!tlsverify && tlscacert === undefined && tlscert === undefined && tlskey === undefined) return undefined;
  if (!tlsverify || tlscacert === undefined || tlscert === undefined || tlskey === undefined)
    throw new InputError('TLS needs all of --tlsverify, --tlscacert, --tlscert and --tlskey');
  const read = (path: string): Buffer => {
    try {
      return readFileSync(path);
    } catch (error) {
      throw new InputError(`${path}: ${reason(error)}`, undefined, { cause: error });
    }
  };
  return { ca: read(tlscacert), cert: read(tlscert), key: read(tlskey) };
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
