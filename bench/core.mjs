// The bare core on short loops with no devices and no paging: million instructions a second,
// interpreted and translated.
// loops/*.S; the sampling is the npm package benchmark's.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import Benchmark from 'benchmark';
import { machine } from './machine.mjs';
import { digits } from './table.mjs';

const loops = fileURLToPath(new URL('loops', import.meta.url));
const cache = fileURLToPath(new URL('../.cache/bench', import.meta.url));

export const LOOPS = readdirSync(loops)
  .map((file) => file.replace('.S', ''))
  .sort();

const MIB = 1 << 20;
const CODE = 0x100000;
const STEP = 1_000_000;
const WARM_UP = 20;
/** Present, accessed, of code (execute, read) or data (read, write), 32 bits, whole address space. */
const FLAT_CODE = 0xc09b;
const FLAT_DATA = 0xc093;
const SEGMENTS = { cs: FLAT_CODE, ds: FLAT_DATA, es: FLAT_DATA, ss: FLAT_DATA, fs: FLAT_DATA, gs: FLAT_DATA };
const PROTECTION_ENABLED = 1;

/** `options`: {only, seconds: how long each loop is sampled}. */
export async function measureCore(options, say) {
  const { CoreMachine, abi } = await import('../scripts/core-machine.mjs');
  const started = machine();
  const results = {};
  for (const name of LOOPS) {
    if (options.only && !options.only.includes(name)) continue;
    const code = assemble(name);
    const start = (translate) => {
      const core = new CoreMachine(16 * MIB, translate);
      Object.entries(SEGMENTS).forEach(([segment, attributes]) => {
        core.setSegment(segment, segment === 'cs' ? 8 : 16, 0, 0xffffffff, attributes);
      });
      core.setControl(PROTECTION_ENABLED, 0, 0);
      core.eflags = 2;
      core.poke(CODE, code);
      core.eip = CODE;
      return core;
    };
    const interpreted = sample(() => start(false), abi, options.seconds);
    const translated = sample(() => start(true), abi, options.seconds);
    results[name] = { interpreted, translated };
    say(`${name}: ${digits(interpreted.mips)} MIPS interpreted, ${digits(translated.mips)} translated`);
  }
  return {
    name: 'core',
    title: 'The core alone on short loops',
    machine: started,
    notes: ['million guest instructions a CPU second; flat 32-bit segments, no paging'],
    tables: [
      {
        title: 'MIPS',
        rows: [
          ['loop', 'interpreted', '± %', 'translated', '± %'],
          ...Object.entries(results).map(([name, { interpreted, translated }]) => [
            name,
            ...[interpreted, translated].flatMap(({ mips, error }) => [digits(mips), digits(error)]),
          ]),
        ],
      },
    ],
    data: { options, results },
  };
}

function assemble(name) {
  mkdirSync(cache, { recursive: true });
  const object = join(cache, `${name}.o`);
  const binary = join(cache, `${name}.bin`);
  execFileSync('gcc', ['-m32', '-c', join(loops, `${name}.S`), '-o', object]);
  execFileSync('objcopy', ['-O', 'binary', '-j', '.text', object, binary]);
  return readFileSync(binary);
}

/**
 * {mips: by CPU seconds of all samples, error: the package's relative margin of error in percent (by wall time), samples}.
 * A loop that ends (HLT) is begun anew.
 */
function sample(start, abi, seconds) {
  let core = start();
  let done = 0n;
  const retired = () => done + core.view.getBigUint64(abi.COUNT_INSTRUCTIONS, true);
  const step = () => {
    const exit = core.run(STEP);
    if (exit === abi.EXIT_BUDGET) return;
    if (exit !== abi.EXIT_HLT) throw new Error(`the loop ended with exit ${exit} at ${core.eip.toString(16)}`);
    done = retired();
    core = start();
  };
  for (let i = 0; i < WARM_UP; i++) step();

  const bench = new Benchmark({ fn: step, maxTime: seconds });
  const before = retired();
  const usage = process.cpuUsage();
  bench.run();
  const { user, system } = process.cpuUsage(usage);
  if (bench.error) throw bench.error;
  return {
    mips: Number(retired() - before) / (user + system),
    error: bench.stats.rme,
    samples: bench.stats.sample.length,
  };
}
