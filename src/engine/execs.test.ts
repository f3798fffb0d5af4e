// Which execs are known, and for how long. Docker Engine API, "Exec".
import { expect, test } from 'vitest';
import type { NodeClient } from '../runtime/node-client.js';
import type { Container } from './container.js';
import { NotFound } from './errors.js';
import { execOf } from './health-probe.js';
import { Execs } from './execs.js';

function model() {
  let chance = 0;
  const host = {
    random: (into: Uint8Array) => new DataView(into.buffer).setUint32(0, chance++),
  };
  const ends = new Map<string, (status: number) => void>();
  const node = {
    listen: ({ exec }: { exec: string }, { exited }: { exited(status: number): void }) => void ends.set(exec, exited),
    call: async () => ({ pid: 1 }),
    endInput() {},
  };
  const container = (): Container =>
    ({
      ...{ running: true, execIds: new Set(), config: { User: '', Env: [], WorkingDir: '' }, tell() {} },
      host: { CapAdd: [], CapDrop: [], Ulimits: [] },
    }) as unknown as Container;
  return { execs: new Execs(node as unknown as NodeClient, host as never), ends, container };
}

test('a thousand that do not run are known, the newest; whoever runs is known as long as that', async () => {
  const { execs, ends, container } = model();
  const one = container();
  const [first, runs] = [execs.add(one, execOf(['true'])), execs.add(one, execOf(['sleep']))];
  await runs.start();
  const others = Array.from({ length: 2000 }, () => execs.add(one, execOf(['true'])));
  expect(() => execs.find(first.id)).toThrow(NotFound);
  expect(() => execs.find(others[0]!.id)).toThrow(NotFound);
  expect(execs.find(others.at(-1)!.id)).toBe(others.at(-1));
  expect(execs.find(runs.id).state).toBe('running');
  expect(one.execIds.size).toBe(1000);
  ends.get(runs.id)!(0);
  expect(execs.find(runs.id).exitCode).toBe(0);
  expect(one.execIds.has(runs.id)).toBe(false);
});

test('long words count, and all of a container goes with it', () => {
  const { execs, container } = model();
  const [one, other] = [container(), container()];
  const long = Array.from({ length: 8 }, () => execs.add(one, execOf(['x'.repeat(4 << 20)])));
  expect(one.execIds.size).toBe(4);
  const kept = execs.add(other, execOf(['true']));
  execs.forget(one);
  for (const { id } of long) expect(() => execs.find(id)).toThrow(NotFound);
  expect(execs.find(kept.id)).toBe(kept);
});
