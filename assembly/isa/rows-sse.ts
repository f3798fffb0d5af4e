// Rows of the instruction table: MMX, SSE, SSE2, SSE3, SSSE3.
// SDM vol. 2 appendix A, tables. An integer operation that exists on MM and on XMM registers has two handlers, NAME64 and NAME128.
import type { Row } from './opcodes.js';

/** `P,Qq` without a prefix and `V,Wx` with 66: the operation on 8 bytes and on 16. */
const TWINS: readonly (readonly [opcode: string, name: string])[] = [
  ['63', 'packsswb'], ['64', 'pcmpgtb'], ['65', 'pcmpgtw'], ['66', 'pcmpgtd'], ['67', 'packuswb'],
  ['68', 'punpckhbw'], ['69', 'punpckhwd'], ['6A', 'punpckhdq'], ['6B', 'packssdw'],
  ['74', 'pcmpeqb'], ['75', 'pcmpeqw'], ['76', 'pcmpeqd'],
  ['D1', 'psrlw'], ['D2', 'psrld'], ['D3', 'psrlq'], ['D4', 'paddq'], ['D5', 'pmullw'],
  ['D8', 'psubusb'], ['D9', 'psubusw'], ['DA', 'pminub'], ['DB', 'pand'],
  ['DC', 'paddusb'], ['DD', 'paddusw'], ['DE', 'pmaxub'], ['DF', 'pandn'],
  ['E0', 'pavgb'], ['E1', 'psraw'], ['E2', 'psrad'], ['E3', 'pavgw'], ['E4', 'pmulhuw'], ['E5', 'pmulhw'],
  ['E8', 'psubsb'], ['E9', 'psubsw'], ['EA', 'pminsw'], ['EB', 'por'],
  ['EC', 'paddsb'], ['ED', 'paddsw'], ['EE', 'pmaxsw'], ['EF', 'pxor'],
  ['F1', 'psllw'], ['F2', 'pslld'], ['F3', 'psllq'], ['F4', 'pmuludq'], ['F5', 'pmaddwd'], ['F6', 'psadbw'],
  ['F8', 'psubb'], ['F9', 'psubw'], ['FA', 'psubd'], ['FB', 'psubq'],
  ['FC', 'paddb'], ['FD', 'paddw'], ['FE', 'paddd'],
  // SSSE3
  ['38 00', 'pshufb'], ['38 01', 'phaddw'], ['38 02', 'phaddd'], ['38 03', 'phaddsw'], ['38 04', 'pmaddubsw'],
  ['38 05', 'phsubw'], ['38 06', 'phsubd'], ['38 07', 'phsubsw'],
  ['38 08', 'psignb'], ['38 09', 'psignw'], ['38 0A', 'psignd'], ['38 0B', 'pmulhrsw'],
  ['38 1C', 'pabsb'], ['38 1D', 'pabsw'], ['38 1E', 'pabsd'],
];

/** Shifts of a register by an immediate: groups 12, 13 and 14. */
const SHIFTS: readonly (readonly [opcode: string, name: string])[] = [
  ['71 /2', 'psrlw'], ['71 /4', 'psraw'], ['71 /6', 'psllw'],
  ['72 /2', 'psrld'], ['72 /4', 'psrad'], ['72 /6', 'pslld'],
  ['73 /2', 'psrlq'], ['73 /6', 'psllq'],
];

/** The four forms of a floating-point operation: PS, PD, SS, SD. */
const FLOAT: readonly (readonly [opcode: string, name: string])[] = [
  ['51', 'sqrt'], ['58', 'add'], ['59', 'mul'], ['5C', 'sub'], ['5D', 'min'], ['5E', 'div'], ['5F', 'max'],
];

/** PS and PD alike: bits do not know their type. */
const BITWISE: readonly (readonly [opcode: string, name: string])[] = [
  ['54', 'pand128'], ['55', 'pandn128'], ['56', 'por128'], ['57', 'pxor128'],
];

