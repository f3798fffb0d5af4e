// Images by their names: which there are, what each is made of, and what goes when the last name of one goes.
// Docker's image store: the ID of an image is the digest of its configuration. One file says which names and images there are, and is replaced at once.
import { InputError } from '../../base/errors.js';
import type { Storage } from '../../base/storage.js';
import { type ImageConfig, parseConfig } from '../config.js';
import { type Digest, hexOf, isDigest, shortOf } from '../digest.js';
import { ConflictError, NotFoundError } from '../errors.js';
import { Fields, jsonBytes, parseJson } from '../json.js';
import { type Descriptor, type Manifest, parseManifest } from '../manifest.js';
import { familiar, familiarName, fullName, nameOf, parseReference, type Reference, withTag } from '../reference.js';
import type { ContentStore } from './content-store.js';
import type { Layer, LayerStore } from './layer-store.js';

const FILE = 'images.json';
const FILE_MAX = 64 << 20;
const VERSION = 1;
const NAMES_MAX = 100_000;

export interface Image {
  id: Digest;
  manifestDigest: Digest;
  manifest: Manifest;
  config: ImageConfig;
  /** As docker shows them: `busybox:latest`, `busybox@sha256:...`. */
  tags: string[];
  digests: string[];
  /** Bytes of all its layers, uncompressed. */
  size: number;
  /** Milliseconds since 1970. */
  lastTagged?: number;
  /** The image that it was made from, here. */
  parent?: Digest;
  /** Of the step of a build that made it from that one: what builds find it again by, where that is not its history. */
  step?: Digest;
}

/** What is kept of an image beside its documents. */
interface ImageRecord {
  manifest: Digest;
  /** Milliseconds since 1970. */
  lastTagged?: number;
  parent?: Digest;
  step?: Digest;
}

/** What `remove` has done, in Docker's words. */
export type Removal = { Untagged: string } | { Deleted: string };

/** Content that somebody works with: it stays while the lease is held. */
export class Lease {
  constructor(private readonly held: Map<Digest, number>) {}
  private readonly own = new Set<Digest>();

  hold(...digests: readonly Digest[]): void {
    for (const digest of digests) {
      if (this.own.has(digest)) continue;
      this.own.add(digest);
      this.held.set(digest, (this.held.get(digest) ?? 0) + 1);
    }
  }

  /** What is held by it. */
  get digests(): Digest[] {
    return [...this.own];
  }

  release(): void {
    for (const digest of this.own) {
      const left = this.held.get(digest)! - 1;
      if (left > 0) this.held.set(digest, left);
      else this.held.delete(digest);
    }
    this.own.clear();
  }
}

export class ImageStore {
  private readonly images = new Map<Digest, ImageRecord>();
  /** Full names with tags, and with digests, to IDs. */
  private readonly tags = new Map<string, Digest>();
  private readonly digests = new Map<string, Digest>();
  private readonly held = new Map<Digest, number>();
  private readonly parsed = new Map<Digest, { manifest: Manifest; config: ImageConfig; size: number }>();

  private constructor(
    private readonly storage: Storage,
    readonly content: ContentStore,
    readonly layers: LayerStore,
    private readonly now: () => number,
  ) {}

  /** Rejects with InputError when the file of images is not ours. `now`: milliseconds since 1970. */
  static async open(
    storage: Storage,
    content: ContentStore,
    layers: LayerStore,
    now: () => number,
  ): Promise<ImageStore> {
    const store = new ImageStore(storage, content, layers, now);
    const bytes = await storage.read(FILE, FILE_MAX);
    if (bytes) store.load(bytes);
    return store;
  }

  private load(bytes: Uint8Array): void {
    const fields = new Fields(parseJson(bytes, FILE), FILE);
    if (fields.integer('version') !== VERSION)
      throw new InputError(`${FILE}: is of another version of tabvisor`, 'Give another folder with --data.');
    for (const [id, record] of Object.entries(fields.object_('images') ?? {})) {
      const { manifest, lastTagged, parent, step } = record as ImageRecord;
      if (isDigest(id) && isDigest(manifest))
        this.images.set(id, {
          ...{ manifest, lastTagged },
          ...(parent && isDigest(parent) && { parent }),
          ...(step && isDigest(step) && { step }),
        });
    }
    for (const [key, into] of [
      ['tags', this.tags],
      ['digests', this.digests],
    ] as const)
      for (const [name, id] of fields.map(key, NAMES_MAX) ?? []) {
        if (isDigest(id) && this.images.has(id)) into.set(name, id);
      }
  }

