// The container engine in a worker: images in the origin's private files, Docker's Engine API over messages, a node in a worker of its own.
// Ours; the browser's counterpart of `tabvisor daemon`. Web Locks: one tab at a time has the files.
import { engineApi } from '../../src/api/api.js';
import { Engine } from '../../src/engine/engine.js';
import { Events } from '../../src/engine/events.js';
import type { EngineHost } from '../../src/engine/host.js';
import { Images } from '../../src/engine/images.js';
import { InputError, messageOf } from '../../src/base/errors.js';
import { BrowserHost } from '../../src/hosts/browser/host.js';
import { fileStream } from '../../src/hosts/browser/files.js';
import { FetchClient } from '../../src/hosts/browser/http-client.js';
import { PrivateStorage } from '../../src/hosts/browser/private-storage.js';
import { browserStreams } from '../../src/hosts/browser/stream-codecs.js';
import type { FromServer, ToServer } from '../../src/http/carried.js';
import { serveCarried } from '../../src/http/carried-server.js';
import type { FromNode, Layer, ToNode } from '../../src/node/contract.js';
import { RegistryClient } from '../../src/oci/registry/client.js';
import { Puller } from '../../src/oci/registry/pull.js';
import { Pusher } from '../../src/oci/registry/push.js';
import { openStore } from '../../src/oci/store/store.js';
import { NodeClient } from '../../src/runtime/node-client.js';
import {
  type EngineStart,
  FOLDER,
  type GivenLayer,
  type FromEngine,
  LOCK,
  type NodeStart,
  type ToEngine,
} from '../containers/contract.js';
import type { Dial } from '../ports/wire.js';

const scope = self as unknown as DedicatedWorkerGlobalScope;
const send = (message: FromEngine): void => scope.postMessage(message);
const LONGEST = 2 ** 31 - 1;
/** Milliseconds. */
const PATIENCE = 3000;
/** What programs write is on its way to the browser's files within seconds; so often is asked whether it has got there. */
const SYNC = 30_000;

const loop = new BrowserHost();
const host: EngineHost = {
  turn: () => loop.turn(),
  date: () => performance.timeOrigin + performance.now(),
  random: (into) => void crypto.getRandomValues(into as Uint8Array<ArrayBuffer>),
  after(milliseconds, action) {
    const timer = setTimeout(action, Math.min(LONGEST, milliseconds));
    return () => clearTimeout(timer);
  },
};

const nameOf = (blob: object): string => ('name' in blob ? String(blob.name) : 'the archive');

const unkept = (why: string): string =>
  /ENOSPC/.test(why)
    ? 'The browser gives this page no more room: what containers write from now on is in memory, and gone with the page. Remove images, containers or volumes that are not needed.'
    : why;

const bug = (error: unknown): void => console.error('this is a bug of tabvisor:', error);

/** Sends calls in their order, and ahead of those that name layers what these hold. */
function carrying(worker: Worker, layers: PrivateStorage): (message: ToNode) => void {
  const given = new Set<string>();
  let order = Promise.resolve();
  const carry = async (message: ToNode): Promise<void> => {
    const named = 'call' in message && message.name === 'addRoot' ? (message.argument as { layers?: Layer[] }) : {};
    for (const { blob } of named.layers ?? []) {
      const file = given.has(blob) ? undefined : await layers.file(blob).catch(() => undefined);
      if (file) worker.postMessage({ given: blob, file } satisfies GivenLayer);
      given.add(blob);
    }
    worker.postMessage(message);
  };
  return (message) => {
    order = order.then(() => carry(message)).catch(bug);
  };
}

/** `layers`: where they are, when the node has no files of its own. */
function startNode(
  start: NodeStart,
  layers: PrivateStorage | undefined,
): { node: NodeClient; dial: (asked: Dial, channel: MessagePort) => void } {
  const worker = new Worker(new URL('./node-worker.ts', import.meta.url), { type: 'module' });
  const node = new NodeClient({
    send: layers ? carrying(worker, layers) : (message) => worker.postMessage(message),
    onMessage(receive) {
      worker.onmessage = ({ data }: MessageEvent<FromNode>) => receive(data);
    },
  });
  worker.onerror = (event) => {
    event.preventDefault();
    const why = event.message || "the node's worker could not be loaded";
    node.lost(new Error(why));
    const noMemory = /memory/i.test(why);
    send({
      failed: noMemory ? `The browser does not give this tab ${start.memory >> 20} MiB.` : why,
      advice: noMemory ? 'Take less memory, or close other tabs.' : 'This is a bug of tabvisor. Reload the page.',
    });
  };
  worker.postMessage(start);
  return { node, dial: (asked, channel) => worker.postMessage(asked, [channel]) };
}

async function run({ core, memory, version, forgets }: EngineStart): Promise<void> {
  const storage = forgets ? PrivateStorage.inMemory() : await PrivateStorage.open(FOLDER);
  const store = await openStore(storage, browserStreams, () => Date.now());
  const http = new FetchClient();
  const wait = (milliseconds: number) => new Promise<void>((resolve) => void setTimeout(resolve, milliseconds));
  const events = new Events(() => host.date());
  const images = new Images(
    store,
    (credentials) => {
      const of = credentials ?? (async () => undefined);
      const client = new RegistryClient(
        { http, credentials: of, now: () => Date.now(), wait },
        { mirrors: new Map(), insecure: new Set() },
      );
      return { puller: new Puller(store, client), pusher: new Pusher(store, client) };
    },
    events,
  );
  const anew = store.images.ids.length === 0;
  const { node, dial } = startNode(
    { core, memory, ...(!forgets && { folder: FOLDER }) },
    forgets ? storage : undefined,
  );
  const sync = (): void => void node.call('sync').catch((error) => send({ complaint: unkept(messageOf(error)) }));
  setInterval(sync, SYNC);
  const engine = new Engine(node, images, events, host, 'tab', (complaint) => send({ complaint }));
  await engine.open();
  const api = engineApi(engine, { version, root: FOLDER }, bug);
  const port = {
    send: (message: FromServer) => send(message),
    onMessage(receive: (message: ToServer) => void) {
      scope.onmessage = ({ data, ports: [channel] }: MessageEvent<ToEngine>) => {
        if ('sync' in data) sync();
        else if ('dial' in data) dial(data, channel!);
        else if (!('start' in data)) receive(data);
      };
    },
  };
  serveCarried(port, api, (blob) => fileStream(nameOf(blob), blob as Blob), bug);
  await node.call('info');
  engine.resume();
  send({ ready: true, anew });
}

/** Runs as long as this worker is there. */
async function hold(start: EngineStart): Promise<never> {
  await run(start);
  return new Promise(() => {});
}

function ended(error: unknown): void {
  if (!(error instanceof InputError)) bug(error);
  const advice = error instanceof InputError ? error.advice : 'This is a bug of tabvisor.';
  send({ failed: messageOf(error), ...(advice !== undefined && { advice }) });
}

scope.onmessage = ({ data }: MessageEvent<ToEngine>) => {
  if (!('start' in data)) return;
  const { start } = data;
  // what nobody keeps is nobody else's
  if (start.forgets) return void hold(start).catch(ended);
  // the page that was here before a reload may take a moment to go
  const waits = setTimeout(() => send({ held: true }), PATIENCE);
  const begin = (): Promise<never> => {
    clearTimeout(waits);
    return hold(start);
  };
  navigator.locks.request(LOCK, begin).catch(ended);
};
