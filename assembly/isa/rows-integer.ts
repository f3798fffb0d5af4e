// Rows of the instruction table: arithmetic, moves, near branches, the stack. SDM vol. 2 appendix A, tables.
import type { Row } from './opcodes.js';

const hex = (n: number): string => n.toString(16).toUpperCase().padStart(2, '0');

/** ADD OR ADC SBB AND SUB XOR CMP: opcodes 8n + 0..5 and group 1 /n. */
const ARITHMETIC: readonly Row[] = ['add', 'or', 'adc', 'sbb', 'and', 'sub', 'xor', 'cmp'].flatMap((name, n): Row[] => {
  const write = name === 'cmp' ? 'ro' : 'lock';
  const op = `@${name}`;
  return [
    [hex(8 * n), op, 'Eb,Gb', write],
    [hex(8 * n + 1), op, 'Ev,Gv', write],
    [hex(8 * n + 2), op, 'Gb,Eb'],
    [hex(8 * n + 3), op, 'Gv,Ev'],
    [hex(8 * n + 4), op, 'AL,Ib'],
    [hex(8 * n + 5), op, 'eAX,Iz'],
    [`80 /${n}`, op, 'Eb,Ib', write],
    [`81 /${n}`, op, 'Ev,Iz', write],
    [`82 /${n}`, op, 'Eb,Ib', write],
    [`83 /${n}`, op, 'Ev,Ibs', write],
  ];
});

const CONDITIONS = ['o', 'no', 'b', 'nb', 'z', 'nz', 'be', 'nbe', 's', 'ns', 'p', 'np', 'l', 'nl', 'le', 'nle'] as const;
const JUMPS: readonly Row[] = CONDITIONS.flatMap((c, n): Row[] => [
  [hex(0x70 + n), `j${c}*`, 'Jb'],
  [`0F ${hex(0x80 + n)}`, `j${c}*`, 'Jz'],
]);

export const ROWS_INTEGER: readonly Row[] = [
  ...ARITHMETIC,
  ...JUMPS,
  ['84', '@test', 'Eb,Gb', 'ro'],
  ['85', '@test', 'Ev,Gv', 'ro'],
  ['A8', '@test', 'AL,Ib', 'ro'],
  ['A9', '@test', 'eAX,Iz', 'ro'],
  ['F6 /0', '@test', 'Eb,Ib', 'ro'],
  ['F6 /1', '@test', 'Eb,Ib', 'ro'],
  ['F7 /0', '@test', 'Ev,Iz', 'ro'],
  ['F7 /1', '@test', 'Ev,Iz', 'ro'],

  ['40+', 'inc*%', 'Zv'],
  ['48+', 'dec*%', 'Zv'],
  ['FE /0', 'inc8%', 'Eb', 'lock'],
  ['FE /1', 'dec8%', 'Eb', 'lock'],
  ['FF /0', 'inc*%', 'Ev', 'lock'],
  ['FF /1', 'dec*%', 'Ev', 'lock'],
  ['F6 /2', 'not8', 'Eb', 'lock'],
  ['F7 /2', 'not*', 'Ev', 'lock'],
  ['F6 /3', 'neg8', 'Eb', 'lock'],
  ['F7 /3', 'neg*', 'Ev', 'lock'],
  ['86', 'xchg8', 'Eb,Gb', 'lock'],
  ['87', 'xchg*', 'Ev,Gv', 'lock'],
  ['90+', 'xchg*', 'Zv,eAX'],

  ['88', '@mov', 'Eb,Gb'],
  ['89', '@mov', 'Ev,Gv'],
  ['8A', '@mov', 'Gb,Eb'],
  ['8B', '@mov', 'Gv,Ev'],
  ['A0', '@mov', 'AL,Ob'],
  ['A1', '@mov', 'eAX,Ov'],
  ['A2', '@mov', 'Ob,AL'],
  ['A3', '@mov', 'Ov,eAX'],
  ['B0+', '@mov', 'Zb,Ib'],
  ['B8+', '@mov', 'Zv,Iz'],
  ['C6 /0', '@mov', 'Eb,Ib'],
  ['C7 /0', '@mov', 'Ev,Iz'],
  ['8D', 'lea*', 'Gv,M', 'm lea'],
  ['0F B6', 'movzx8_*%', 'Gv,Eb'],
  ['0F B7', 'movzx16_*%', 'Gv,Ew'],
  ['0F BE', 'movsx8_*', 'Gv,Eb'],
  ['0F BF', 'movsx16_*', 'Gv,Ew'],

  ['50+', 'push*_r', 'Zv'],
  ['58+', 'pop*_r', 'Zv'],
  ['68', 'push*_i', 'Iz'],
  ['6A', 'push*_i', 'Ibs'],
  ['FF /6', 'push*%', 'Ev', 'ro'],
  ['8F /0', 'popMemory*', 'Ev', 'm lea'],
  ['8F /0', 'pop*_r', 'Ev', 'r'],
  ['60', 'pusha*', ''],
  ['61', 'popa*', ''],
  ['C8', 'enter*', 'Iw,Ib'],
  ['C9', 'leave*', ''],

  ['E9', 'jmp*', 'Jz', 'end'],
  ['EB', 'jmp*', 'Jb', 'end'],
  ['FF /4', 'jmpIndirect*', 'Ev', 'ro end'],
  ['E8', 'call*', 'Jz', 'end'],
  ['FF /2', 'callIndirect*', 'Ev', 'ro end'],
  ['C3', 'ret*', '', 'end'],
  ['C2', 'retImm*', 'Iw', 'end'],
  ['E0', 'loopne*', 'Jb'],
  ['E1', 'loope*', 'Jb'],
  ['E2', 'loop*', 'Jb'],
  ['E3', 'jcxz*', 'Jb'],
];
