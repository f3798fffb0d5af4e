// One round of the differential fuzzer: a batch on both machines, and what differs.
// Ours; test/fuzz/README.md.
import { compareResults, decodeResults, encodeBatch, makeSnippets, RESULT_SIZE } from './batch.mjs';
import { assembleHarness, inScratchFolder, MACHINES } from './machines.mjs';

/** Snippets a run of the machines: an image of a few MiB. */
export const BATCH = 10_000;

/** `snippets` on both machines. The value: [{one, lines, ours, oracle}] of those that differ. Throws when a machine stops early. */
export function differences(snippets, { qemu, seconds = 20 + snippets.length / 200 } = {}) {
  return inScratchFolder(async (folder) => {
    const image = encodeBatch(assembleHarness(folder), snippets);
    const oracle = await MACHINES.qemu(image, folder, seconds, qemu);
    const ours = await MACHINES.tabvisor(image, folder, seconds);
    for (const [name, { bytes, failure }] of Object.entries({ QEMU: oracle, tabvisor: ours })) {
      const done = Math.floor(bytes.length / RESULT_SIZE);
      if (!failure && done === snippets.length) continue;
      const next = snippets[done];
      throw new Error(`${name} stopped at snippet ${done} of ${snippets.length} (${show(next)})`, { cause: failure });
    }
    const want = decodeResults(oracle.bytes);
    const got = decodeResults(ours.bytes);
    return snippets
      .map((one, i) => ({ one, lines: compareResults(one, got[i], want[i]), ours: got[i], oracle: want[i] }))
      .filter(({ lines }) => lines.length > 0);
  });
}

/** A batch of `count` from `seed`. */
export function fuzz(seed, count, options) {
  return differences(makeSnippets(seed, count), options);
}

export function show(one) {
  return one ? `seed ${one.seed}, ring ${one.ring}: ${Buffer.from(one.code).toString('hex')}` : 'the end';
}
