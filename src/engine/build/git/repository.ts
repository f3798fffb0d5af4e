// A repository of git's as its server shows it: what a name means there, and the newest state of it, without its past.
// git-scm.com/docs/protocol-v2, protocol-common (pkt-line), http-protocol.
import { fromLatin1, joined } from '../../../base/bytes.js';
import { InputError } from '../../../base/errors.js';
import type { HttpClient } from '../../../base/http.js';
import { decodeText, encodeText } from '../../../base/text.js';
import { follow } from '../download.js';
import { type GitObject, objectsOf, PACK_MAX } from './pack.js';

const FLUSH = '0000';
const DELIMITER = '0001';
const REFS_MAX = 64 << 20;
const NAME = /^[0-9a-f]{40}$/;

export interface Snapshot {
  /** The commit that was meant. */
  commit: string;
  objects: ReadonlyMap<string, GitObject>;
}

/** `name`: a branch, a tag, a commit's whole name; '' for what the server shows first. Rejects with InputError. */
export async function fetchSnapshot(web: HttpClient, url: string, name: string): Promise<Snapshot> {
  const server = new Server(web, url.replace(/\/$/, ''));
  await server.greet();
  const commit = NAME.test(name) ? name : await server.find(name);
  return { commit, objects: objectsOf(await server.fetch(commit)) };
}

class Server {
  constructor(
    private readonly web: HttpClient,
    private url: string,
  ) {}

  private fail(why: string): InputError {
    return new InputError(`failed to fetch ${this.url}: ${why}`);
  }

  private async ask(path: string, body: Uint8Array | undefined, most: number): Promise<Uint8Array> {
    const headers = {
      ...{ 'user-agent': 'git/tabvisor', accept: '*/*', 'git-protocol': 'version=2' },
      ...(body && { 'content-type': 'application/x-git-upload-pack-request', 'content-length': String(body.length) }),
    };
    const address = `${this.url}${path}`;
    if (!body) {
      const { response, url } = await follow(this.web, address, headers);
      // a server may have another place for all of it
      if (url.endsWith(path)) this.url = url.slice(0, -path.length);
      return this.whole(response.body, most);
    }
    const response = await this.web.send({ method: 'POST', url: address, headers, body });
    if (response.status !== 200) {
      response.cancel();
      throw this.fail(`the server answers ${response.status}`);
    }
    return this.whole(response.body, most);
  }

  private async whole(body: AsyncIterable<Uint8Array>, most: number): Promise<Uint8Array> {
    const pieces: Uint8Array[] = [];
    let length = 0;
    for await (const piece of body) {
      pieces.push(piece.slice());
      length += piece.length;
      if (length > most) throw this.fail(`there is more than ${most >> 20} MiB of it`);
    }
    return joined(pieces);
  }

  /** Rejects with InputError when nobody speaks git's protocol there. */
  async greet(): Promise<void> {
    const answer = await this.ask('/info/refs?service=git-upload-pack', undefined, REFS_MAX);
    const lines = packets(answer).map((bytes) => decodeText(bytes)?.trim());
    if (!lines.includes('version 2')) throw this.fail('the server does not speak version 2 of the protocol of git');
  }

  private command(name: string, ...lines: readonly string[]): Promise<Uint8Array> {
    const sent = [
      packet(`command=${name}\n`),
      packet('agent=git/tabvisor\n'),
      DELIMITER,
      ...lines.map((l) => packet(`${l}\n`)),
      FLUSH,
    ];
    return this.ask('/git-upload-pack', encodeText(sent.join('')), PACK_MAX);
  }

  async find(name: string): Promise<string> {
    const wanted = name === '' ? ['HEAD'] : [`refs/heads/${name}`, `refs/tags/${name}`, name];
    const answer = await this.command('ls-refs', 'peel', ...wanted.map((one) => `ref-prefix ${one}`));
    const known = new Map<string, string>();
    for (const bytes of packets(answer)) {
      const [id, ref, ...more] = (decodeText(bytes) ?? '').trim().split(' ');
      const peeled = more.find((one) => one.startsWith('peeled:'))?.slice('peeled:'.length);
      if (ref !== undefined && NAME.test(peeled ?? id!)) known.set(ref, peeled ?? id!);
    }
    const found = wanted.map((one) => known.get(one)).find((one) => one !== undefined);
    if (!found) throw this.fail(name === '' ? 'it has no commits' : `repository does not contain ref ${name}`);
    return found;
  }

  /** A pack of the commit and of all that it shows. */
  async fetch(commit: string): Promise<Uint8Array> {
    const answer = await this.command('fetch', 'no-progress', 'ofs-delta', 'deepen 1', `want ${commit}`, 'done');
    const pieces: Uint8Array[] = [];
    let inPack = false;
    for (const bytes of packets(answer)) {
      if (!inPack) {
        const line = decodeText(bytes)?.trim() ?? '';
        if (line.startsWith('ERR ')) throw this.fail(line.slice(4));
        inPack = line === 'packfile';
      } else if (bytes[0] === 1) pieces.push(bytes.subarray(1));
      else if (bytes[0] === 3) throw this.fail((decodeText(bytes.subarray(1)) ?? '').trim());
    }
    return joined(pieces);
  }
}

const packet = (text: string): string => (encodeText(text).length + 4).toString(16).padStart(4, '0') + text;

/** The lines of an answer that have something in them. Throws InputError. */
function packets(answer: Uint8Array): Uint8Array[] {
  const found: Uint8Array[] = [];
  for (let at = 0; at < answer.length; ) {
    const text = fromLatin1(answer.subarray(at, at + 4));
    const length = /^[0-9a-f]{4}$/.test(text) ? Number.parseInt(text, 16) : Number.NaN;
    if (Number.isNaN(length) || length === 3 || at + length > answer.length)
      throw new InputError('the server does not speak the protocol of git');
    if (length > 4) found.push(answer.subarray(at + 4, at + length));
    at += Math.max(4, length);
  }
  return found;
}
