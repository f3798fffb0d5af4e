// Which SSE and x87 micro-ops the translator writes in line: form, kind << 8, argument << 16.
// Opcodes are those of the WebAssembly core specification 2.0, 5.4.8 (vector instructions).

/** target = target op source, by one vector instruction. */
const BINARY = {
  paddb: 0x6e,
  paddsb: 0x6f,
  paddusb: 0x70,
  psubb: 0x71,
  psubsb: 0x72,
  psubusb: 0x73,
  pminub: 0x77,
  pmaxub: 0x79,
  pavgb: 0x7b,
  paddw: 0x8e,
  paddsw: 0x8f,
  paddusw: 0x90,
  psubw: 0x91,
  psubsw: 0x92,
  psubusw: 0x93,
  pmullw: 0x95,
  pminsw: 0x96,
  pmaxsw: 0x98,
  pavgw: 0x9b,
  paddd: 0xae,
  psubd: 0xb1,
  pmaddwd: 0xba,
  paddq: 0xce,
  psubq: 0xd1,
  pcmpeqb: 0x23,
  pcmpgtb: 0x27,
  pcmpeqw: 0x2d,
  pcmpgtw: 0x31,
  pcmpeqd: 0x37,
  pcmpgtd: 0x3b,
  pand: 0x4e,
  por: 0x50,
  pxor: 0x51,
  packsswb: 0x65,
  packuswb: 0x66,
  packssdw: 0x85,
};
/** target = source op target; target = op source. */
const SWAPPED = { pandn: 0x4f };
const UNARY = { pabsb: 0x60, pabsw: 0x80, pabsd: 0xa0 };
/** Shifts by an immediate: opcode, bits of a lane, whether a large count fills with the sign. */
const SHIFTS = {
  psllw: [0x8b, 16],
  psrlw: [0x8d, 16],
  psraw: [0x8c, 16, true],
  pslld: [0xab, 32],
  psrld: [0xad, 32],
  psrad: [0xac, 32, true],
  psllq: [0xcb, 64],
  psrlq: [0xcd, 64],
};
/** In the order of emit-sse-shuffle.ts. */
const SHUFFLES = [
  ['punpcklbw128', 'punpcklwd128', 'punpckldq128', 'punpcklqdq'],
  ['punpckhbw128', 'punpckhwd128', 'punpckhdq128', 'punpckhqdq'],
  [
    'pshufd',
    'pshuflw',
    'pshufhw',
    'shufps',
    'shufpd',
    'movhlps',
    'movlhps',
    'movsldup',
    'movshdup',
    'palignr128',
    'pslldq',
    'psrldq',
  ],
].flat();
/** In the order of emit-sse-integer.ts. */
const SEQUENCES = ['pshufb128', 'pmuludq128', 'pmulhw128', 'pmulhuw128', 'psadbw128'];
/** In the order of emit-sse.ts. */
const LOADS = [
  'movaLoad',
  'movuLoad',
  'movssLoad',
  'movsdLoad',
  'movqLoad128',
  'movlps',
  'movhps',
  'movddup',
  'movdToXmm',
];
const STORES = [
  'movaStore',
  'movuStore',
  'movssStore',
  'movsdStore',
  'movqStore128',
  'movlpsStore',
  'movhpsStore',
  'movdFromXmm',
];
const LANES = ['pmovmskb128', 'movmskps', 'movmskpd', 'pextrw128', 'pinsrw128'];
/** In the order of emit-sse-float.ts. */
const ARITHMETIC = ['add', 'sub', 'mul', 'div', 'sqrt', 'min', 'max', 'cmp'];
const TYPES = ['ps', 'pd', 'ss', 'sd'];
const COMPARES = ['comiss', 'ucomiss', 'comisd', 'ucomisd'];
/** In the order of emit-sse-convert.ts. */
const CONVERSIONS = [
  ['cvtsi2sd', 'cvtsi2ss', 'cvttsd2si', 'cvttss2si', 'cvtsd2si', 'cvtss2si', 'cvtss2sd', 'cvtsd2ss'],
  ['cvtdq2pd', 'cvtdq2ps', 'cvttps2dq', 'cvtps2dq', 'cvtps2pd'],
].flat();

