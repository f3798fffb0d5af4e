// The profile of containers against Docker's own data, for each call of our kernel: allowed, refused, or by its arguments.
// Source: moby/profiles, seccomp/default.json, beside the repository (../shared/docker-api).
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { I386 } from '../../src/kernel/abi/i386/i386.js';
import { runFilter } from '../../src/kernel/security/bpf.js';
import type { Filter } from '../../src/kernel/security/seccomp.js';
import { SYSCALLS } from '../../src/kernel/syscalls/table.js';
import { filterOf } from '../../src/node/seccomp-profile.js';
import { missing, root } from '../provisioned.js';
import type { SeccompSpec } from '../../src/base/runtime-spec.js';
import { defaultProfile } from '../../src/engine/seccomp-default.js';

interface Rule {
  names: string[];
  action: string;
  errnoRet?: number;
  args?: { index: number; value: number; valueTwo?: number; op: string }[];
  includes?: { caps?: string[]; arches?: string[] };
  excludes?: { caps?: string[]; arches?: string[] };
}

const FILE = join(process.env.TABVISOR_DOCKER_API ?? join(root, '../shared/docker-api'), 'seccomp-default.json');
const DEFAULT = ['CAP_CHOWN', 'CAP_KILL', 'CAP_SETUID', 'CAP_SYS_CHROOT', 'CAP_NET_RAW'];

/** Docker's data as a profile for these capabilities on 32-bit x86. */
function dockers(capabilities: readonly string[]): SeccompSpec {
  const data = JSON.parse(readFileSync(FILE, 'utf8')) as { syscalls: Rule[] };
  const holds = (rule: Rule): boolean => {
    const { includes = {}, excludes = {} } = rule;
    if (includes.caps && !includes.caps.every((one) => capabilities.includes(one))) return false;
    if (excludes.caps?.some((one) => capabilities.includes(one))) return false;
    if (includes.arches && !includes.arches.includes('x86')) return false;
    return !excludes.arches?.includes('x86');
  };
  return { defaultAction: 'SCMP_ACT_ERRNO', syscalls: data.syscalls.filter(holds) };
}

/** What a filter answers for a call. */
function answer({ program }: Filter, number: number, args: readonly number[]): number {
  const data = new Uint32Array(16);
  data[0] = number;
  data[1] = I386.auditArch;
  args.forEach((value, i) => {
    data[4 + 2 * i] = value;
  });
  return runFilter(program, data);
}

test.for([
  ['the default ones', DEFAULT],
  ['none', []],
  [
    'an administrator',
    [
      ...DEFAULT,
      'CAP_SYS_ADMIN',
      'CAP_SYS_TIME',
      'CAP_SYS_NICE',
      'CAP_DAC_READ_SEARCH',
      'CAP_SYS_TTY_CONFIG',
      'CAP_SYS_PACCT',
      'CAP_SYS_BOOT',
    ],
  ],
] as const)(
  "every call of ours is answered as by Docker's data, with capabilities: %s",
  ([, capabilities], context) => {
    if (!existsSync(FILE))
      missing(
        context,
        `${FILE} is not there: curl -Lo ${FILE} https://raw.githubusercontent.com/moby/profiles/main/seccomp/default.json`,
      );
    const [ours, theirs] = [defaultProfile(capabilities), dockers(capabilities)].map((profile) =>
      filterOf(profile, I386),
    );
    const different: string[] = [];
    // flags of clone, families of sockets, personalities
    for (const first of [0, 1, 2, 8, 40, 41, 0x11, 0x20000, 0x20008, 0x10000000, 0x40000000, 0x7e020011, 0xffffffff])
      for (const { name, i386 } of SYSCALLS)
        if (i386 !== undefined && answer(ours!, i386, [first]) !== answer(theirs!, i386, [first]))
          different.push(`${name}(${first})`);
    expect(different).toEqual([]);
  },
);

test('a call passes few comparisons', () => {
  const { program } = filterOf(defaultProfile(DEFAULT), I386);
  const data = new Uint32Array(16);
  data[1] = I386.auditArch;
  const counted = program.map((instruction) => ({ ...instruction }));
  let steps = 0;
  const watched = new Proxy(counted, {
    get(target, key) {
      if (typeof key === 'string' && /^\d+$/.test(key)) steps++;
      return Reflect.get(target, key);
    },
  });
  for (const { i386 } of SYSCALLS) {
    if (i386 === undefined) continue;
    data[0] = i386;
    runFilter(watched, data);
  }
  expect(steps / SYSCALLS.length).toBeLessThan(14);
});
