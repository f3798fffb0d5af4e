// Which engine a command speaks to: the one that is named; who has the data folder; a daemon that is started for it; or this process.
import { spawn } from 'node:child_process';
import { openSync, readFileSync } from 'node:fs';
import type { Server } from 'node:http';
import { connect as dial } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { InputError } from '../../../base/errors.js';
import type { Engine } from '../../../engine/engine.js';
import { adviceToWrite } from '../../../hosts/node/file-advice.js';
import { reason } from '../../../hosts/node/files.js';
import { makeFolders } from '../../../hosts/node/make-folders.js';
import { dataFolder } from '../../data-folder.js';
import { announce, announced } from '../../engine-address.js';
import type { EngineOptions } from '../../own-engine.js';
import { ApiClient } from '../api-client.js';
import type { Channel } from '../channel.js';
import type { Need } from '../command.js';
import { Complaint } from '../complaint.js';
import { memoryChannel } from '../memory-channel.js';
import { endsFirst } from './leaving.js';
import { socketChannel, type TlsFiles } from './socket-channel.js';

export interface Place {
  /** Of --host, or of DOCKER_HOST. */
  host?: string;
  tls?: TlsFiles;
  version: string;
  options: EngineOptions;
}

/** Milliseconds that a command waits for another one's end. */
const PATIENCE = 10_000;
const PAUSE = 50;
const SIGKILL = 9;

const say = (line: string): void => void process.stderr.write(`tabvisor: ${line}\n`);

/** Rejects with Complaint. */
export async function connect(place: Place, need: Need): Promise<ApiClient> {
  const { host, tls, options } = place;
  if (host !== undefined) return new ApiClient(await socketChannel(host, tls));
  const folder = dataFolder(options);
  const until = Date.now() + PATIENCE;
  let started = false;
  for (;;) {
    const address = announced(folder);
    if (address?.endsWith(' (TLS)'))
      throw new Complaint(
        `${folder}: its daemon listens on ${address}: give --host and --tlsverify with your certificate`,
      );
    if (address !== undefined && (await listens(address))) return new ApiClient(await socketChannel(address));
    if (need === 'listening') throw new Complaint(`${folder}: no engine listens`);
    if (need === 'background' && !started) {
      started = true;
      await startDaemon(place, folder);
      continue;
    }
    try {
      return new ApiClient(await ownChannel(place, need === 'serving', folder));
    } catch (error) {
      const { FolderInUse } = await import('../../../hosts/node/folder-lock.js');
      if (!(error instanceof FolderInUse) || Date.now() > until) throw error;
      await delay(PAUSE);
    }
  }
}

const listens = (host: string): Promise<boolean> =>
  new Promise((resolve) => {
    const tcp = /^tcp:\/\/\[?([^\]]+?)\]?:(\d+)$/.exec(host);
    const socket = tcp ? dial({ host: tcp[1]!, port: Number(tcp[2]) }) : dial({ path: host.replace(/^unix:\/\//, '') });
    socket.on('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });

/** Where a daemon's messages go. Throws InputError. */
function opened(folder: string, log: string): number {
  try {
    makeFolders(folder, 0o700);
    return openSync(log, 'w', 0o600);
  } catch (error) {
    throw new InputError(`${folder}: ${reason(error)}`, adviceToWrite(folder, error), { cause: error });
  }
}

/** One that stays when we end. */
async function startDaemon({ options }: Place, folder: string): Promise<void> {
  const log = join(folder, 'daemon.log');
  const file = opened(folder, log);
  const args = ['daemon', '--data', folder, '--node-memory', options.nodeMemory];
  for (const host of options.insecureRegistry ?? []) args.push('--insecure-registry', host);
  for (const url of options.registryMirror ?? []) args.push('--registry-mirror', url);
  const child = spawn(process.execPath, [process.argv[1]!, ...args], {
    detached: true,
    stdio: ['ignore', file, file, 'ipc'],
  });
  const ready = await new Promise<boolean>((resolve) => {
    child.once('message', () => resolve(true));
    child.once('exit', () => resolve(false));
    child.once('error', () => resolve(false));
  });
  if (ready) {
    say(
      `no daemon listened: process ${child.pid} is one now, on ${announced(folder) ?? folder}; its messages are in ${log}`,
    );
    child.disconnect();
    child.unref();
    return;
  }
  // another one may have been faster
  if (announced(folder) === undefined)
    throw new Complaint(`tabvisor daemon did not start: ${readFileSync(log, 'utf8').trim() || `see ${log}`}`);
}

/** This process has the engine for as long as the channel is open. */
async function ownChannel({ version, options }: Place, serves: boolean, folder: string): Promise<Channel> {
  const { withEngine } = await import('../../own-engine.js');
  return new Promise((resolve, reject) => {
    let fail = (error: Error): void => reject(error);
    const ended = withEngine(
      options,
      version,
      (error) => fail(error),
      async ({ api, engine, bug }) => {
        const guests = serves ? await serve(folder, api, bug).catch(() => undefined) : undefined;
        const conceal = guests && announce(folder, guests.host);
        await new Promise<void>((close) => {
          fail = (error) => {
            say(error.message);
            process.exitCode = 125;
            close();
          };
          const channel = memoryChannel(api, bug, async () => {
            conceal?.();
            await othersEnd(engine);
            close();
            await ended.catch(() => {});
          });
          endsFirst(async () => {
            conceal?.();
            const running = [...engine.containers.values()].filter((container) => container.running);
            await Promise.all(running.map((one) => one.kill(SIGKILL).catch(() => {})));
            close();
            channel.leave();
            await ended.catch(() => {});
          });
          resolve(channel);
        });
        guests?.server.close();
        guests?.server.closeAllConnections();
      },
      0,
    );
    ended.catch(reject);
  });
}

/** Others find it by the address in the folder. */
async function serve(
  folder: string,
  api: Parameters<typeof memoryChannel>[0],
  bug: (error: unknown) => void,
): Promise<{ server: Server; host: string }> {
  const { httpServer } = await import('../../../hosts/node/http-server.js');
  const { listenOn } = await import('../../listen.js');
  const server = httpServer(api, bug);
  const path = join(folder, 'docker.sock');
  await listenOn(server, { path });
  return { server, host: `unix://${path}` };
}

/** Containers that other commands have started here would end with us. */
async function othersEnd({ containers }: Engine): Promise<void> {
  for (let told = false; ; told = true) {
    const running = [...containers.values()].filter((container) => container.running);
    if (running.length === 0) return;
    if (!told)
      say(`${running.length} containers of other commands run in this process: it goes on until they have ended`);
    await Promise.all(
      running.map((one) => new Promise<void>((resolve) => void one.wait('not-running', () => resolve()))),
    );
  }
}
