// Rows of the instruction table: shifts, multiplication, BCD, bits, conditions, atomics, strings, ports.
// SDM vol. 2 appendix A.
import type { Row } from './opcodes.js';

const hex = (n: number): string => n.toString(16).toUpperCase().padStart(2, '0');

/** Group 2; /6 is SHL too, though the SDM leaves it out. */
const SHIFTS: readonly Row[] = ['rol', 'ror', 'rcl', 'rcr', 'shl', 'shr', 'shl', 'sar'].flatMap((name, n): Row[] => [
  [`C0 /${n}`, `${name}Imm8`, 'Eb,Ib'],
  [`C1 /${n}`, `${name}Imm*`, 'Ev,Ib'],
  [`D0 /${n}`, `${name}Imm8`, 'Eb,1'],
  [`D1 /${n}`, `${name}Imm*`, 'Ev,1'],
  [`D2 /${n}`, `${name}Cl8`, 'Eb,CL'],
  [`D3 /${n}`, `${name}Cl*`, 'Ev,CL'],
]);

const CONDITIONS = ['o', 'no', 'b', 'nb', 'z', 'nz', 'be', 'nbe', 's', 'ns', 'p', 'np', 'l', 'nl', 'le', 'nle'] as const;
const CONDITIONAL: readonly Row[] = CONDITIONS.flatMap((c, n): Row[] => [
  [`0F ${hex(0x40 + n)}`, `cmov${c}*`, 'Gv,Ev'],
  [`0F ${hex(0x90 + n)}`, `set${c}`, 'Eb'],
]);

/** Group 8 and its register forms; a bit number in a register reaches beyond a memory operand. */
const BITS: readonly Row[] = ['bt', 'bts', 'btr', 'btc'].flatMap((name, n): Row[] => {
  const opcode = `0F ${hex(0xa3 + 8 * n)}`;
  return [
    [opcode, `${name}*`, 'Ev,Gv', 'r'],
    [opcode, `${name}String*`, 'M,Gv', name === 'bt' ? 'm lea' : 'm lea lock'],
    [`0F BA /${4 + n}`, `${name}Imm*`, 'Ev,Ib', name === 'bt' ? 'ro' : 'lock'],
  ];
});

export const ROWS_INTEGER_MORE: readonly Row[] = [
  ...SHIFTS,
  ['0F A4', 'shldImm*', 'Ev,Gv,Ib'],
  ['0F A5', 'shldCl*', 'Ev,Gv,CL'],
  ['0F AC', 'shrdImm*', 'Ev,Gv,Ib'],
  ['0F AD', 'shrdCl*', 'Ev,Gv,CL'],

  ['F6 /4', 'mul8', 'Eb', 'ro'],
  ['F7 /4', 'mul*', 'Ev', 'ro'],
  ['F6 /5', 'imul8', 'Eb', 'ro'],
  ['F7 /5', 'imul*', 'Ev', 'ro'],
  ['F6 /6', 'div8', 'Eb', 'ro'],
  ['F7 /6', 'div*', 'Ev', 'ro'],
  ['F6 /7', 'idiv8', 'Eb', 'ro'],
  ['F7 /7', 'idiv*', 'Ev', 'ro'],
  ['0F AF', 'imulTwo*', 'Gv,Ev'],
  ['69', 'imulThree*', 'Gv,Ev,Iz'],
  ['6B', 'imulThree*', 'Gv,Ev,Ibs'],
  ['98', 'cbw*', ''],
  ['99', 'cwd*', ''],

  ['27', 'daa', ''],
  ['2F', 'das', ''],
  ['37', 'aaa', ''],
  ['3F', 'aas', ''],
  ['D4', 'aam', 'Ib'],
  ['D5', 'aad', 'Ib'],
  ['D6', 'salc', ''],
  ['D7', 'xlat', ''],

  ...BITS,
  ['0F BC', 'bsf*', 'Gv,Ev'],
  ['0F BD', 'bsr*', 'Gv,Ev'],
  ['0F C8+', 'bswap*', 'Zv'],
  ...CONDITIONAL,

  ['0F B0', 'cmpxchg8', 'Eb,Gb', 'lock'],
  ['0F B1', 'cmpxchg*', 'Ev,Gv', 'lock'],
  ['0F C0', 'xadd8', 'Eb,Gb', 'lock'],
  ['0F C1', 'xadd*', 'Ev,Gv', 'lock'],
  ['0F C7 /1', 'cmpxchg8b', 'Mq', 'm lock'],

  ['A4', 'movs8', ''],
  ['A5', 'movs*', ''],
  ['A6', 'cmps8', ''],
  ['A7', 'cmps*', ''],
  ['AA', 'stos8', ''],
  ['AB', 'stos*', ''],
  ['AC', 'lods8', ''],
  ['AD', 'lods*', ''],
  ['AE', 'scas8', ''],
  ['AF', 'scas*', ''],
  ['6C', 'ins8', '', 'end'],
  ['6D', 'ins*', '', 'end'],
  ['6E', 'outs8', '', 'end'],
  ['6F', 'outs*', '', 'end'],

  ['E4', 'inImm8', 'AL,Ib', 'end'],
  ['E5', 'inImm*', 'eAX,Ib', 'end'],
  ['E6', 'outImm8', 'Ib,AL', 'end'],
  ['E7', 'outImm*', 'Ib,eAX', 'end'],
  ['EC', 'inDx8', 'AL,DX', 'end'],
  ['ED', 'inDx*', 'eAX,DX', 'end'],
  ['EE', 'outDx8', 'DX,AL', 'end'],
  ['EF', 'outDx*', 'DX,eAX', 'end'],
];
