// Random instruction streams agree with QEMU: a fixed batch. By hand, for longer: node test/fuzz/run.mjs.
// test/fuzz/README.md.

import { describe, expect, test } from 'vitest';
import { needs } from '../provisioned.js';

const SEED = 20;
const COUNT = 2000;

const load = (name: string) => import(new URL(name, import.meta.url).href);

describe('random snippets', () => {
  test(`${COUNT} agree with QEMU`, async (context) => {
    const { qemu } = needs(context, 'qemu', 'nasm');
    const { fuzz, show } = await load('fuzz.mjs');
    const found: { one: unknown; lines: string[] }[] = await fuzz(SEED, COUNT, { qemu });
    expect(found.map(({ one, lines }) => [show(one), ...lines].join('\n'))).toEqual([]);
  });

  test('a result that differs is seen', async (context) => {
    needs(context, 'nasm');
    const { assembleHarness, inScratchFolder, MACHINES } = await load('machines.mjs');
    const { compareResults, decodeResults, encodeBatch, makeSnippets, RESULT_SIZE } = await load('batch.mjs');
    const snippets = makeSnippets(SEED, 3);
    const bytes: Buffer = await inScratchFolder(async (folder: string) => {
      const { bytes, failure } = await MACHINES.tabvisor(encodeBatch(assembleHarness(folder), snippets), folder, 60);
      expect(failure).toBeUndefined();
      return bytes;
    });
    expect(bytes.length).toBe(3 * RESULT_SIZE);
    const right = decodeResults(bytes);
    expect(compareResults(snippets[1], right[1], right[1])).toEqual([]);
    // EAX, a block of memory, an XMM register
    for (const at of [0, 13 * 4, RESULT_SIZE - 512 + 160]) {
      const wrong = Buffer.from(bytes);
      wrong[RESULT_SIZE + at] ^= 0x40;
      expect(compareResults(snippets[1], decodeResults(wrong)[1], right[1])).toHaveLength(1);
    }
  });
});
