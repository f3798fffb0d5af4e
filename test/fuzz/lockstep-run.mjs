// Runs random programs in lock-step and prints those that fail, cut down.
// Ours; test/fuzz/README.md.
//
//   node test/fuzz/lockstep-run.mjs [--seed N] [--count N] [--most N]
import { setImmediate } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { cutDown, describe } from './cut-down.mjs';
import { Lockstep } from './lockstep.mjs';
import { makeProgram } from './system-program.mjs';

/** Modules that are dropped are freed in a turn of the event loop. */
const TURN = 20;

/** Programs of `count` seeds from `seed` on. The value: the first `most` failures as {program, lines}, and the Lockstep. */
export async function fuzz(seed, count, { most = Number.POSITIVE_INFINITY } = {}) {
  const lockstep = new Lockstep();
  const failures = [];
  for (let n = 0; n < count && failures.length < most; n++) {
    const program = makeProgram(seed + n);
    if (lockstep.run(program).length > 0) {
      const small = cutDown(program, (one) => lockstep.run(one).length > 0);
      failures.push({ program: small, lines: lockstep.run(small) });
    }
    if (n % TURN === 0) await setImmediate();
  }
  return { failures, lockstep };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values } = parseArgs({
    options: {
      seed: { type: 'string', default: '1' },
      count: { type: 'string', default: '10000' },
      most: { type: 'string', default: '5' },
    },
  });
  const { failures, lockstep } = await fuzz(Number(values.seed), Number(values.count), { most: Number(values.most) });
  for (const { program, lines } of failures)
    console.log([...describe(program), ...lines.map((line) => `    ${line}`), ''].join('\n'));
  const { instructions, latency, met, translated } = lockstep;
  console.log(
    `${instructions} instructions, ${translated.linker.modules} modules, ${lockstep.joined} of joined regions, at most ${latency} beyond a budget`,
  );
  console.log(
    Object.entries(met)
      .map(([name, count]) => `${name}: ${count}`)
      .join(', '),
  );
  console.log(`${failures.length} failed`);
  process.exitCode = failures.length > 0 ? 1 : 0;
}
