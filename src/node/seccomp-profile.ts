// A seccomp profile as a filter: the calls by their numbers in a search tree, so that a call passes few comparisons however long the
// profile is. OCI runtime-spec, config-linux.md, "Seccomp"; libseccomp's answers where several rules match: the one that allows least.
import type { SeccompSpec } from '../base/runtime-spec.js';
import type { Abi } from '../kernel/abi/abi.js';
import { EPERM } from '../kernel/abi/errno.js';
import * as S from '../kernel/abi/seccomp.js';
import { type Instruction, isValidFilter } from '../kernel/security/bpf.js';
import type { Filter } from '../kernel/security/seccomp.js';
import { SYSCALLS } from '../kernel/syscalls/table.js';
import { Refusal } from './refusal.js';

const ACTIONS: Readonly<Record<string, number>> = {
  SCMP_ACT_KILL: S.SECCOMP_RET_KILL_THREAD,
  SCMP_ACT_KILL_THREAD: S.SECCOMP_RET_KILL_THREAD,
  SCMP_ACT_KILL_PROCESS: S.SECCOMP_RET_KILL_PROCESS,
  SCMP_ACT_TRAP: S.SECCOMP_RET_TRAP,
  SCMP_ACT_ERRNO: S.SECCOMP_RET_ERRNO,
  SCMP_ACT_TRACE: S.SECCOMP_RET_TRACE,
  SCMP_ACT_LOG: S.SECCOMP_RET_LOG,
  SCMP_ACT_ALLOW: S.SECCOMP_RET_ALLOW,
};

const LOAD = 0x20;
const RETURN = 0x06;
const JUMP = 0x05;
const JUMP_EQUAL = 0x15;
const JUMP_GREATER = 0x25;
const JUMP_NOT_LESS = 0x35;
const AND = 0x54;
const NUMBER = 0;
const ARCH = 4;
const FIRST_ARGUMENT = 16;
/** A jump by the result of a comparison reaches so far. */
const REACH = 255;

type Rule = NonNullable<SeccompSpec['syscalls']>[number];
type Argument = NonNullable<Rule['args']>[number];

function answerOf(action: string, errno: number | undefined): number {
  if (!Object.hasOwn(ACTIONS, action)) throw new Refusal('invalid', `seccomp: there is no action '${action}'`);
  const answer = ACTIONS[action]!;
  const data = answer === S.SECCOMP_RET_ERRNO ? (errno ?? EPERM) : answer === S.SECCOMP_RET_TRACE ? (errno ?? 0) : 0;
  return (answer | (data & S.SECCOMP_RET_DATA)) >>> 0;
}

const jump = (code: number, k: number, jt: number, jf: number): Instruction => ({ code, jt, jf, k: k >>> 0 });
const give = (k: number): Instruction => ({ code: RETURN, jt: 0, jf: 0, k: k >>> 0 });
const load = (k: number): Instruction => ({ code: LOAD, jt: 0, jf: 0, k });

/** Falls through when the argument is as the rule says, else jumps `miss` instructions behind the comparison's last. */
function comparison({ index, value, valueTwo, op }: Argument, miss: (left: number) => number): Instruction[] {
  // words of 32 bits: an i386 program has no others
  const at = load(FIRST_ARGUMENT + 8 * index);
  const k = value >>> 0;
  const to = miss(0);
  switch (op) {
    case 'SCMP_CMP_EQ':
      return [at, jump(JUMP_EQUAL, k, 0, to)];
    case 'SCMP_CMP_NE':
      return [at, jump(JUMP_EQUAL, k, to, 0)];
    case 'SCMP_CMP_GT':
      return [at, jump(JUMP_GREATER, k, 0, to)];
    case 'SCMP_CMP_GE':
      return [at, jump(JUMP_NOT_LESS, k, 0, to)];
    case 'SCMP_CMP_LT':
      return [at, jump(JUMP_NOT_LESS, k, to, 0)];
    case 'SCMP_CMP_LE':
      return [at, jump(JUMP_GREATER, k, to, 0)];
    case 'SCMP_CMP_MASKED_EQ':
      return [at, { code: AND, jt: 0, jf: 0, k }, jump(JUMP_EQUAL, (valueTwo ?? 0) >>> 0, 0, to)];
    default:
      throw new Refusal('invalid', `seccomp: there is no comparison '${op}'`);
  }
}

