// Traffic control by Debian's tc, and frames by its tcpdump: what a script prints on Linux and in our kernel must be the same. Linux is Debian's
// own kernel for tc, which needs its modules, and the host's for tcpdump.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, type TestContext, test } from 'vitest';
import { missing, needs, root as repository } from '../../provisioned.js';
import { scratch } from '../../scratch.js';
import { inDebiansKernel, IPROUTE_LIBRARIES } from './debian-kernel.js';
import { Debian } from './debian-node.js';

const SCHEDULERS = ['sch_htb', 'sch_tbf', 'sch_prio', 'cls_u32', 'cls_fw', 'cls_matchall', 'cls_flower'];

let debian: Debian | undefined;
/** One root with the programs of both tests. */
function root(context: TestContext): { debian: Debian; talk: Uint8Array } {
  const talk = program(context, 'talk');
  debian ??= new Debian(needs(context, 'debian').debian, { talk });
  return { debian, talk };
}
afterAll(() => debian?.close());

/** Compiles programs/NAME.c. */
function program(context: TestContext, name: string): Uint8Array {
  const binary = join(scratch(), name);
  const source = join(repository, `test/kernel/debian/programs/${name}.c`);
  try {
    execFileSync('gcc', ['-m32', '-O1', '-w', '-static', '-o', binary, source], { stdio: 'pipe' });
  } catch {
    missing(context, 'gcc -m32 -static does not work here: run scripts/provision');
  }
  return readFileSync(binary);
}

test('prio, pfifo_fast, and the filters u32, fw, matchall and flower', async (context) => {
  const { debian, talk } = root(context);
  const script = readFileSync(new URL('scripts/tc-filters.sh', import.meta.url), 'utf8');
  const options = {
    programs: ['bin/dash', 'sbin/tc'],
    libraries: IPROUTE_LIBRARIES,
    modules: SCHEDULERS.map((name) => `net/sched/${name}`),
    files: { talk },
  };
  const [linux, here] = await Promise.all([inDebiansKernel(context, script, options), debian.here('tc-filters')]);
  expect(here.output).toBe(linux);
  expect(linux.length).toBeGreaterThan(10_000);
});

test('tcpdump: captures, filters in the kernel, all interfaces', async (context) => {
  const folder = needs(context, 'debian').debian;
  if (!existsSync(join(folder, 'usr/bin/tcpdump')))
    missing(context, 'tcpdump is not in the root: run scripts/provision');
  const { debian } = root(context);
  const [here, native] = await Promise.all([debian.here('tcpdump'), debian.there('tcpdump')]);
  expect(here).toEqual(native);
  expect(here.output).toContain('2 packets captured');
});