  /** Changes are made one after the other, so that the last is what is kept. */
  private turn: Promise<unknown> = Promise.resolve();

  /** Changes what there is: it is in force when this resolves; all is as it was when it rejects. `frees`: there is less. */
  private change(apply: () => void, frees = false): Promise<void> {
    const next = this.turn.then(async () => {
      const { images, tags, digests } = this;
      const before = { images: new Map(images), tags: new Map(tags), digests: new Map(digests) };
      try {
        apply();
        await this.save(frees);
      } catch (error) {
        for (const name of ['images', 'tags', 'digests'] as const) {
          this[name].clear();
          for (const [key, value] of before[name]) (this[name] as Map<string, unknown>).set(key, value);
        }
        throw error;
      }
    });
    this.turn = next.catch(() => {});
    return next;
  }

  private save(frees: boolean): Promise<void> {
    return this.storage.replace(
      FILE,
      jsonBytes({
        version: VERSION,
        images: Object.fromEntries(this.images),
        tags: Object.fromEntries(this.tags),
        digests: Object.fromEntries(this.digests),
      }),
      frees,
    );
  }

  lease(): Lease {
    return new Lease(this.held);
  }

  get ids(): Digest[] {
    return [...this.images.keys()];
  }

  /** All, in no order. */
  async list(): Promise<Image[]> {
    const images: Image[] = [];
    for (const id of this.ids) images.push(await this.get(id));
    return images;
  }

  /** An image by its ID. Throws NotFoundError. */
  async get(id: Digest): Promise<Image> {
    const record = this.images.get(id);
    if (!record) throw new NotFoundError(`No such image: ${id}`);
    const { manifest, config, size } = await this.parse(id, record.manifest);
    return {
      id,
      manifestDigest: record.manifest,
      manifest,
      config,
      size,
      lastTagged: record.lastTagged,
      ...(record.parent && { parent: record.parent }),
      ...(record.step && { step: record.step }),
      tags: namesFor(this.tags, id).map((name) => familiar(parseReference(name))),
      digests: namesFor(this.digests, id).map((name) => familiar(parseReference(name))),
    };
  }

  private async parse(id: Digest, manifestDigest: Digest) {
    const known = this.parsed.get(id);
    if (known) return known;
    const manifest = parseManifest(await this.document(manifestDigest), undefined, `manifest ${manifestDigest}`);
    if (manifest.kind !== 'manifest') throw new InputError(`manifest ${manifestDigest}: is an index`);
    const config = parseConfig(await this.document(id), `image ${id}`);
    let size = 0;
    for (const diffId of config.diffIds) size += (await this.layers.size(diffId)) ?? 0;
    const parsed = { manifest, config, size };
    this.parsed.set(id, parsed);
    return parsed;
  }

  private async document(digest: Digest): Promise<Uint8Array> {
    const bytes = await this.content.read(digest);
    if (!bytes) throw new InputError(`${digest}: is missing from the store`, 'Pull the image again.');
    return bytes;
  }

  /** The ID of what a person means: a name, one with a digest, an ID or its beginning. Throws NotFoundError, ConflictError. */
  resolve(text: string): Digest {
    const prefix = text.startsWith('sha256:') ? text.slice('sha256:'.length) : text;
    if (isDigest(`sha256:${prefix}`) && this.images.has(`sha256:${prefix}` as Digest))
      return `sha256:${prefix}` as Digest;
    const byName = this.byName(text);
    if (byName) return byName;
    if (/^[0-9a-f]{1,64}$/.test(prefix)) {
      const found = this.ids.filter((id) => hexOf(id).startsWith(prefix));
      if (found.length > 1)
        throw new ConflictError(`${text}: begins the IDs of ${found.length} images`, 'Give more of it.');
      if (found.length === 1) return found[0]!;
    }
    throw new NotFoundError(`No such image: ${withDefaultTag(text)}`);
  }

