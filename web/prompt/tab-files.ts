// The folder of the tab: a small tree in memory that the browser's private files keep, for build contexts, cp, save and load.
// Contract: Files in src/cli/docker/host.ts; File System standard (createWritable; where there is none, the folder lasts as long as the page).
import { InputError } from '../../src/base/errors.js';
import { encodeText } from '../../src/base/text.js';
import type { About, Files, FileWriter } from '../../src/cli/docker/host.js';
import { absolute, dirname, join } from '../../src/cli/docker/paths.js';

type Node = { seconds: number; mode: number } & (
  | { kind: 'folder' }
  | { kind: 'link'; target: string }
  /** Small ones are in memory, so that they can be read at once. */
  | { kind: 'file'; blob: Blob; bytes?: Uint8Array }
);

const SMALL = 1 << 20;
const LINKS_MAX = 16;
const SPOOL_MAX = 1 << 29;

const failure = (code: string, what: string): Error => Object.assign(new Error(`${code}: ${what}`), { code });
const missing = (path: string): Error => failure('ENOENT', `no such file or directory, open '${path}'`);
const now = (): number => Math.floor(Date.now() / 1000);
/** No host says what can be run: a script by its first line. */
const modeOf = (bytes: Uint8Array | undefined): number => (bytes?.[0] === 0x23 && bytes[1] === 0x21 ? 0o755 : 0o644);

async function* piecesOf(blob: Blob): AsyncGenerator<Uint8Array> {
  const reader = blob.stream().getReader();
  for (let next = await reader.read(); !next.done; next = await reader.read()) yield next.value;
}

export class TabFiles implements Files {
  private readonly nodes = new Map<string, Node>([['/', { kind: 'folder', seconds: now(), mode: 0o755 }]]);
  private order = Promise.resolve();
  /** Where commands are. */
  current = '/';
  /** Told when something is there, or gone, or another. */
  onChange = (): void => {};

  private constructor(
    private readonly folder: FileSystemDirectoryHandle | undefined,
    private readonly complain: (error: unknown) => void,
  ) {}

  /** `folder` undefined: nothing is kept. */
  static async open(
    folder: FileSystemDirectoryHandle | undefined,
    complain: (error: unknown) => void,
  ): Promise<TabFiles> {
    const writes = folder && 'createWritable' in FileSystemFileHandle.prototype;
    const files = new TabFiles(writes ? folder : undefined, complain);
    if (folder) await files.readIn(folder, '/');
    return files;
  }

  get lasts(): boolean {
    return this.folder !== undefined;
  }

  private async readIn(folder: FileSystemDirectoryHandle, path: string): Promise<void> {
    for await (const [name, handle] of folder.entries())
      if (handle.kind === 'directory') {
        this.nodes.set(join(path, name), { kind: 'folder', seconds: now(), mode: 0o755 });
        await this.readIn(handle as FileSystemDirectoryHandle, join(path, name));
      } else await this.hold(join(path, name), await (handle as FileSystemFileHandle).getFile());
  }

  private async hold(path: string, blob: Blob): Promise<void> {
    const bytes = blob.size <= SMALL ? new Uint8Array(await blob.arrayBuffer()) : undefined;
    const head = bytes ?? new Uint8Array(await blob.slice(0, 2).arrayBuffer());
    const seconds = blob instanceof File ? Math.floor(blob.lastModified / 1000) : now();
    this.nodes.set(path, { kind: 'file', blob, seconds, mode: modeOf(head), ...(bytes && { bytes }) });
  }

  /** Everything, the folders before what is in them. */
  list(): { path: string; about: About }[] {
    return [...this.nodes.keys()]
      .filter((path) => path !== '/')
      .sort()
      .map((path) => ({ path, about: this.about(path)! }));
  }

  /** Of a file; bytes where they are in memory. */
  content(path: string): { blob?: Blob; bytes?: Uint8Array } {
    const node = this.node(path, true);
    return node?.kind === 'file' ? node : {};
  }

  resolve(path: string): string {
    return absolute(this.current, path);
  }

  real(path: string): string {
    return this.follow(this.resolve(path));
  }

  /** The place that links lead to. */
  private follow(path: string): string {
    let at = path;
    for (let links = 0; ; links++) {
      const node = this.nodes.get(at);
      if (node?.kind !== 'link') return at;
      if (links >= LINKS_MAX) throw failure('ELOOP', `too many links, ${path}`);
      at = absolute(dirname(at), node.target);
    }
  }

  private node(path: string, follow: boolean): Node | undefined {
    const full = this.resolve(path);
    return this.nodes.get(follow ? this.follow(full) : full);
  }

  about(path: string, follow = false): About | undefined {
    const node = this.node(path, follow);
    if (!node) return undefined;
    const { kind, mode, seconds } = node;
    return { ...{ kind, mode, seconds, uid: 0, gid: 0 }, size: kind === 'file' ? node.blob.size : 0 };
  }

  names(folder: string): string[] {
    const full = this.real(folder);
    if (this.nodes.get(full)?.kind !== 'folder') throw missing(full);
    return [...this.nodes.keys()]
      .filter((path) => path !== '/' && dirname(path) === full)
      .map((path) => path.slice(full === '/' ? 1 : full.length + 1));
  }

