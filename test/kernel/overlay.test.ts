// overlayfs's rules: a program of ours in C on the host's overlayfs and on ours, over the same lower layer.
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { ByteSource } from '../../src/base/host.js';
import { Layerfs } from '../../src/kernel/fs/layerfs.js';
import { Overlayfs } from '../../src/kernel/fs/overlayfs.js';
import { indexLayer } from '../../src/oci/layer.js';
import { missing, root } from '../provisioned.js';
import { scratch } from '../scratch.js';
import { type TarFile, tarOf } from '../tar.js';
import { TestNode } from './node-fixture.js';

const PLAIN =
  'file appended emptied truncated moded owned timed attributed removed renamed replaced hard1 linked mapped';

const LOWER: TarFile[] = [
  ...PLAIN.split(' ').map((name): TarFile => ({ name, data: `lower ${name}`, mode: 0o644 })),
  { name: 'hard2', type: '1', link: 'hard1' },
  { name: 'symbolic', type: '2', link: 'file' },
  ...['directory', 'full', 'empty'].map((name): TarFile => ({ name: `${name}/`, type: '5', mode: 0o755 })),
  ...['directory/a', 'directory/b', 'full/one', 'full/two'].map((name): TarFile => ({ name, data: 'x', mode: 0o644 })),
];

/** The host's, in a namespace of its own: $1 the folder with the tar of the layer, $2 the program. Links stay links, as ours do: index=on. */
const NATIVE = `
mount -t tmpfs tmpfs "$1/place"
cd "$1/place"
mkdir lower upper work merged
tar -C lower -xf "$1/lower.tar"
mount -t overlay overlay -o lowerdir=lower,upperdir=upper,workdir=work,index=on merged
cd merged
exec "$2"
`;

test('overlay', (context) => {
  const place = scratch();
  const binary = join(place, 'overlay');
  const source = join(root, 'test/kernel/overlay/overlay.c');
  const built = spawnSync('gcc', ['-m32', '-O1', '-w', '-static', '-o', binary, source]);
  if (built.status !== 0) missing(context, 'gcc -m32 -static does not work here: run scripts/provision');
  writeFileSync(join(place, 'lower.tar'), tarOf(LOWER));
  mkdirSync(join(place, 'place'));
  chmodSync(place, 0o755);
  const native = execFileSync(
    'unshare',
    ['--mount', '--propagation', 'private', 'sh', '-ec', NATIVE, 'sh', place, binary],
    { encoding: 'utf8', timeout: 60_000 },
  );
  const bytes = tarOf(LOWER.map((file) => prefixed(file)));
  const blob: ByteSource = {
    name: 'lower.tar',
    size: bytes.length,
    read: (at, into) => into.set(bytes.subarray(at, at + into.length)),
  };
  const node = new TestNode(true, (kernel, upper) => {
    const lower = new Layerfs(kernel.newDevice(), kernel.frames, blob, indexLayer(blob));
    return new Overlayfs(kernel.newDevice(), kernel.setup, upper, [lower]);
  });
  node.file('/overlay', readFileSync(binary));
  const here = node.run(['/overlay'], '', '/work');
  expect(here.output).toBe(native);
  expect(here.status).toBe(0);
});

/** The layer's files lie in /work. */
function prefixed(file: TarFile): TarFile {
  const link = file.type === '1' ? `work/${file.link}` : file.link;
  return { ...file, name: `work/${file.name}`, ...(link === undefined ? {} : { link }) };
}
