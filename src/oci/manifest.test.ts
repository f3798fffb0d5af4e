// Documents of images: what is read of them, and what nobody may take for one. Threats: ambiguous manifests, digests that are paths.
import { expect, test } from 'vitest';
import { InputError } from '../base/errors.js';
import { encodeText } from '../base/text.js';
import { imageOf } from '../../test/images.js';
import { parseConfig } from './config.js';
import { jsonBytes } from './json.js';
import { parseManifest } from './manifest.js';
import { DOCKER_LIST, DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST } from './media-types.js';
import { choosePlatform, parsePlatform } from './platform.js';

const DIGEST = `sha256:${'0'.repeat(64)}`;
const config = { mediaType: 'application/vnd.oci.image.config.v1+json', digest: DIGEST, size: 2 };
const layer = { mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip', digest: DIGEST, size: 3 };
const parse = (value: unknown, told?: string) => parseManifest(jsonBytes(value), told, 'manifest');

test('a manifest, and one that does not say what it is', () => {
  const made = imageOf([[{ name: 'a', data: 'x' }]]);
  const manifest = parseManifest(made.manifest, undefined, 'm');
  expect(manifest).toMatchObject({ kind: 'manifest', mediaType: OCI_MANIFEST, config: { digest: made.id } });
  expect(parse({ schemaVersion: 2, config, layers: [layer] }, `${DOCKER_MANIFEST}; charset=utf-8`).mediaType).toBe(
    DOCKER_MANIFEST,
  );
  expect(parse({ schemaVersion: 2, config, layers: [] }, 'application/octet-stream').mediaType).toBe(OCI_MANIFEST);
});

test('an index: the platform of ours is chosen, and the message says what there was', () => {
  const offer = (architecture: string, os = 'linux') => ({
    mediaType: OCI_MANIFEST,
    digest: DIGEST,
    size: 1,
    platform: { os, architecture },
  });
  const index = parse({
    schemaVersion: 2,
    mediaType: OCI_INDEX,
    manifests: [offer('amd64'), offer('386'), offer('unknown', 'unknown')],
  });
  if (index.kind !== 'index') throw new Error('no index');
  expect(choosePlatform('x', index.manifests, undefined).platform?.architecture).toBe('386');
  expect(choosePlatform('x', index.manifests, parsePlatform('linux/x86_64')).platform?.architecture).toBe('amd64');
  expect(() => choosePlatform('busybox', index.manifests.slice(0, 1), undefined)).toThrow(
    'busybox: no image for linux/386 or wasi/wasm is offered; it is for linux/amd64',
  );
  expect(() => choosePlatform('busybox', index.manifests.slice(2), undefined)).toThrow(/no platform at all/);
});

test('of an image for x86 and for WASI the former is taken, unless the latter is asked for, by any of its names', () => {
  const offers = ['wasip2', 'linux'].map((os) => ({ platform: { os, architecture: os === 'linux' ? '386' : 'wasm' } }));
  const chosen = (asked?: string) => choosePlatform('x', offers, asked ? parsePlatform(asked) : undefined).platform.os;
  expect(chosen()).toBe('linux');
  for (const name of ['wasi', 'wasip1', 'wasip2']) expect(chosen(`${name}/wasm`)).toBe('wasip2');
  expect(choosePlatform('x', offers.slice(0, 1), undefined).platform.os).toBe('wasip2');
});

test.each<[string, unknown, string | undefined, RegExp]>([
  ['an index with layers', { schemaVersion: 2, manifests: [], config, layers: [] }, undefined, /ambiguous/],
  [
    'an image that calls itself an index',
    { schemaVersion: 2, mediaType: OCI_INDEX, config, layers: [] },
    undefined,
    /ambiguous/,
  ],
  [
    'one that came as something else',
    { schemaVersion: 2, mediaType: OCI_MANIFEST, config, layers: [] },
    DOCKER_LIST,
    /ambiguous/,
  ],
  ['an index that came as an image', { schemaVersion: 2, manifests: [] }, OCI_MANIFEST, /ambiguous/],
  ['schema 1', { schemaVersion: 1, fsLayers: [] }, undefined, /schema 1/],
  ['no version', { config, layers: [] }, undefined, /schemaVersion/],
  ['neither', { schemaVersion: 2 }, undefined, /neither/],
  [
    'an artifact',
    { schemaVersion: 2, config: { ...config, mediaType: 'application/vnd.cncf.helm.config.v1+json' }, layers: [] },
    undefined,
    /artifact/,
  ],
  [
    'a digest that is a path',
    { schemaVersion: 2, config: { ...config, digest: 'sha256:../../etc/passwd' }, layers: [] },
    undefined,
    /no digest/,
  ],
  [
    'a digest in upper case',
    { schemaVersion: 2, config: { ...config, digest: DIGEST.toUpperCase() }, layers: [] },
    undefined,
    /no digest/,
  ],
  [
    'sha512',
    { schemaVersion: 2, config: { ...config, digest: `sha512:${'0'.repeat(128)}` }, layers: [] },
    undefined,
    /only sha256/,
  ],
  ['a negative size', { schemaVersion: 2, config: { ...config, size: -1 }, layers: [] }, undefined, /no size/],
  ['a size that is a text', { schemaVersion: 2, config: { ...config, size: '1' }, layers: [] }, undefined, /no size/],
  [
    'a layer of another kind',
    { schemaVersion: 2, config, layers: [{ ...layer, mediaType: 'text/html' }] },
    undefined,
    /not one of a layer/,
  ],
  [
    'a layer of kind __proto__',
    { schemaVersion: 2, config, layers: [{ ...layer, mediaType: '__proto__' }] },
    undefined,
    /not one of a layer/,
  ],
  ['200 layers', { schemaVersion: 2, config, layers: Array(200).fill(layer) }, undefined, /more than 127/],
  ['layers that are no list', { schemaVersion: 2, config, layers: {} }, undefined, /no list/],
  ['a list', [], undefined, /no JSON object/],
])('%s is refused', (_what, value, told, why) => {
  expect(() => parse(value, told)).toThrow(why);
  expect(() => parse(value, told)).toThrow(InputError);
});

test('what is no JSON, or too much of it', () => {
  expect(() => parseManifest(encodeText('<html>'), undefined, 'm')).toThrow(/no JSON/);
  expect(() => parseManifest(Uint8Array.of(0xff, 0xfe), undefined, 'm')).toThrow(/no JSON/);
  expect(() => parseManifest(encodeText('['.repeat(1 << 20)), undefined, 'm')).toThrow(InputError);
  expect(() => parseManifest(new Uint8Array(5 << 20), undefined, 'm')).toThrow(/longer than 4 MiB/);
});

test('a configuration, and what is wrong with others', () => {
  const rootfs = { type: 'layers', diff_ids: [DIGEST] };
  const base = { os: 'linux', architecture: '386', rootfs };
  const read = (value: unknown) => parseConfig(jsonBytes(value), 'config');
  const full = read({
    ...base,
    config: {
      Env: ['A=b=c'],
      Cmd: ['sh'],
      Entrypoint: null,
      Labels: { __proto__x: 'y' },
      ExposedPorts: { '80/tcp': {} },
    },
  });
  expect(full.config).toMatchObject({
    env: ['A=b=c'],
    cmd: ['sh'],
    entrypoint: undefined,
    exposedPorts: ['80/tcp'],
    user: '',
  });
  for (const [wrong, why] of [
    [{ rootfs }, /which system/],
    [{ ...base, rootfs: { type: 'zip' } }, /not of layers/],
    [{ ...base, rootfs: { type: 'layers', diff_ids: ['sha256:../x'] } }, /no digest/],
    [{ ...base, config: { Env: ['=x'] } }, /NAME=VALUE/],
    [{ ...base, config: { Cmd: 'sh' } }, /no list/],
    [{ ...base, config: { Cmd: [1] } }, /list of texts/],
  ] as const)
    expect(() => read(wrong)).toThrow(why);
});
