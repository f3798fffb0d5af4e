// What people do at a terminal, and what serves in the background, in Debian's root here and natively.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { needs, provisioned } from '../../provisioned.js';
import { Debian } from './debian-node.js';

const SCRIPTS = ['terminal', 'tmux', 'procps', 'apt'] as const;

let debian: Debian | undefined;
beforeAll(() => {
  const root = provisioned('debian');
  if (root) debian = new Debian(root);
});
afterAll(() => debian?.close());

test.for(SCRIPTS)('%s', async (name, context) => {
  needs(context, 'debian');
  const [here, native] = await Promise.all([debian!.here(name), debian!.there(name)]);
  expect(here).toEqual(native);
  expect(here.status).toBe(0);
});