  linkOf(path: string): string {
    const node = this.node(path, false);
    if (node?.kind !== 'link') throw failure('EINVAL', `no link, ${path}`);
    return node.target;
  }

  bytes(path: string): Uint8Array {
    const node = this.node(path, true);
    if (node?.kind !== 'file') throw missing(path);
    if (!node.bytes) throw new InputError(`${path}: is longer than ${SMALL >> 10} KiB`);
    return node.bytes;
  }

  text(path: string): string {
    return new TextDecoder().decode(this.bytes(path));
  }

  async *stream(path: string, size = Number.POSITIVE_INFINITY): AsyncGenerator<Uint8Array> {
    const { blob } = this.content(path);
    if (!blob) throw missing(path);
    yield* piecesOf(blob.slice(0, Math.min(size, blob.size)));
  }

  put(path: string, text: string): void {
    this.place(this.resolve(path), encodeText(text));
  }

  /** A file by its bytes, now and in the browser's files. Throws when its folder is not there. */
  private place(path: string, ...parts: Uint8Array[]): void {
    if (this.nodes.get(dirname(path))?.kind !== 'folder') throw missing(path);
    if (this.nodes.get(path)?.kind === 'folder') throw failure('EISDIR', `is a folder, ${path}`);
    const blob = new Blob(parts as Uint8Array<ArrayBuffer>[]);
    const bytes = blob.size <= SMALL ? joined(parts, blob.size) : undefined;
    const mode = modeOf(parts[0]);
    this.nodes.set(path, { kind: 'file', blob, seconds: now(), mode, ...(bytes && { bytes }) });
    this.keep(path, blob);
  }

  async write(path: string, bytes: AsyncIterable<Uint8Array>): Promise<void> {
    const parts: Uint8Array[] = [];
    for await (const piece of bytes) parts.push(piece);
    this.place(this.resolve(path), ...parts);
  }

  /** What a person gives. */
  async take(file: File, folder = this.current): Promise<string> {
    const path = join(folder, file.name);
    await this.hold(path, file);
    this.keep(path, file);
    return path;
  }

  create(path: string): FileWriter {
    const parts: Uint8Array[] = [];
    let size = 0;
    return {
      write(offset, bytes) {
        if (offset > size) parts.push(new Uint8Array(offset - size));
        parts.push(bytes.slice());
        size = offset + bytes.length;
      },
      close: () => this.place(this.resolve(path), ...parts),
    };
  }

  makeFolder(path: string): void {
    const full = this.resolve(path);
    if (this.nodes.has(full)) throw failure('EEXIST', `is there already, ${full}`);
    if (this.nodes.get(dirname(full))?.kind !== 'folder') throw missing(full);
    this.nodes.set(full, { kind: 'folder', seconds: now(), mode: 0o755 });
    this.later((root) => folderAt(root, full));
  }

  /** A link lasts as long as the page: the browser's files have none. */
  makeLink(path: string, target: string): void {
    this.nodes.set(this.resolve(path), { kind: 'link', target, seconds: now(), mode: 0o777 });
    this.onChange();
  }

  finish(path: string, mode: number, seconds: number): void {
    const node = this.node(path, false);
    if (node) Object.assign(node, { mode, seconds });
  }

  remove(path: string): void {
    const full = this.resolve(path);
    if (full === '/' || !this.nodes.has(full)) return;
    for (const other of [...this.nodes.keys()])
      if (other === full || other.startsWith(`${full}/`)) this.nodes.delete(other);
    this.later(async (root) => {
      const folder = await folderAt(root, dirname(full));
      await folder.removeEntry(full.split('/').at(-1)!, { recursive: true }).catch(() => {});
    });
  }

  async spool(bytes: AsyncIterable<Uint8Array>) {
    const parts: Uint8Array[] = [];
    let size = 0;
    for await (const piece of bytes) {
      parts.push(piece);
      size += piece.length;
      if (size > SPOOL_MAX) throw new InputError(`the archive has more than ${SPOOL_MAX >> 20} MiB`);
    }
    const all = joined(parts, size);
    return {
      ...{ name: 'the archive', size, release() {} },
      read: (at: number, into: Uint8Array) => into.set(all.subarray(at, at + into.length)),
    };
  }

  private keep(path: string, blob: Blob): void {
    this.later(async (root) => {
      const folder = await folderAt(root, dirname(path));
      const handle = await folder.getFileHandle(path.split('/').at(-1)!, { create: true });
      const out = await handle.createWritable();
      await out.write(blob);
      await out.close();
    });
  }

  /** In the browser's files, one change after the other. */
  private later(change: (root: FileSystemDirectoryHandle) => Promise<unknown>): void {
    this.onChange();
    const { folder } = this;
    if (folder) this.order = this.order.then(async () => void (await change(folder))).catch(this.complain);
  }
}

async function folderAt(root: FileSystemDirectoryHandle, path: string): Promise<FileSystemDirectoryHandle> {
  let at = root;
  for (const name of path.split('/').filter(Boolean)) at = await at.getDirectoryHandle(name, { create: true });
  return at;
}

function joined(parts: readonly Uint8Array[], size: number): Uint8Array {
  const all = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
