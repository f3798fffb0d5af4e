// Debian's programs as processes of our kernel: what each script prints here and natively under chroot must be the same.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { needs, provisioned } from '../../provisioned.js';
import { Debian } from './debian-node.js';

const SCRIPTS = [
  'shell',
  'coreutils',
  'perl',
  'python',
  'git',
  'sqlite',
  'gcc',
  'make',
  'musl',
  'archives',
  'esbuild',
  'namespaces',
  'links',
  'tc',
] as const;

let debian: Debian | undefined;
beforeAll(() => {
  const root = provisioned('debian');
  if (root) debian = new Debian(root);
});
afterAll(() => debian?.close());

test.for(SCRIPTS)('%s', async (name, context) => {
  needs(context, 'debian', 'esbuild32');
  const [here, native] = await Promise.all([debian!.here(name), debian!.there(name)]);
  expect(here).toEqual(native);
  expect(here.status).toBe(0);
});
