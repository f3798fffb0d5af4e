// Images as files: an OCI layout, with the list that docker load of any age reads. As one tar, or as a folder.
// OCI image-spec, image-layout.md; Docker's image specification 1.2.
import { InputError } from '../../base/errors.js';
import { type Digest, hexOf } from '../digest.js';
import { jsonBytes } from '../json.js';
import { OCI_INDEX } from '../media-types.js';
import { familiar, familiarName, parseReference, type Reference, withTag } from '../reference.js';
import type { Store } from '../store/store.js';
import { archiveEnd, headersOf, padding } from '../tar/writer.js';

export interface SavedFile {
  path: string;
  size: number;
  bytes(): AsyncIterable<Uint8Array>;
}

/** The files of a layout that holds images by what people call them, or by tags of `tagsOf`. Rejects with NotFoundError. */
export async function savedFiles(
  store: Store,
  names: readonly string[],
  tagsOf: (name: string, id: Digest) => Reference[] = tagsMeant,
): Promise<SavedFile[]> {
  const files = new Map<string, SavedFile>();
  const manifests: object[] = [];
  const list = new Map<Digest, { Config: string; RepoTags: string[]; Layers: string[] }>();
  const repositories = new Map<string, Record<string, string>>();
  const addBlob = async (digest: Digest): Promise<string> => {
    const path = `blobs/sha256/${hexOf(digest)}`;
    if (!files.has(path)) files.set(path, await blobFile(store, digest, path));
    return path;
  };
  for (const name of names) {
    const image = await store.images.find(name);
    const tags = tagsOf(name, image.id);
    const Config = await addBlob(image.id);
    const Layers: string[] = [];
    for (const { digest } of image.manifest.layers) Layers.push(await addBlob(digest));
    await addBlob(image.manifestDigest);
    const entry = list.get(image.id) ?? { Config, RepoTags: [], Layers };
    list.set(image.id, entry);
    const descriptor = {
      mediaType: image.manifest.mediaType,
      digest: image.manifestDigest,
      size: (await store.content.size(image.manifestDigest))!,
    };
    if (tags.length === 0) manifests.push(descriptor);
    for (const tag of tags) {
      if (entry.RepoTags.includes(familiar(tag))) continue;
      entry.RepoTags.push(familiar(tag));
      manifests.push({ ...descriptor, annotations: annotationsOf(tag) });
      repositories.set(familiarName(tag), { ...repositories.get(familiarName(tag)), [tag.tag!]: hexOf(image.id) });
    }
  }
  for (const [path, value] of [
    ['oci-layout', { imageLayoutVersion: '1.0.0' }],
    ['index.json', { schemaVersion: 2, mediaType: OCI_INDEX, manifests }],
    ['manifest.json', [...list.values()]],
    ['repositories', Object.fromEntries(repositories)],
  ] as const)
    files.set(path, documentFile(path, jsonBytes(value)));
  return [...files.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** The name an image is saved with: the one that was said; none when that was its ID, or a digest. */
function tagsMeant(text: string, id: Digest): Reference[] {
  if (/^(sha256:)?[0-9a-f]+$/.test(text) && hexOf(id).startsWith(text.replace('sha256:', ''))) return [];
  const reference = withTag(parseReference(text));
  return reference.tag === undefined ? [] : [reference];
}

function annotationsOf(tag: Reference): Record<string, string> {
  return {
    'io.containerd.image.name': `${tag.domain}/${tag.path}:${tag.tag}`,
    'org.opencontainers.image.ref.name': tag.tag!,
  };
}

function documentFile(path: string, bytes: Uint8Array): SavedFile {
  return {
    path,
    size: bytes.length,
    async *bytes() {
      yield bytes;
    },
  };
}

/** A blob of the content store; a layer that has none is a tar, whose digest is its DiffID. */
async function blobFile({ content, layers }: Store, digest: Digest, path: string): Promise<SavedFile> {
  const size = await content.size(digest);
  if (size !== undefined) return { path, size, bytes: () => content.stream(digest) };
  const tar = await layers.size(digest);
  if (tar === undefined) throw new InputError(`${digest}: is missing from the store`, 'Pull the image again.');
  return { path, size: tar, bytes: () => layers.stream(digest) };
}

/** The files as one tar. */
export async function* savedTar(files: readonly SavedFile[]): AsyncGenerator<Uint8Array> {
  const folders = new Set<string>();
  for (const { path, size, bytes } of files) {
    const names = path.split('/');
    for (let i = 1; i < names.length; i++) {
      const folder = `${names.slice(0, i).join('/')}/`;
      if (folders.has(folder)) continue;
      folders.add(folder);
      yield headersOf({ name: folder, type: '5', mode: 0o755 });
    }
    yield headersOf({ name: path, type: '0', mode: 0o644, size });
    yield* bytes();
    const rest = padding(size);
    if (rest.length > 0) yield rest;
  }
  yield archiveEnd();
}
