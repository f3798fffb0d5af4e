// Random programs under paging, translated, in lock-step with the interpreter: self-modifying code, faults, interrupts, steps.
// Ours; `node test/fuzz/lockstep-run.mjs --seed N --count N` runs more.
import { expect, it } from 'vitest';
import { describe as show } from './cut-down.mjs';
import { fuzz } from './lockstep-run.mjs';

const SEED = 1;
const COUNT = 3000;
/** Programs that have failed: a region that never came back, flags lost on a return. */
const FOUND = [1675, 5219, 5754];

it.each(FOUND)('program %i', async (seed) => {
  const { failures } = await fuzz(seed, 1);
  expect(failures.flatMap(({ lines }) => lines)).toEqual([]);
});

it(`agrees with the interpreter wherever it stops, in ${COUNT} programs`, { timeout: 600_000 }, async () => {
  const { failures, lockstep } = await fuzz(SEED, COUNT, { most: 1 });
  const text = failures.map(({ program, lines }) => [...show(program), ...lines].join('\n')).join('\n\n');
  expect(failures.length, text).toBe(0);
  // it did what it is for
  const { translated, instructions } = lockstep;
  const met: Record<string, number> = lockstep.met;
  expect(translated.linker.modules).toBeGreaterThan(COUNT);
  expect(instructions).toBeGreaterThan(100 * COUNT);
  expect(lockstep.joined).toBeGreaterThan(COUNT / 100);
  for (const event of [
    'vector 14',
    'vector 13',
    'vector 1',
    'vector 2',
    'interrupt',
    'dma',
    'page',
    'step',
    'protect',
    'window',
  ]) {
    expect(met[event], event).toBeGreaterThan(COUNT / 100);
  }
});
