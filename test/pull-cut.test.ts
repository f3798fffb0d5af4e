// A pull over HTTP whose connections are cut at any byte, of headers and bodies alike: it goes on by itself or fails with a word, and then the
// next one does; what came of a layer is not asked for again, and nothing is left beside the image.
// RFC 9110 14.2 (Range), RFC 9112 8 (incomplete messages). Each seventh byte, and each with TABVISOR_EVERY_STATE=1.
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { InputError } from '../src/base/errors.js';
import { FolderStorage } from '../src/hosts/node/folder-storage.js';
import { NodeHttpClient } from '../src/hosts/node/http-client.js';
import { nodeStreams } from '../src/hosts/node/stream-codecs.js';
import { parseReference } from '../src/oci/reference.js';
import { RegistryClient } from '../src/oci/registry/client.js';
import { Puller } from '../src/oci/registry/pull.js';
import { openStore, PARTIAL, type Store } from '../src/oci/store/store.js';
import { HttpRegistry } from './http-registry.js';
import { imageOf } from './images.js';
import { scratch } from './scratch.js';

const IMAGE = imageOf([[{ name: 'etc/motd', data: 'hello' }]], { Cmd: ['sh'] });

/** Bytes from one cut to the next. */
const STEP = process.env.TABVISOR_EVERY_STATE === '1' ? 1 : 7;

/** A way to the registry whose first connection that comes so far is cut behind so many bytes of answers. */
class CuttingWay {
  /** Bytes that may come yet; undefined: all. */
  left?: number;
  passed = 0;
  private readonly open = new Set<Socket>();
  private readonly server: Server;

  constructor(port: number) {
    this.server = createServer((client) => {
      const registry = connect(port, '127.0.0.1');
      const end = (): void => {
        for (const one of [client, registry]) {
          one.destroy();
          this.open.delete(one);
        }
      };
      for (const one of [client, registry]) {
        this.open.add(one);
        one.on('error', end).on('close', end);
      }
      client.pipe(registry);
      registry.on('data', (bytes: Buffer) => {
        this.passed += bytes.length;
        const { left } = this;
        if (left === undefined || bytes.length <= left) {
          client.write(bytes);
          if (left !== undefined) this.left = left - bytes.length;
          return;
        }
        this.left = undefined;
        client.write(bytes.subarray(0, left), end);
      });
    });
  }

  async listen(): Promise<string> {
    this.server.listen(0, '127.0.0.1');
    await once(this.server, 'listening');
    return `127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  close(): void {
    for (const one of this.open) one.destroy();
    this.server.close();
  }
}

const http = new NodeHttpClient();
let registry: HttpRegistry;
let way: CuttingWay;
let host: string;
beforeAll(async () => {
  registry = await HttpRegistry.start();
  registry.registry.add('app', '1', IMAGE);
  way = new CuttingWay(Number(registry.host.split(':')[1]));
  host = await way.listen();
});
afterAll(async () => {
  http.close();
  way?.close();
  await registry?.stop();
});

const filesIn = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((one) => one.isFile())
    .map((one) => `${one.path.slice(folder.length + 1)}/${one.name}`)
    .filter((name) => name !== '/reserve')
    .sort();

async function pull(store: Store): Promise<void> {
  const client = new RegistryClient(
    {
      http,
      credentials: async () => undefined,
      mirrorCredentials: async () => undefined,
      now: () => 0,
      wait: async () => {},
    },
    { mirrors: new Map(), insecure: new Set([host]) },
  );
  await new Puller(store, client).pull(parseReference(`${host}/app:1`));
}

test('a pull is cut at any byte that comes, and goes on or leaves nothing', async () => {
  const folder = scratch();
  const store = await openStore(new FolderStorage(folder, PARTIAL), nodeStreams, () => 0);
  const layer = IMAGE.layers[0]!.descriptor;
  await pull(store);
  const whole = filesIn(folder);
  const all = way.passed;
  const gone = async (): Promise<void> => {
    await store.images.remove(`${host}/app:1`);
    await store.images.collect();
    expect(filesIn(folder)).toEqual(['/images.json']);
  };
  await gone();
  const resumed = new Set<string>();
  let failed = 0;
  for (let cut = 0; cut < all; cut += STEP) {
    way.left = cut;
    registry.headers.length = 0;
    try {
      await pull(store);
    } catch (error) {
      failed++;
      expect(error, `cut at ${cut}`).toBeInstanceOf(InputError);
      expect(store.images.ids, `cut at ${cut}`).toEqual([]);
      await pull(store);
    }
    for (const { range } of registry.headers) if (range !== undefined) resumed.add(range);
    expect(filesIn(folder), `cut at ${cut}`).toEqual(whole);
    await gone();
  }
  // what came of the layer is not asked for again: each byte behind which it was cut is the first of a request
  expect(resumed.size).toBeGreaterThanOrEqual(Math.floor((layer.size - 1) / STEP));
  expect(failed).toBeLessThan(all);
});