  private byName(text: string): Digest | undefined {
    let reference: Reference;
    try {
      reference = withTag(parseReference(text));
    } catch (error) {
      if (error instanceof InputError && /^(sha256:)?[0-9a-f]{1,64}$/.test(text)) return undefined;
      throw error;
    }
    // of a name with both, the digest decides
    if (reference.digest) return this.digests.get(`${nameOf(reference)}@${reference.digest}`);
    return this.tags.get(fullName(reference));
  }

  async find(text: string): Promise<Image> {
    return this.get(this.resolve(text));
  }

  /** Those that were made from an image; of undefined: those that were made from none. */
  childrenOf(id: Digest | undefined): Digest[] {
    return [...this.images].filter(([, { parent }]) => parent === id).map(([child]) => child);
  }

  /** The image a full name with a tag stands for. */
  tagged(reference: Reference): Digest | undefined {
    return this.tags.get(fullName(withTag(reference)));
  }

  /** The image that a name has by this digest where it came from. */
  knownBy(reference: Reference, digest: Digest): Digest | undefined {
    return this.digests.get(`${nameOf(reference)}@${digest}`);
  }

  /** The layers of an image, the lowest first, for mounting: who opens them closes their tars. */
  async open(id: Digest): Promise<Layer[]> {
    const { config } = await this.get(id);
    const opened: Layer[] = [];
    try {
      for (const diffId of config.diffIds) {
        const layer = await this.layers.open(diffId);
        if (!layer) throw new InputError(`layer ${diffId}: is missing from the store`, 'Pull the image again.');
        opened.push(layer);
      }
      return opened;
    } catch (error) {
      for (const layer of opened) layer.tar.close();
      throw error;
    }
  }

  /**
   * Makes what has come an image, with the names given. Its documents and its layers are in the stores. `known`: digests that
   * it has there where it came from: of the manifest, and of the index that led to it. `parent`: what it was made from, by `step`.
   */
  async add(
    manifestDigest: Digest,
    names: { tag?: Reference; known?: readonly { name: Reference; digest: Digest }[]; parent?: Digest; step?: Digest },
  ): Promise<Digest> {
    const manifest = parseManifest(await this.document(manifestDigest), undefined, `manifest ${manifestDigest}`);
    if (manifest.kind !== 'manifest') throw new InputError(`manifest ${manifestDigest}: is an index`);
    const id = manifest.config.digest;
    await this.parse(id, manifestDigest);
    await this.change(() => {
      if (!this.images.has(id))
        this.images.set(id, {
          manifest: manifestDigest,
          ...(names.parent && { parent: names.parent }),
          ...(names.step && { step: names.step }),
        });
      if (names.tag) this.setTag(id, names.tag);
      for (const { name, digest } of names.known ?? []) this.digests.set(`${nameOf(name)}@${digest}`, id);
    });
    return id;
  }

  /** Another manifest of the same configuration: its layers are compressed otherwise. */
  async setManifest(id: Digest, manifest: Digest): Promise<void> {
    const record = this.images.get(id);
    if (!record) throw new NotFoundError(`No such image: ${id}`);
    await this.change(() => void this.images.set(id, { ...record, manifest }));
    this.parsed.delete(id);
    if (record.manifest !== manifest) await this.drop([record.manifest]);
  }

  private setTag(id: Digest, reference: Reference): void {
    this.tags.set(fullName(withTag({ ...reference, digest: undefined })), id);
    const record = this.images.get(id);
    if (record) this.images.set(id, { ...record, lastTagged: this.now() });
  }

  /** Gives an image one more name; whoever had it loses it. */
  async tag(source: string, target: string): Promise<void> {
    const id = this.resolve(source);
    const reference = parseReference(target);
    if (reference.digest) throw new InputError(`${target}: a name to give has no digest`);
    await this.change(() => {
      if (!this.images.has(id)) throw new NotFoundError(`No such image: ${source}`);
      this.setTag(id, reference);
    });
  }

  /** The image is also known by this digest where `name` is. */
  async addDigest(id: Digest, name: Reference, digest: Digest): Promise<void> {
    await this.change(() => void this.digests.set(`${nameOf(name)}@${digest}`, id));
  }

