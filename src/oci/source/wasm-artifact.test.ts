// WebAssembly programs as artifacts, from a registry and out of a layout, become images with the program as their entrypoint.
// CNCF TAG Runtime, "WASM OCI Artifact layout".
import { expect, test } from 'vitest';
import { FakeRegistry } from '../../../test/fake-registry.js';
import { bytesOf, memoryStore, sha256 } from '../../../test/images.js';
import { tarOf } from '../../../test/tar.js';
import { jsonBytes } from '../json.js';
import { OCI_INDEX, OCI_MANIFEST, WASM_CONFIG } from '../media-types.js';
import { parseReference } from '../reference.js';
import { RegistryClient } from '../registry/client.js';
import { Puller } from '../registry/pull.js';
import { indexLayer } from '../layer.js';
import { ArchiveBundle } from './bundle.js';
import { loadImages } from './load.js';
import { withSpooled } from './spool.js';

const NAME = parseReference('registry.example/app:1');
const PROGRAM = Uint8Array.from({ length: 1000 }, (_, i) => i);

function artifact(config: object = { architecture: 'wasm', os: 'wasip2' }, annotations?: Record<string, string>) {
  const document = jsonBytes({ created: '2024-05-06T07:08:09Z', ...config });
  const layer = { mediaType: 'application/wasm', digest: sha256(PROGRAM), size: PROGRAM.length, annotations };
  const manifest = jsonBytes({
    schemaVersion: 2,
    mediaType: OCI_MANIFEST,
    config: { mediaType: WASM_CONFIG, digest: sha256(document), size: document.length },
    layers: [layer],
  });
  return { document, manifest };
}

async function pulling({ document, manifest } = artifact()) {
  const registry = new FakeRegistry();
  for (const bytes of [document, PROGRAM]) registry.blobs.set(`app/${sha256(bytes)}`, bytes);
  registry.manifest('app', '1', manifest, OCI_MANIFEST);
  const store = await memoryStore();
  const host = { http: registry, credentials: async () => undefined, now: () => 0, wait: async () => {} };
  const client = new RegistryClient(host, { mirrors: new Map(), insecure: new Set() });
  return { registry, store, puller: new Puller(store, client) };
}

test('pulled: a root with the program, of platform wasi/wasm; once more, and nothing is asked for', async () => {
  const { store, puller, registry } = await pulling(
    artifact(undefined, { 'org.opencontainers.image.title': 'app.wasm' }),
  );
  const { id, upToDate, digest } = await puller.pull(NAME);
  expect(upToDate).toBe(false);
  const image = await store.images.find('registry.example/app:1');
  expect(image).toMatchObject({ id, digests: [`registry.example/app@${digest}`] });
  expect(image.config).toMatchObject({
    platform: { os: 'wasip2', architecture: 'wasm' },
    config: { entrypoint: ['/app.wasm'] },
    created: '2024-05-06T07:08:09.000Z',
  });
  const [layer] = await store.images.open(id);
  const file = indexLayer(layer!.tar).root.children!.get('app.wasm')!;
  expect(file).toMatchObject({ mode: 0o100755, size: PROGRAM.length });
  layer!.tar.close();
  const before = registry.requests.filter(({ url }) => url.includes('/blobs/')).length;
  expect(await puller.pull(NAME)).toEqual({ id, digest, upToDate: true });
  expect(registry.requests.filter(({ url }) => url.includes('/blobs/'))).toHaveLength(before);
});

test('a program that is another one, for another system, or named so that it would lie elsewhere', async () => {
  const changed = await pulling();
  changed.registry.blobs.set(`app/${sha256(PROGRAM)}`, new Uint8Array(1000));
  await expect(changed.puller.pull(NAME)).rejects.toThrow('what came is something else');
  expect(await changed.store.images.list()).toEqual([]);
  const other = await pulling(artifact({ architecture: 'wasm', os: 'js' }));
  await expect(other.puller.pull(NAME)).rejects.toThrow('is for js/wasm, not for wasi/wasm');
  const outside = await pulling(artifact(undefined, { 'org.opencontainers.image.title': '../../etc/passwd' }));
  const { id } = await outside.puller.pull(NAME);
  expect((await outside.store.images.get(id)).config.config.entrypoint).toEqual(['/module.wasm']);
});

test('loaded out of a layout, as oras and wkg write it', async () => {
  const { document, manifest } = artifact();
  const blob = (bytes: Uint8Array) => ({ name: `blobs/sha256/${sha256(bytes).slice(7)}`, data: bytes });
  const index = jsonBytes({
    schemaVersion: 2,
    mediaType: OCI_INDEX,
    manifests: [
      {
        ...{ mediaType: OCI_MANIFEST, digest: sha256(manifest), size: manifest.length },
        annotations: { 'org.opencontainers.image.ref.name': 'wasm.example/app:2' },
      },
    ],
  });
  const layout = tarOf([
    { name: 'oci-layout', data: '{"imageLayoutVersion":"1.0.0"}' },
    { name: 'index.json', data: index },
    ...[document, manifest, PROGRAM].map(blob),
  ]);
  const store = await memoryStore();
  await withSpooled(store, bytesOf(layout), 'layout', (file) => loadImages(store, new ArchiveBundle(file)));
  const image = await store.images.find('wasm.example/app:2');
  expect(image.config.config.entrypoint).toEqual(['/module.wasm']);
});
