// The differential fuzzer by hand: random snippets on QEMU and on our virtual machine.
//
//   node test/fuzz/run.mjs [--seed S] [--count N] [--max-print N]
//
// Exit status: 0 they agree, 1 they differ.
import { parseArgs } from 'node:util';
import { prefixes } from './batch.mjs';
import { disassemble } from './disassemble.mjs';
import { BATCH, differences, fuzz, show } from './fuzz.mjs';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    count: { type: 'string', default: '2000' },
    'max-print': { type: 'string', default: '10' },
  },
});
const count = Number(values.count);
const maxPrint = Number(values['max-print']);
let failed = 0;
for (let seed = Number(values.seed), done = 0; done < count; seed++) {
  const n = Math.min(BATCH, count - done);
  for (const { one } of await fuzz(seed, n)) {
    if (failed++ >= maxPrint) continue;
    // all that counts is up to the first instruction that makes a difference
    const [first] = await differences(prefixes(one));
    console.log(show(first.one));
    for (const line of disassemble(first.one)) console.log(`        ${line}`);
    console.log(`    ended with vector ${first.oracle.state[10]} at ${first.oracle.state[8].toString(16)}`);
    for (const line of first.lines.slice(0, 8)) console.log(`    ${line}`);
  }
  done += n;
}
if (failed > maxPrint) console.log(`... and ${failed - maxPrint} more`);
console.log(`${count - failed} agreed, ${failed} differed`);
process.exitCode = failed > 0 ? 1 : 0;