/** In the order of emit-x87.ts. */
const X87_LOADS = ['fldM64', 'fldM32', 'fildM32', 'fildM16', 'fldSt', 'fld1', 'fldz'];
const X87_STORES = ['M64', 'M32', 'St'];
const X87_MOVES = ['fxch', 'fchs', 'fabs'];
const X87_ARITHMETIC = ['add', 'mul', 'sub', 'subr', 'div', 'divr'];
const X87_OPERANDS = ['St', 'Sti', 'p', 'M64', 'M32'];

export const FLOAT_FORMS = [
  'SSE_VECTOR',
  'SSE_SHIFT',
  'SSE_SHIFT_BY',
  'SSE_SEQUENCE',
  'SSE_SHUFFLE',
  'SSE_LOAD',
  'SSE_STORE',
  'SSE_LANES',
  'SSE_ARITHMETIC',
  'SSE_COMPARE',
  'SSE_CONVERT',
  'X87_LOAD',
  'X87_STORE',
  'X87_MOVE',
  'X87_ARITHMETIC',
];

/** [form, kind, argument] of a micro-op that has an emitter for SSE or x87. */
export function floatForm(name) {
  return x87Form(name) ?? sseForm(name);
}

function x87Form(name) {
  if (X87_LOADS.includes(name)) return ['X87_LOAD', X87_LOADS.indexOf(name), 0];
  if (X87_MOVES.includes(name)) return ['X87_MOVE', X87_MOVES.indexOf(name), 0];
  const store = name.match(/^fst(p?)(M64|M32|St)$/);
  if (store) return ['X87_STORE', X87_STORES.indexOf(store[2]), store[1] ? 1 : 0];
  const arithmetic = name.match(/^f(add|mul|subr?|divr?)(St|Sti|p|M64|M32)$/);
  if (arithmetic) return ['X87_ARITHMETIC', X87_ARITHMETIC.indexOf(arithmetic[1]), X87_OPERANDS.indexOf(arithmetic[2])];
  return undefined;
}

function sseForm(name) {
  const lists = {
    SSE_SHUFFLE: SHUFFLES,
    SSE_LOAD: LOADS,
    SSE_STORE: STORES,
    SSE_LANES: LANES,
    SSE_CONVERT: CONVERSIONS,
  };
  for (const [form, list] of Object.entries(lists)) if (list.includes(name)) return [form, list.indexOf(name), 0];
  if (COMPARES.includes(name)) return ['SSE_COMPARE', name.endsWith('sd') ? 1 : 0, 0];
  const arithmetic = name.match(/^([a-z]+)(ps|pd|ss|sd)$/);
  if (arithmetic && ARITHMETIC.includes(arithmetic[1]))
    return ['SSE_ARITHMETIC', TYPES.indexOf(arithmetic[2]), ARITHMETIC.indexOf(arithmetic[1])];
  if (SEQUENCES.includes(name)) return ['SSE_SEQUENCE', SEQUENCES.indexOf(name), 0];
  const shift = name.match(/^(ps[lr][la][wdq])(Imm)?128$/);
  if (shift) {
    const [opcode, bits, sign] = SHIFTS[shift[1]];
    return [shift[2] ? 'SSE_SHIFT' : 'SSE_SHIFT_BY', bits | (sign ? 1 : 0), opcode];
  }
  const vector = name.match(/^(\w+)128$/)?.[1];
  for (const [kind, table] of [BINARY, SWAPPED, UNARY].entries())
    if (vector in table) return ['SSE_VECTOR', kind, table[vector]];
  return undefined;
}
