// An engine in this process on the folder that another one left, as the daemon opens it, with a node in this thread: it costs a tenth of a
// process's start. What it is asked goes to the Engine API's handler.
import { vi } from 'vitest';
import { withEngine } from '../../src/cli/own-engine.js';
import { nodeFiles } from '../../src/cli/node-files.js';
import type { NodeThread } from '../../src/cli/node-thread.js';
import type { NodeWorkerData } from '../../src/cli/node-worker.js';
import { NodeHost } from '../../src/hosts/node/host.js';
import { type ByteWriter, type Handler, isUpgrade, parseTarget } from '../../src/http/message.js';
import { createNode } from '../../src/kernel/node.js';
import { localChannel } from '../../src/node/local-channel.js';
import { NodeServer } from '../../src/node/server.js';
import { NodeClient } from '../../src/runtime/node-client.js';
import { CORE } from '../kernel/node-fixture.js';
import { bodyOf } from './daemon-fixture.js';

/** Whatever is asked as the Engine API says: a daemon, or an engine. */
export interface Api {
  call(method: string, path: string, body?: unknown): Promise<{ status: number; body: string }>;
}

/** Does something with the engine of a folder. What the daemon would have complained of. */
export async function engineHere(data: string, work: (api: Api) => Promise<void>): Promise<string> {
  let complaints = '';
  const stderr = vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    complaints += text;
    return true;
  });
  const lost = (error: Error): void => {
    complaints += error.message;
  };
  try {
    await withEngine(
      { data, nodeMemory: '64M' },
      'test',
      lost,
      async ({ api, engine, start }) => {
        start();
        engine.resume();
        await work({ call: (...asked) => ask(api, ...asked) });
      },
      0,
      nodeHere,
    );
  } finally {
    stderr.mockRestore();
  }
  return complaints;
}

function nodeHere({ memory, storage, hostname }: NodeWorkerData): NodeThread {
  const host = new NodeHost();
  const random = (into: Uint8Array): void => host.random(into);
  const { kernel } = createNode({ core: CORE, memory, translate: 'at once', clock: host, random, hostname });
  const { engine, node } = localChannel();
  const server = new NodeServer(kernel, host, { files: nodeFiles(storage) }, node);
  const running = server.run();
  return {
    node: new NodeClient(engine),
    start() {},
    stop() {
      server.close();
      return running;
    },
  };
}

async function ask(
  api: Handler,
  method: string,
  target: string,
  given?: unknown,
): Promise<{ status: number; body: string }> {
  // as a socket does: who asks again and again lets others do what they have to
  await new Promise((resolve) => setImmediate(resolve));
  const { bytes, type } = bodyOf(given);
  const reply = await api({
    ...{ method, ...parseTarget(target) },
    headers: new Map([['content-type', type]]),
    body: (async function* () {
      if (bytes.length > 0) yield bytes;
    })(),
  });
  if (isUpgrade(reply)) throw new Error(`${target}: leaves HTTP`);
  const { status, body = '' } = reply;
  if (typeof body !== 'function') return { status, body: Buffer.from(body).toString() };
  const pieces: Uint8Array[] = [];
  const out: ByteWriter = {
    closed: false,
    onClose() {},
    async write(bytes) {
      pieces.push(bytes.slice());
      return true;
    },
  };
  await body(out);
  return { status, body: Buffer.concat(pieces).toString() };
}