/** What is answered for one call: its rules in turn, the first that matches, else `otherwise`. */
function rulesOf(rules: readonly Rule[], otherwise: number): Instruction[] {
  const code: Instruction[] = [];
  // rules that allow least come first
  const severity = (rule: Rule): number => answerOf(rule.action, rule.errnoRet) | 0;
  for (const rule of [...rules].sort((a, b) => severity(a) - severity(b))) {
    const answer = give(answerOf(rule.action, rule.errnoRet));
    if (!rule.args?.length) {
      code.push(answer);
      return code;
    }
    const pieces = rule.args.map((argument) => comparison(argument, () => 0).length);
    rule.args.forEach((argument, i) => {
      // over the comparisons that follow, and the answer
      const rest = pieces.slice(i + 1).reduce((sum, length) => sum + length, 0) + 1;
      code.push(...comparison(argument, () => rest));
    });
    code.push(answer);
  }
  code.push(give(otherwise));
  return code;
}

const sameCode = (a: Instruction[], b: Instruction[]): boolean =>
  a.length === b.length &&
  a.every((one, i) => one.code === b[i]!.code && one.k === b[i]!.k && one.jt === b[i]!.jt && one.jf === b[i]!.jf);

/** Numbers from `first` on, up to the next range, are answered by `code`. */
interface Range {
  first: number;
  code: Instruction[];
}

/** A tree of comparisons over ranges. */
function search(ranges: readonly Range[]): Instruction[] {
  if (ranges.length === 1) return ranges[0]!.code;
  const middle = ranges.length >> 1;
  const low = search(ranges.slice(0, middle));
  const high = search(ranges.slice(middle));
  const { first } = ranges[middle]!;
  if (low.length <= REACH) return [jump(JUMP_NOT_LESS, first, low.length, 0), ...low, ...high];
  return [jump(JUMP_NOT_LESS, first, 0, 1), { code: JUMP, jt: 0, jf: 0, k: low.length }, ...low, ...high];
}

/** The filter of a profile. Throws Refusal. Names of calls that there are not are passed over, as the spec has it. */
export function filterOf(profile: SeccompSpec, abi: Abi): Filter {
  const otherwise = answerOf(profile.defaultAction, profile.defaultErrnoRet);
  const numbers = new Map<string, number>();
  for (const { name, i386 } of SYSCALLS) if (i386 !== undefined) numbers.set(name, i386);
  const rules = new Map<number, Rule[]>();
  for (const rule of profile.syscalls ?? [])
    for (const name of new Set(rule.names)) {
      const number = numbers.get(name);
      if (number === undefined) answerOf(rule.action, rule.errnoRet);
      else rules.set(number, [...(rules.get(number) ?? []), rule]);
    }
  const ranges: Range[] = [];
  const add = (first: number, code: Instruction[]): void => {
    const last = ranges.at(-1);
    if (last?.first === first) last.code = code;
    else if (!last || !sameCode(last.code, code)) ranges.push({ first, code });
  };
  add(0, [give(otherwise)]);
  for (const [number, own] of [...rules].sort(([a], [b]) => a - b)) {
    add(number, rulesOf(own, otherwise));
    add(number + 1, [give(otherwise)]);
  }
  // a number's own range may have begun with the answer of those before it
  const merged = ranges.filter((range, i) => i === 0 || !sameCode(range.code, ranges[i - 1]!.code));
  const program = [
    load(ARCH),
    jump(JUMP_EQUAL, abi.auditArch, 1, 0),
    give(S.SECCOMP_RET_KILL_PROCESS),
    load(NUMBER),
    ...search(merged),
  ];
  if (!isValidFilter(program))
    throw new Refusal('invalid', `seccomp: the profile takes ${program.length} instructions, which are too many`);
  return { program, count: 1, length: program.length + 4 };
}
