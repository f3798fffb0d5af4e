// What limits of groups come to, in figures. The virtual clock goes by instructions, so they are the same on any machine; Debian's
// kernel, which cgroups.test.ts asks about the rest, has 32 bits, and slows nobody down for memory.high or io.max.
import { readFileSync } from 'node:fs';
import { expect, type TestContext, test } from 'vitest';
import { needs } from '../provisioned.js';
import { groupProgram, hostVolume } from './group-programs.js';
import { TestNode } from './node-fixture.js';

const DISK = 8 << 20;

function nodeWith(context: TestContext, ...names: string[]): TestNode {
  const node = new TestNode();
  node.nanosecondsPerInstruction = 5;
  for (const name of names) node.file(`/bin/${name}`, groupProgram(context, name));
  hostVolume(node, { disk: Buffer.alloc(DISK) });
  return node;
}

test('shares, limits, kills and speeds', (context) => {
  const { busybox } = needs(context, 'busybox');
  const node = nodeWith(context, 'figures');
  node.file('/bin/busybox', readFileSync(busybox));
  const { cgroups } = node.kernel;
  const groups = cgroups.count;
  const { output, errors } = node.run(['/bin/figures', '/host/disk'], '', '/tmp');
  expect(errors).toBe('');
  const figures = new Map([...output.matchAll(/^(.*) = (.*)$/gm)].map(([, name, value]) => [name, Number(value)]));
  const figure = (name: string): number => {
    const value = figures.get(name);
    expect(value, `${name}\n${output}`).toBeDefined();
    return value!;
  };
  const within = (name: string, middle: number, slack: number): void => {
    expect(figure(name), name).toBeGreaterThanOrEqual(middle - slack);
    expect(figure(name), name).toBeLessThanOrEqual(middle + slack);
  };

  within('half of a processor', 0.5, 0.05);
  within('weight 100 against 300', 0.25, 0.05);
  within('100', 1 / 4, 0.05);
  within('300, of it 100', 3 / 16, 0.05);
  within('300, of it 300', 9 / 16, 0.05);
  within('0.8 within 0.3 of a processor', 0.3, 0.05);
  within('0.1 within 0.3 of a processor', 0.1, 0.05);

  expect(figure('signal that ends who takes 40 MiB of 16')).toBe(9);
  expect(figure('killed')).toBe(1);
  expect(figure('alive beside it, and elsewhere')).toBe(2);
  expect(figure('slower above memory.high')).toBeGreaterThan(20);
  expect(figure('killed for memory.high')).toBe(0);
  expect(figure('noted')).toBeGreaterThan(0);
  within('MiB that are kept of 2, protected', 2, 0.1);
  expect(figure('killed beside')).toBe(0);
  expect(figure('can be had back')).toBe(0);
  expect(figure('MiB that are kept then')).toBeLessThan(1.1);

  expect(figure('a fork bomb of 20')).toBe(20);
  expect(figure('what a shell beside it answers')).toBe(42);
  expect(figure('after seconds')).toBeLessThan(1);
  expect(figure('groups that a hundred leave')).toBe(0);

  within('of 2 MiB a second', 1, 0.1);
  within('of 20 writes a second', 1, 0.1);

  expect(figure('counted while frozen')).toBe(0);
  expect(figure('goes on')).toBe(1);
  expect(cgroups.count).toBe(groups);
});

const HELD = `== io.max
2 MiB a second: 3 MiB in 1.5: 1
40 operations a second: 60 in 1.5: 1
writing 1 MiB a second: 1.5 MiB in 1.5: 1
others are not held back: 1
  sleeps: 'D'
  can be killed: 9
who is held back: 1
without limits at once: 1
== io.max of nested groups
the tighter limit acts above: 1
  and below: 1
== io.weight
100 and 300 are a quarter and three: 1
who is alone has all of it: 1
nothing is left: 0
`;

const STALLED = `== io.pressure, memory.pressure
who waits for a disk is heard: 1
  some of two seconds: 1
  that was all there were: 1
  nobody waited for memory: 1
above memory.high somebody waits for memory: 1
nothing is left: 0
`;

test('who is held back for a disk or for memory, and the pressure that this is', (context) => {
  const node = nodeWith(context, 'io', 'stalls');
  const held = node.run(['/bin/io', '/host/disk', 'held'], '', '/tmp');
  expect(held.errors).toBe('');
  expect(held.output).toBe(HELD);
  const stalled = node.run(['/bin/stalls', '/host/disk'], '', '/tmp');
  expect(stalled.errors).toBe('');
  expect(stalled.output).toBe(STALLED);
});
