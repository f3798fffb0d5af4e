// What people do at a terminal, what serves in the background, and who looks on: in Debian's root here and natively.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { needs, provisioned } from '../../provisioned.js';
import { Debian } from './debian-node.js';

const PEOPLE = ['terminal', 'tmux', 'procps'] as const;
const SERVICES = ['network', 'apt', 'mirror', 'postgres', 'redis', 'nginx', 'iproute'] as const;
const OBSERVERS = ['strace', 'gdb'] as const;

let debian: Debian | undefined;
beforeAll(() => {
  const root = provisioned('debian');
  if (root) debian = new Debian(root);
});
afterAll(() => debian?.close());

test.for([...PEOPLE, ...SERVICES, ...OBSERVERS])('%s', async (name, context) => {
  needs(context, 'debian');
  const [here, native] = await Promise.all([debian!.here(name), debian!.there(name)]);
  expect(here).toEqual(native);
  expect(here.status).toBe(0);
});
