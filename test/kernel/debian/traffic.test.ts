// Traffic control by Debian's tc: what a script prints in Debian's own kernel, which has all of it, and in ours must be the same.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, type TestContext, test } from 'vitest';
import { missing, needs, root } from '../../provisioned.js';
import { scratch } from '../../scratch.js';
import { inDebiansKernel, IPROUTE_LIBRARIES } from './debian-kernel.js';
import { Debian } from './debian-node.js';

const SCHEDULERS = ['sch_htb', 'sch_tbf', 'sch_prio', 'cls_u32', 'cls_fw', 'cls_matchall'];

let debian: Debian | undefined;
afterAll(() => debian?.close());

/** Compiles programs/NAME.c. */
function program(context: TestContext, name: string): Uint8Array {
  const binary = join(scratch(), name);
  const source = join(root, `test/kernel/debian/programs/${name}.c`);
  try {
    execFileSync('gcc', ['-m32', '-O1', '-w', '-static', '-o', binary, source], { stdio: 'pipe' });
  } catch {
    missing(context, 'gcc -m32 -static does not work here: run scripts/provision');
  }
  return readFileSync(binary);
}

test('prio, pfifo_fast, and the filters u32, fw and matchall', async (context) => {
  const files = { talk: program(context, 'talk') };
  debian = new Debian(needs(context, 'debian').debian, files);
  const script = readFileSync(new URL('scripts/tc-filters.sh', import.meta.url), 'utf8');
  const options = {
    programs: ['bin/dash', 'sbin/tc'],
    libraries: IPROUTE_LIBRARIES,
    modules: SCHEDULERS.map((name) => `net/sched/${name}`),
    files,
  };
  const [linux, here] = await Promise.all([inDebiansKernel(context, script, options), debian.here('tc-filters')]);
  expect(here.output).toBe(linux);
  expect(linux.length).toBeGreaterThan(10_000);
});
