// A client's folder as it is received: in fsutil's packets, and in those that no client should send. tonistiigi/fsutil, send.go.
import { expect, test } from 'vitest';
import { memoryStore } from '../../test/images.js';
import { MemoryStorage } from '../../test/memory-storage.js';
import type { LayerNode } from '../base/layer-index.js';
import { decode, type Draft, encode } from '../base/protobuf.js';
import { encodeText } from '../base/text.js';
import { frame, messagesIn } from '../http/grpc.js';
import type { Headers, Http2Client } from '../http/http2.js';
import { receive, type Wanted } from './file-sync.js';
import { PACKET, PACKET_DATA, PACKET_END, PACKET_ERROR, PACKET_REQUEST, PACKET_STAT } from './messages.js';

type Packet = Draft<typeof PACKET>;
const GO_DIRECTORY = 2 ** 31;
const GO_LINK = 2 ** 27;

/** A client that sends what there is, then what is asked for; `wicked`: packets instead of the first file's bytes. */
function clientOf(stats: Packet['stat'][], files: Record<number, string>, wicked?: Packet[]) {
  const asked: Headers[] = [];
  const packets: Packet[] = [...stats.map((stat) => ({ type: PACKET_STAT, stat })), { type: PACKET_STAT }];
  let wake = (): void => {};
  let ended = false;
  async function* incoming(): AsyncGenerator<Uint8Array> {
    for (;;) {
      const next = packets.shift();
      if (next) yield frame(encode(PACKET, next));
      else if (ended) return;
      else
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
    }
  }
  const client: Http2Client = {
    ...{ closed: false, onClose: () => {}, close: () => {} },
    request: (_path, headers) => {
      asked.push(headers);
      return {
        ...{ incoming: incoming(), closed: false, onClose: () => {}, end: () => {} },
        trailers: new Map([['grpc-status', '0']]),
        cancel: () => {
          ended = true;
          wake();
        },
        async write(bytes) {
          for await (const message of messagesIn([bytes] as unknown as AsyncIterable<Uint8Array>)) {
            const { type, id } = decode(PACKET, message);
            if (type === PACKET_REQUEST && wicked) packets.push(...wicked.splice(0));
            else if (type === PACKET_REQUEST) {
              for (const letter of files[id] ?? '') packets.push({ type: PACKET_DATA, id, data: encodeText(letter) });
              packets.push({ type: PACKET_DATA, id });
            } else if (type === PACKET_END) {
              packets.push({ type: PACKET_END });
              ended = true;
            }
          }
          wake();
          return true;
        },
      };
    },
  };
  return { client, asked };
}

const storage = new MemoryStorage();
const store = await memoryStore(storage);
const take = (client: Http2Client, wanted: Wanted = { folder: 'context' }) => receive(client, store, wanted, () => {});
const shown = (node: LayerNode, path = ''): string[] =>
  [...node.children!].flatMap(([name, child]) => [
    `${path}/${name} ${child.mode.toString(8)}${child.target === undefined ? '' : ` ${child.target}`}`,
    ...(child.children ? shown(child, `${path}/${name}`) : []),
  ]);

test('folders, files, links and their bytes', async () => {
  const { client, asked } = clientOf(
    [
      { path: 'a', mode: 0o644, size: 3, modified: 5_000_000_007 },
      { path: 'd', mode: GO_DIRECTORY + 0o755 },
      { path: 'd/b', mode: 2 ** 23 + 0o755, size: 2 },
      { path: 'd/hard', mode: 0o644, link: 'a' },
      { path: 'd/link', mode: GO_LINK + 0o777, link: '../../etc' },
      { path: 'empty', mode: 0o600 },
    ],
    { 0: 'one', 2: 'xy' },
  );
  const wanted = { folder: 'context', follow: ['ä b'], exclude: ['x', '!y'] };
  const { files, release } = await take(client, wanted);
  const { root } = files.layer.index!;
  expect(shown(root)).toEqual([
    ...['/a 100644', '/d 40755', '/d/b 104755', '/d/hard 100644', '/d/link 120777 ../../etc', '/empty 100600'],
  ]);
  const a = root.children!.get('a')!;
  expect([a.seconds, a.nanoseconds, a.size, a.links]).toEqual([5, 7, 3, 2]);
  const bytes = new Uint8Array(3);
  await files.tree.read(a, 0, bytes);
  expect(new TextDecoder().decode(bytes)).toBe('one');
  expect(asked[0]).toMatchObject({
    'dir-name': ['context'],
    'followpaths-encoded': '1',
    'exclude-patterns': ['x', '!y'],
  });
  await release();
  expect([...(await storage.list('partial'))]).toEqual([]);
});

test.each<[string, Packet['stat'][]]>([
  ['a name above it', [{ path: '../x', mode: 0o644 }]],
  ['a name within that leads up', [{ path: 'a/../../x', mode: 0o644 }]],
  ['a name from the root', [{ path: '/etc/passwd', mode: 0o644 }]],
  ['no name', [{ path: '', mode: 0o644 }]],
  [
    'a file below a file',
    [
      { path: 'a', mode: 0o644 },
      { path: 'a/b', mode: 0o644 },
    ],
  ],
  [
    'a file below a link',
    [
      { path: 'l', mode: GO_LINK, link: '/' },
      { path: 'l/b', mode: 0o644 },
    ],
  ],
  [
    'a name twice',
    [
      { path: 'a', mode: 0o644 },
      { path: 'a', mode: 0o644 },
    ],
  ],
  ['a hard link to nothing', [{ path: 'a', mode: 0o644, link: '../x' }]],
  ['a directory that was not there', [{ path: 'd/x', mode: 0o644 }]],
])('%s is refused, and nothing is left', async (_what, stats) => {
  await expect(take(clientOf(stats, {}).client)).rejects.toThrow(/context: '/);
  expect([...(await storage.list('partial'))]).toEqual([]);
});

test.each<[string, Packet[], RegExp]>([
  ['bytes of a file that nobody asked for', [{ type: PACKET_DATA, id: 7, data: encodeText('x') }], /nobody has asked/],
  ['an end before all is there', [{ type: PACKET_END }], /not sent all/],
  ['a name behind the last', [{ type: PACKET_STAT, stat: { path: 'z', mode: 0o644 } }], /not expected/],
  ['a request', [{ type: PACKET_REQUEST }], /not expected/],
  ['an error', [{ type: PACKET_ERROR, data: encodeText('gone') }], /context: gone/],
])('%s is refused', async (_what, wicked, why) => {
  const { client } = clientOf([{ path: 'a', mode: 0o644, size: 1 }], { 0: 'x' }, [...wicked, { type: PACKET_END }]);
  await expect(take(client)).rejects.toThrow(why);
});
