// Makes test/vectors/sample.hwv.gz: a balanced choice from a whole HWV1 file, every template in it.
// Ours; test/vectors/FORMAT.md.
//
//   node scripts/sample-vectors.mjs FILE.hwv.gz OUT.hwv.gz [MAX_BYTES]
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { openHwv } from './hwv.mjs';

const MAX_BYTES = 2.5 * (1 << 20);

const [input, output, maximum = MAX_BYTES] = process.argv.slice(2);
if (!input || !output) {
  console.error('usage: sample-vectors FILE.hwv.gz OUT.hwv.gz [MAX_BYTES]');
  process.exit(2);
}

const source = openHwv(input);
const groups = new Map();
for (const one of source.cases()) {
  // cases that fault, and each code size, are kinds of their own
  const key = `${one.template}/${one.mode}/${one.final.exception?.vector ?? ''}`;
  if (!groups.has(key)) groups.set(key, []);
  groups.get(key).push({ id: one.id, record: source.bytes.subarray(one.at, one.end) });
}

/** An order that has nothing to do with the file's, and is the same each time. */
function rank({ id }) {
  return createHash('sha256').update(`${source.header.seed} ${id}`).digest('hex');
}
for (const group of groups.values()) group.sort((a, b) => (rank(a) < rank(b) ? -1 : 1));

/** The file with at most `most` cases of each group. */
function sample(most) {
  const chosen = [...groups.values()].flatMap((group) => group.slice(0, most)).sort((a, b) => a.id - b.id);
  const header = Buffer.from(JSON.stringify({ ...source.header, count: chosen.length, classes: undefined }));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(header.length);
  const records = chosen.map(({ record }) => record);
  const bytes = gzipSync(Buffer.concat([Buffer.from('HWV1\n'), length, header, ...records]), { level: 9 });
  return { bytes, count: chosen.length };
}

let best = sample(1);
for (let most = 2; ; most++) {
  const next = sample(most);
  if (next.bytes.length > Number(maximum) || next.count === best.count) break;
  best = next;
}
writeFileSync(output, best.bytes);
console.log(`${best.count} cases of ${groups.size} kinds, ${best.bytes.length} bytes`);