  /**
   * Takes a name away, or all names of an ID; an image without names goes, with what nothing else needs.
   * `force`: also an ID with several names. `keep`: dangling images stay. `used`: somebody has the image, so it stays. Throws NotFoundError, ConflictError.
   */
  async remove(
    text: string,
    { force = false, keep = false, used = (_id: Digest): boolean => false } = {},
  ): Promise<Removal[]> {
    const id = this.resolve(text);
    const removals: Removal[] = [];
    const named = this.namesMeant(text, id);
    const all = [...namesFor(this.tags, id), ...namesFor(this.digests, id)];
    const repositories = new Set(all.map((name) => nameOf(parseReference(name))));
    if (named.length === 0 && namesFor(this.tags, id).length > 1 && repositories.size > 1 && !force)
      throw new ConflictError(
        `conflict: unable to delete ${shortOf(id)} (must be forced) - image is referenced in multiple repositories`,
      );
    if (named.length === 0 && this.childrenOf(id).length > 0)
      throw new ConflictError(
        `conflict: unable to delete ${shortOf(id)} (cannot be forced) - image has dependent child images`,
      );
    await this.change(() => {
      for (const name of named.length > 0 ? named : all) this.dropName(name, removals);
      // the last tag of a repository takes the repository's digests along
      if (named.length > 0)
        for (const name of namesFor(this.digests, id)) {
          const { domain, path } = parseReference(name);
          const left = namesFor(this.tags, id).some((tag) => nameOf(parseReference(tag)) === `${domain}/${path}`);
          if (!left) this.dropName(name, removals);
        }
    }, true);
    if (this.isUnnamed(id) && !keep) await this.removeWithParents(id, used, removals);
    return removals;
  }

  private isUnnamed(id: Digest): boolean {
    return namesFor(this.tags, id).length === 0 && namesFor(this.digests, id).length === 0;
  }

  /** An image without a name, and those that it alone was made from, which have none either; what others are made from stays. */
  private async removeWithParents(first: Digest, used: (id: Digest) => boolean, removals: Removal[]): Promise<void> {
    for (let id: Digest | undefined = first; id !== undefined; ) {
      const record = this.images.get(id);
      if (!record || !this.isUnnamed(id) || this.childrenOf(id).length > 0 || (id !== first && used(id))) break;
      const before = await this.referencesOf(id);
      const { config } = await this.get(id);
      const going: Digest = id;
      await this.change(() => void this.images.delete(going), true);
      this.parsed.delete(id);
      removals.push({ Deleted: id });
      const gone = await this.drop(before);
      for (const diffId of [...config.diffIds].reverse()) if (gone.has(diffId)) removals.push({ Deleted: diffId });
      id = record.parent;
    }
  }

  /** Which names a person who says `text` means; none when it is the ID. */
  private namesMeant(text: string, id: Digest): string[] {
    const prefix = text.startsWith('sha256:') ? text.slice('sha256:'.length) : text;
    if (/^[0-9a-f]{1,64}$/.test(prefix) && hexOf(id).startsWith(prefix)) {
      // a name that looks like an ID is a name
      if (
        text.startsWith('sha256:') ||
        prefix.length === 64 ||
        this.tags.get(fullName(withTag(parseReference(text)))) !== id
      )
        return [];
    }
    const reference = withTag(parseReference(text));
    return [reference.digest ? `${nameOf(reference)}@${reference.digest}` : fullName(reference)];
  }

  private dropName(name: string, removals: Removal[]): void {
    if (this.tags.delete(name) || this.digests.delete(name))
      removals.push({ Untagged: familiar(parseReference(name)) });
  }

  /** Everything that an image needs. */
  private async referencesOf(id: Digest): Promise<Set<Digest>> {
    const record = this.images.get(id)!;
    const { manifest, config } = await this.parse(id, record.manifest);
    return new Set([id, record.manifest, ...manifest.layers.map((layer) => layer.digest), ...config.diffIds]);
  }

  private async allReferences(): Promise<Set<Digest>> {
    const all = new Set<Digest>(this.held.keys());
    for (const id of this.ids) for (const digest of await this.referencesOf(id)) all.add(digest);
    return all;
  }

  /** Of some content all goes that no image needs and nobody holds. What that was. */
  async drop(candidates: Iterable<Digest>): Promise<Set<Digest>> {
    const gone = new Set<Digest>();
    const needed = await this.allReferences();
    for (const digest of candidates) {
      if (needed.has(digest) || this.held.has(digest)) continue;
      await this.content.remove(digest);
      await this.layers.remove(digest);
      gone.add(digest);
    }
    return gone;
  }