export const ROWS_SSE: readonly Row[] = [
  ...TWINS.flatMap(([opcode, name]): Row[] => [
    [`NP 0F ${opcode}`, `${name}64`, 'P,Qq'],
    [`66 0F ${opcode}`, `${name}128`, 'V,Wx'],
  ]),
  ...SHIFTS.flatMap(([opcode, name]): Row[] => [
    [`NP 0F ${opcode}`, `${name}Imm64`, 'N,Ib', 'r'],
    [`66 0F ${opcode}`, `${name}Imm128`, 'U,Ib', 'r'],
  ]),
  ['66 0F 73 /3', 'psrldq', 'U,Ib', 'r'],
  ['66 0F 73 /7', 'pslldq', 'U,Ib', 'r'],

  // integer operations of one form, or of forms that differ
  ['NP 0F 60', 'punpcklbw64', 'P,Qd'],
  ['NP 0F 61', 'punpcklwd64', 'P,Qd'],
  ['NP 0F 62', 'punpckldq64', 'P,Qd'],
  ['66 0F 60', 'punpcklbw128', 'V,Wx'],
  ['66 0F 61', 'punpcklwd128', 'V,Wx'],
  ['66 0F 62', 'punpckldq128', 'V,Wx'],
  ['66 0F 6C', 'punpcklqdq', 'V,Wx'],
  ['66 0F 6D', 'punpckhqdq', 'V,Wx'],
  ['NP 0F 70', 'pshufw', 'P,Qq,Ib'],
  ['66 0F 70', 'pshufd', 'V,Wx,Ib'],
  ['F3 0F 70', 'pshufhw', 'V,Wx,Ib'],
  ['F2 0F 70', 'pshuflw', 'V,Wx,Ib'],
  ['NP 0F C4', 'pinsrw64', 'P,Ew,Ib'],
  ['66 0F C4', 'pinsrw128', 'V,Ew,Ib'],
  ['NP 0F C5', 'pextrw64', 'Gd,N,Ib', 'r'],
  ['66 0F C5', 'pextrw128', 'Gd,U,Ib', 'r'],
  ['NP 0F D7', 'pmovmskb64', 'Gd,N', 'r'],
  ['66 0F D7', 'pmovmskb128', 'Gd,U', 'r'],
  ['NP 0F 3A 0F', 'palignr64', 'P,Qq,Ib'],
  ['66 0F 3A 0F', 'palignr128', 'V,Wx,Ib'],
  ['NP 0F 77', 'emms', ''],

  // moves of MM registers
  ['NP 0F 6E', 'movdToMmx', 'P,Ed'],
  ['NP 0F 7E', 'movdFromMmx', 'Ed,P'],
  ['NP 0F 6F', 'movqLoad64', 'P,Qq'],
  ['NP 0F 7F', 'movqStore64', 'Qq,P'],
  ['NP 0F E7', 'movqStore64', 'Mq,P', 'm'],
  ['NP 0F F7', 'maskmovq', 'P,N', 'r'],
  ['F2 0F D6', 'movdq2q', 'P,U', 'r'],
  ['F3 0F D6', 'movq2dq', 'V,N', 'r'],

  // moves of XMM registers
  ['NP 0F 10', 'movuLoad', 'V,Wx'],
  ['66 0F 10', 'movuLoad', 'V,Wx'],
  ['F3 0F 6F', 'movuLoad', 'V,Wx'],
  ['F2 0F F0', 'movuLoad', 'V,Mx', 'm'],
  ['NP 0F 11', 'movuStore', 'Wx,V'],
  ['66 0F 11', 'movuStore', 'Wx,V'],
  ['F3 0F 7F', 'movuStore', 'Wx,V'],
  ['NP 0F 28', 'movaLoad', 'V,Wx'],
  ['66 0F 28', 'movaLoad', 'V,Wx'],
  ['66 0F 6F', 'movaLoad', 'V,Wx'],
  ['NP 0F 29', 'movaStore', 'Wx,V'],
  ['66 0F 29', 'movaStore', 'Wx,V'],
  ['66 0F 7F', 'movaStore', 'Wx,V'],
  ['NP 0F 2B', 'movaStore', 'Mx,V', 'm'],
  ['66 0F 2B', 'movaStore', 'Mx,V', 'm'],
  ['66 0F E7', 'movaStore', 'Mx,V', 'm'],
  ['F3 0F 10', 'movssLoad', 'V,Wd'],
  ['F3 0F 11', 'movssStore', 'Wd,V'],
  ['F2 0F 10', 'movsdLoad', 'V,Wq'],
  ['F2 0F 11', 'movsdStore', 'Wq,V'],
  ['F3 0F 7E', 'movqLoad128', 'V,Wq'],
  ['66 0F D6', 'movqStore128', 'Wq,V'],
  ['66 0F 6E', 'movdToXmm', 'V,Ed'],
  ['66 0F 7E', 'movdFromXmm', 'Ed,V'],
  ['NP 0F 12', 'movlps', 'V,Mq', 'm'],
  ['NP 0F 12', 'movhlps', 'V,U', 'r'],
  ['66 0F 12', 'movlps', 'V,Mq', 'm'],
  ['NP 0F 13', 'movlpsStore', 'Mq,V', 'm'],
  ['66 0F 13', 'movlpsStore', 'Mq,V', 'm'],
  ['NP 0F 16', 'movhps', 'V,Mq', 'm'],
  ['NP 0F 16', 'movlhps', 'V,U', 'r'],
  ['66 0F 16', 'movhps', 'V,Mq', 'm'],
  ['NP 0F 17', 'movhpsStore', 'Mq,V', 'm'],
  ['66 0F 17', 'movhpsStore', 'Mq,V', 'm'],
  ['F3 0F 12', 'movsldup', 'V,Wx'],
  ['F2 0F 12', 'movddup', 'V,Wq'],
  ['F3 0F 16', 'movshdup', 'V,Wx'],
  ['NP 0F 50', 'movmskps', 'Gd,U', 'r'],
  ['66 0F 50', 'movmskpd', 'Gd,U', 'r'],
  ['66 0F F7', 'maskmovdqu', 'V,U', 'r'],

  // floating point
  ...FLOAT.flatMap(([opcode, name]): Row[] => [
    [`NP 0F ${opcode}`, `${name}ps`, 'V,Wx'],
    [`66 0F ${opcode}`, `${name}pd`, 'V,Wx'],
    [`F3 0F ${opcode}`, `${name}ss`, 'V,Wd'],
    [`F2 0F ${opcode}`, `${name}sd`, 'V,Wq'],
  ]),
  ...BITWISE.flatMap(([opcode, name]): Row[] => [
    [`NP 0F ${opcode}`, name, 'V,Wx'],
    [`66 0F ${opcode}`, name, 'V,Wx'],
  ]),
  ['NP 0F 14', 'punpckldq128', 'V,Wx'],
  ['66 0F 14', 'punpcklqdq', 'V,Wx'],
  ['NP 0F 15', 'punpckhdq128', 'V,Wx'],
  ['66 0F 15', 'punpckhqdq', 'V,Wx'],
  ['NP 0F C6', 'shufps', 'V,Wx,Ib'],
  ['66 0F C6', 'shufpd', 'V,Wx,Ib'],
  ['NP 0F 52', 'rsqrtps', 'V,Wx'],
  ['F3 0F 52', 'rsqrtss', 'V,Wd'],
  ['NP 0F 53', 'rcpps', 'V,Wx'],
  ['F3 0F 53', 'rcpss', 'V,Wd'],
  ['NP 0F C2', 'cmpps', 'V,Wx,Ib'],
  ['66 0F C2', 'cmppd', 'V,Wx,Ib'],
  ['F3 0F C2', 'cmpss', 'V,Wd,Ib'],
  ['F2 0F C2', 'cmpsd', 'V,Wq,Ib'],
  ['NP 0F 2E', 'ucomiss', 'V,Wd'],
  ['66 0F 2E', 'ucomisd', 'V,Wq'],
  ['NP 0F 2F', 'comiss', 'V,Wd'],
  ['66 0F 2F', 'comisd', 'V,Wq'],
  ['66 0F 7C', 'haddpd', 'V,Wx'],
  ['F2 0F 7C', 'haddps', 'V,Wx'],
  ['66 0F 7D', 'hsubpd', 'V,Wx'],
  ['F2 0F 7D', 'hsubps', 'V,Wx'],
  ['66 0F D0', 'addsubpd', 'V,Wx'],
  ['F2 0F D0', 'addsubps', 'V,Wx'],

  // conversions
  ['NP 0F 2A', 'cvtpi2ps', 'V,Qq'],
  ['66 0F 2A', 'cvtpi2pd', 'V,Qq'],
  ['F3 0F 2A', 'cvtsi2ss', 'V,Ed'],
  ['F2 0F 2A', 'cvtsi2sd', 'V,Ed'],
  ['NP 0F 2C', 'cvttps2pi', 'P,Wq'],
  ['66 0F 2C', 'cvttpd2pi', 'P,Wx'],
  ['F3 0F 2C', 'cvttss2si', 'Gd,Wd'],
  ['F2 0F 2C', 'cvttsd2si', 'Gd,Wq'],
  ['NP 0F 2D', 'cvtps2pi', 'P,Wq'],
  ['66 0F 2D', 'cvtpd2pi', 'P,Wx'],
  ['F3 0F 2D', 'cvtss2si', 'Gd,Wd'],
  ['F2 0F 2D', 'cvtsd2si', 'Gd,Wq'],
  ['NP 0F 5A', 'cvtps2pd', 'V,Wq'],
  ['66 0F 5A', 'cvtpd2ps', 'V,Wx'],
  ['F3 0F 5A', 'cvtss2sd', 'V,Wd'],
  ['F2 0F 5A', 'cvtsd2ss', 'V,Wq'],
  ['NP 0F 5B', 'cvtdq2ps', 'V,Wx'],
  ['66 0F 5B', 'cvtps2dq', 'V,Wx'],
  ['F3 0F 5B', 'cvttps2dq', 'V,Wx'],
  ['66 0F E6', 'cvttpd2dq', 'V,Wx'],
  ['F3 0F E6', 'cvtdq2pd', 'V,Wq'],
  ['F2 0F E6', 'cvtpd2dq', 'V,Wx'],

  // control, cache, hints
  ['NP 0F AE /2', 'ldmxcsr', 'Md', 'm ro'],
  ['NP 0F AE /3', 'stmxcsr', 'Md', 'm'],
  ['NP 0F AE /5', 'fence', 'Ed', 'r ro'],
  ['NP 0F AE /6', 'fence', 'Ed', 'r ro'],
  ['NP 0F AE /7', 'fence', 'Ed', 'r ro'],
  ['NP 0F AE /7', 'clflush', 'Mb', 'm ro'],
  ['NP 0F C3', 'movnti', 'Md,Gd', 'm'],
  ...['0D', '18', '19', '1A', '1B', '1C', '1D', '1E', '1F'].flatMap((opcode): Row[] => [
    [`0F ${opcode}`, 'hint', 'M', 'm ro'],
    [`0F ${opcode}`, 'hint', 'Ed', 'r ro'],
  ]),
];