  /** Images that have no name, and that none is made from. */
  get dangling(): Digest[] {
    const needed = new Set([
      ...this.tags.values(),
      ...this.digests.values(),
      ...[...this.images.values()].map(({ parent }) => parent),
    ]);
    return this.ids.filter((id) => !needed.has(id));
  }

  private readonly bringing = new Set<Promise<unknown>>();
  private collecting: Promise<unknown> = Promise.resolve();

  /**
   * Does what brings content: none of it is taken for garbage meanwhile. The lease ends with it; when it fails, what was held goes,
   * if nothing else needs it, but for failures after which it is to go on: those that `resumes` knows.
   */
  bring<Result>(
    work: (lease: Lease) => Promise<Result>,
    resumes = (_error: unknown): boolean => false,
  ): Promise<Result> {
    const bringing = this.bringNow(work, resumes).finally(() => this.bringing.delete(bringing));
    this.bringing.add(bringing);
    return bringing;
  }

  private async bringNow<Result>(
    work: (lease: Lease) => Promise<Result>,
    resumes: (error: unknown) => boolean,
  ): Promise<Result> {
    const lease = this.lease();
    try {
      await this.collecting;
      return await work(lease);
    } catch (error) {
      const { digests } = lease;
      lease.release();
      // the failure is what is told, not what came of it
      if (!resumes(error)) await this.drop(digests).catch(() => {});
      throw error;
    } finally {
      lease.release();
    }
  }

  /** Resolves when nobody brings content any more. */
  async settled(): Promise<void> {
    while (this.bringing.size > 0) await Promise.allSettled(this.bringing);
  }

  /**
   * Drops all content that no image needs and nobody holds: a process that ended while it brought some has left it. Nothing while
   * somebody brings content. Which layers went, and how many bytes that were.
   */
  async collect(): Promise<{ bytes: number; gone: Digest[] }> {
    if (this.bringing.size > 0) return { bytes: 0, gone: [] };
    const collection = this.collectNow();
    this.collecting = collection.catch(() => {});
    return collection;
  }

  private async collectNow(): Promise<{ bytes: number; gone: Digest[] }> {
    const needed = await this.allReferences();
    const isNeeded = (digest: Digest): boolean => needed.has(digest) || this.held.has(digest);
    const gone: Digest[] = [];
    let bytes = 0;
    for (const digest of await this.content.list()) {
      if (isNeeded(digest)) continue;
      bytes += (await this.content.size(digest)) ?? 0;
      await this.content.remove(digest);
    }
    for (const diffId of await this.layers.list()) {
      if (isNeeded(diffId)) continue;
      bytes += (await this.layers.size(diffId)) ?? 0;
      await this.layers.remove(diffId);
      gone.push(diffId);
    }
    return { bytes: bytes + (await this.content.removePartials()), gone };
  }

  /** The blob that a layer has in an image here; undefined: there is none. */
  async blobOf(diffId: Digest): Promise<Descriptor | undefined> {
    for (const id of this.ids) {
      const { manifest, config } = await this.get(id);
      const at = config.diffIds.indexOf(diffId);
      if (at >= 0 && manifest.layers[at]!.digest !== diffId) return manifest.layers[at];
    }
    return undefined;
  }

  /** Other repositories of a registry that have a blob, as far as names here say: a push may ask for it from there. */
  async repositoriesWith(blob: Digest, domain: string): Promise<string[]> {
    const found = new Set<string>();
    for (const [name, id] of this.digests) {
      const reference = parseReference(name);
      if (reference.domain !== domain) continue;
      const { manifest } = await this.get(id);
      if (manifest.layers.some((layer) => layer.digest === blob)) found.add(reference.path);
    }
    return [...found];
  }
}

const namesFor = (names: ReadonlyMap<string, Digest>, id: Digest): string[] =>
  [...names].filter(([, to]) => to === id).map(([name]) => name);

function withDefaultTag(text: string): string {
  try {
    const reference = parseReference(text);
    return reference.tag === undefined && reference.digest === undefined ? `${familiarName(reference)}:latest` : text;
  } catch {
    return text;
  }
}
