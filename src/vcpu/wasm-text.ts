// WebAssembly functions as text, one instruction at a time: what the translator emits and everything else in MVP and SIMD.
// WebAssembly core specification 2.0, chapters 5.4 (binary format of instructions) and 6.5 (text format).

/** One instruction: where it is in the module, its text, the depth of scopes that it stands at. */
export interface WasmLine {
  at: number;
  text: string;
  depth: number;
  /** Nothing of it is left on the stack: the next instruction begins a line of its own. */
  ends: boolean;
}

export interface WasmFunction {
  /** Where its size stands in the module; where its first instruction does; where it ends. */
  start: number;
  body: number;
  end: number;
}

/** What the text needs of a module: names of imported functions and globals, and its functions. */
export interface WasmShape {
  functionNames: string[];
  globalNames: string[];
  functions: WasmFunction[];
  /** Where the first function of the code section starts. */
  code: number;
}

/** Names of locals, by number. */
export type LocalNames = readonly (string | null | undefined)[];

const SECTION_IMPORT = 2;
const SECTION_CODE = 10;
const INTEGER = 'eqz eq ne lt_s lt_u gt_s gt_u le_s le_u ge_s ge_u';
const FLOAT = 'eq ne lt gt le ge';
const INTEGER_ARITHMETIC = 'clz ctz popcnt add sub mul div_s div_u rem_s rem_u and or xor shl shr_s shr_u rotl rotr';
const FLOAT_ARITHMETIC = 'abs neg ceil floor trunc nearest sqrt add sub mul div min max copysign';
const of = (type: string, names: string): string[] =>
  names.split(' ').map((name) => (name === '-' ? '' : `${type}.${name}`));

/** From 0x28. */
const MEMORY = [
  'i32.load i64.load f32.load f64.load i32.load8_s i32.load8_u i32.load16_s i32.load16_u i64.load8_s i64.load8_u',
  'i64.load16_s i64.load16_u i64.load32_s i64.load32_u i32.store i64.store f32.store f64.store i32.store8 i32.store16',
  'i64.store8 i64.store16 i64.store32 memory.size memory.grow',
].flatMap((names) => names.split(' '));

/** From 0x45. */
const NUMERIC = [
  ...of('i32', INTEGER),
  ...of('i64', INTEGER),
  ...of('f32', FLOAT),
  ...of('f64', FLOAT),
  ...of('i32', INTEGER_ARITHMETIC),
  ...of('i64', INTEGER_ARITHMETIC),
  ...of('f32', FLOAT_ARITHMETIC),
  ...of('f64', FLOAT_ARITHMETIC),
  ...of('i32', 'wrap_i64 trunc_f32_s trunc_f32_u trunc_f64_s trunc_f64_u'),
  ...of('i64', 'extend_i32_s extend_i32_u trunc_f32_s trunc_f32_u trunc_f64_s trunc_f64_u'),
  ...of('f32', 'convert_i32_s convert_i32_u convert_i64_s convert_i64_u demote_f64'),
  ...of('f64', 'convert_i32_s convert_i32_u convert_i64_s convert_i64_u promote_f32'),
  ...['i32.reinterpret_f32', 'i64.reinterpret_f64', 'f32.reinterpret_i32', 'f64.reinterpret_i64'],
  ...of('i32', 'extend8_s extend16_s'),
  ...of('i64', 'extend8_s extend16_s extend32_s'),
];

/** Behind 0xFC. */
const SATURATING = [
  ...of('i32', 'trunc_sat_f32_s trunc_sat_f32_u trunc_sat_f64_s trunc_sat_f64_u'),
  ...of('i64', 'trunc_sat_f32_s trunc_sat_f32_u trunc_sat_f64_s trunc_sat_f64_u'),
];
const MEMORY_COPY = 10;
const MEMORY_FILL = 11;

const lanes = 'eq ne lt_s lt_u gt_s gt_u le_s le_u ge_s ge_u';
/** Behind 0xFD. */
const SIMD = [
  ...of('v128', 'load load8x8_s load8x8_u load16x4_s load16x4_u load32x2_s load32x2_u'),
  ...of('v128', 'load8_splat load16_splat load32_splat load64_splat store const'),
  ...of('i8x16', 'shuffle swizzle splat'),
  ...['i16x8.splat', 'i32x4.splat', 'i64x2.splat', 'f32x4.splat', 'f64x2.splat'],
  ...of('i8x16', 'extract_lane_s extract_lane_u replace_lane'),
  ...of('i16x8', 'extract_lane_s extract_lane_u replace_lane'),
  ...['i32x4', 'i64x2', 'f32x4', 'f64x2'].flatMap((type) => of(type, 'extract_lane replace_lane')),
  ...['i8x16', 'i16x8', 'i32x4'].flatMap((type) => of(type, lanes)),
  ...of('f32x4', FLOAT),
  ...of('f64x2', FLOAT),
  ...of('v128', 'not and andnot or xor bitselect any_true load8_lane load16_lane load32_lane load64_lane'),
  ...of('v128', 'store8_lane store16_lane store32_lane store64_lane load32_zero load64_zero'),
  ...['f32x4.demote_f64x2_zero', 'f64x2.promote_low_f32x4'],
  ...of('i8x16', 'abs neg popcnt all_true bitmask narrow_i16x8_s narrow_i16x8_u'),
  ...of('f32x4', 'ceil floor trunc nearest'),
  ...of('i8x16', 'shl shr_s shr_u add add_sat_s add_sat_u sub sub_sat_s sub_sat_u'),
  ...of('f64x2', 'ceil floor'),
  ...of('i8x16', 'min_s min_u max_s max_u'),
  'f64x2.trunc',
  'i8x16.avgr_u',
  ...of('i16x8', 'extadd_pairwise_i8x16_s extadd_pairwise_i8x16_u'),
  ...of('i32x4', 'extadd_pairwise_i16x8_s extadd_pairwise_i16x8_u'),
  ...of('i16x8', 'abs neg q15mulr_sat_s all_true bitmask narrow_i32x4_s narrow_i32x4_u'),
  ...of('i16x8', 'extend_low_i8x16_s extend_high_i8x16_s extend_low_i8x16_u extend_high_i8x16_u'),
  ...of('i16x8', 'shl shr_s shr_u add add_sat_s add_sat_u sub sub_sat_s sub_sat_u'),
  'f64x2.nearest',
  ...of('i16x8', 'mul min_s min_u max_s max_u - avgr_u'),
  ...of('i16x8', 'extmul_low_i8x16_s extmul_high_i8x16_s extmul_low_i8x16_u extmul_high_i8x16_u'),
  ...of('i32x4', 'abs neg - all_true bitmask - -'),
  ...of('i32x4', 'extend_low_i16x8_s extend_high_i16x8_s extend_low_i16x8_u extend_high_i16x8_u'),
  ...of('i32x4', 'shl shr_s shr_u add - - sub - - - mul min_s min_u max_s max_u dot_i16x8_s -'),
  ...of('i32x4', 'extmul_low_i16x8_s extmul_high_i16x8_s extmul_low_i16x8_u extmul_high_i16x8_u'),
  ...of('i64x2', 'abs neg - all_true bitmask - -'),
  ...of('i64x2', 'extend_low_i32x4_s extend_high_i32x4_s extend_low_i32x4_u extend_high_i32x4_u'),
  ...of('i64x2', 'shl shr_s shr_u add - - sub - - - mul eq ne lt_s gt_s le_s ge_s'),
  ...of('i64x2', 'extmul_low_i32x4_s extmul_high_i32x4_s extmul_low_i32x4_u extmul_high_i32x4_u'),
  ...of('f32x4', 'abs neg - sqrt add sub mul div min max pmin pmax'),
  ...of('f64x2', 'abs neg - sqrt add sub mul div min max pmin pmax'),
  ...['i32x4.trunc_sat_f32x4_s', 'i32x4.trunc_sat_f32x4_u', 'f32x4.convert_i32x4_s', 'f32x4.convert_i32x4_u'],
  ...['i32x4.trunc_sat_f64x2_s_zero', 'i32x4.trunc_sat_f64x2_u_zero'],
  ...['f64x2.convert_low_i32x4_s', 'f64x2.convert_low_i32x4_u'],
];
const V128_CONST = 12;
const SHUFFLE = 13;

class Reader {
  constructor(
    readonly bytes: Uint8Array,
    public at = 0,
  ) {}

  byte(): number {
    if (this.at >= this.bytes.length) throw new RangeError('the module ends in the middle');
    return this.bytes[this.at++]!;
  }

  unsigned(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = this.byte();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
  }

  signed(): bigint {
    let value = 0n;
    for (let shift = 0n; ; ) {
      const byte = this.byte();
      value |= BigInt(byte & 0x7f) << shift;
      shift += 7n;
      if (byte < 0x80) return byte & 0x40 ? value - (1n << shift) : value;
    }
  }

  name(): string {
    const length = this.unsigned();
    const text = String.fromCharCode(...this.bytes.subarray(this.at, this.at + length));
    this.at += length;
    return text;
  }

  /** `length` bytes, little-endian, as hexadecimal. */
  hex(length: number): string {
    const bytes = this.bytes.slice(this.at, this.at + length).reverse();
    this.at += length;
    return `0x${Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')}`;
  }
}

/** The imports and functions of a module. */
export function shapeOf(bytes: Uint8Array): WasmShape {
  const reader = new Reader(bytes, 8);
  const shape: WasmShape = { functionNames: [], globalNames: [], functions: [], code: 0 };
  while (reader.at < bytes.length) {
    const id = reader.byte();
    const size = reader.unsigned();
    const end = reader.at + size;
    if (id === SECTION_IMPORT) readImports(reader, shape);
    else if (id === SECTION_CODE) readFunctions(reader, shape);
    reader.at = end;
  }
  return shape;
}

function readImports(reader: Reader, shape: WasmShape): void {
  for (let count = reader.unsigned(); count > 0; count--) {
    reader.name();
    const name = reader.name();
    const kind = reader.byte();
    if (kind === 0) {
      shape.functionNames.push(name);
      reader.unsigned();
    } else if (kind === 3) {
      shape.globalNames.push(name);
      reader.at += 2;
    } else {
      if (kind === 1) reader.byte();
      // limits: with a maximum when bit 0 is set
      if (reader.unsigned() & 1) reader.unsigned();
      reader.unsigned();
    }
  }
}

function readFunctions(reader: Reader, shape: WasmShape): void {
  const count = reader.unsigned();
  shape.code = reader.at;
  for (let i = 0; i < count; i++) {
    const start = reader.at;
    const size = reader.unsigned();
    const end = reader.at + size;
    for (let groups = reader.unsigned(); groups > 0; groups--) {
      reader.unsigned();
      reader.byte();
    }
    shape.functions.push({ start, body: reader.at, end });
    reader.at = end;
  }
}

const BLOCK_TYPES: Record<number, string> = { 64: '', 127: 'i32', 126: 'i64', 125: 'f32', 124: 'f64', 123: 'v128' };

/** The instructions of a function. Throws RangeError on bytes that are none. */
export function linesOf(bytes: Uint8Array, shape: WasmShape, one: WasmFunction, locals: LocalNames = []): WasmLine[] {
  const reader = new Reader(bytes, one.body);
  const lines: WasmLine[] = [];
  let depth = 0;
  while (reader.at < one.end) {
    const at = reader.at;
    const code = reader.byte();
    const closes = code === 0x0b || code === 0x05;
    if (closes) depth--;
    const { text, ends } = instruction(reader, code, shape, locals);
    lines.push({ at, text, depth: Math.max(0, depth), ends });
    if (code === 0x05 || (code >= 0x02 && code <= 0x04)) depth++;
  }
  return lines;
}

function instruction(
  reader: Reader,
  code: number,
  shape: WasmShape,
  locals: LocalNames,
): { text: string; ends: boolean } {
  const flat = (text: string) => ({ text, ends: false });
  const ending = (text: string) => ({ text, ends: true });
  const local = () => {
    const n = reader.unsigned();
    return `$${locals[n] ?? n}`;
  };
  const global = () => {
    const n = reader.unsigned();
    return `$${shape.globalNames[n] ?? n}`;
  };
  const callee = () => {
    const n = reader.unsigned();
    return `$${shape.functionNames[n] ?? n}`;
  };
  const blockType = () => {
    const type = BLOCK_TYPES[Number(BigInt.asUintN(7, reader.signed()))];
    return type ? ` (result ${type})` : '';
  };
  switch (code) {
    case 0x00:
      return ending('unreachable');
    case 0x01:
      return ending('nop');
    case 0x02:
      return ending(`block${blockType()}`);
    case 0x03:
      return ending(`loop${blockType()}`);
    case 0x04:
      return ending(`if${blockType()}`);
    case 0x05:
      return ending('else');
    case 0x0b:
      return ending('end');
    case 0x0c:
      return ending(`br ${reader.unsigned()}`);
    case 0x0d:
      return ending(`br_if ${reader.unsigned()}`);
    case 0x0e: {
      const targets = Array.from({ length: reader.unsigned() + 1 }, () => reader.unsigned());
      return ending(`br_table ${targets.join(' ')}`);
    }
    case 0x0f:
      return ending('return');
    case 0x10:
      return flat(`call ${callee()}`);
    case 0x11: {
      const type = reader.unsigned();
      return flat(`call_indirect ${reader.unsigned()} (type ${type})`);
    }
    case 0x12:
      return ending(`return_call ${callee()}`);
    case 0x13: {
      const type = reader.unsigned();
      return ending(`return_call_indirect ${reader.unsigned()} (type ${type})`);
    }
    case 0x1a:
      return ending('drop');
    case 0x1b:
      return flat('select');
    case 0x20:
      return flat(`local.get ${local()}`);
    case 0x21:
      return ending(`local.set ${local()}`);
    case 0x22:
      return flat(`local.tee ${local()}`);
    case 0x23:
      return flat(`global.get ${global()}`);
    case 0x24:
      return ending(`global.set ${global()}`);
    case 0x25:
      return flat(`table.get ${reader.unsigned()}`);
    case 0x26:
      return ending(`table.set ${reader.unsigned()}`);
    case 0x41:
      return flat(`i32.const ${number(BigInt.asIntN(32, reader.signed()))}`);
    case 0x42:
      return flat(`i64.const ${number(BigInt.asIntN(64, reader.signed()))}`);
    case 0x43:
      return flat(`f32.const (; bits ;) ${reader.hex(4)}`);
    case 0x44:
      return flat(`f64.const (; bits ;) ${reader.hex(8)}`);
    case 0xfc:
      return bulk(reader);
    case 0xfd:
      return simd(reader);
  }
  const access = MEMORY[code - 0x28];
  if (access) {
    if (code >= 0x3f) return flat(`${access}${reader.byte() === 0 ? '' : ''}`);
    return { text: `${access}${memoryArgument(reader)}`, ends: access.includes('store') };
  }
  const numeric = NUMERIC[code - 0x45];
  if (numeric) return flat(numeric);
  throw new RangeError(`no instruction: ${code.toString(16)} at ${reader.at - 1}`);
}

/** Small numbers in decimal, addresses and masks in hexadecimal. */
function number(value: bigint): string {
  if (value > -1000n && value < 1000n) return String(value);
  return value < 0n ? `-0x${(-value).toString(16)}` : `0x${value.toString(16)}`;
}

function memoryArgument(reader: Reader): string {
  reader.unsigned();
  const offset = reader.unsigned();
  return offset === 0 ? '' : ` offset=${number(BigInt(offset))}`;
}

function bulk(reader: Reader): { text: string; ends: boolean } {
  const code = reader.unsigned();
  if (code === MEMORY_COPY || code === MEMORY_FILL) {
    reader.at += code === MEMORY_COPY ? 2 : 1;
    return { text: code === MEMORY_COPY ? 'memory.copy' : 'memory.fill', ends: true };
  }
  const text = SATURATING[code];
  if (!text) throw new RangeError(`no instruction: fc ${code.toString(16)} at ${reader.at - 1}`);
  return { text, ends: false };
}

function simd(reader: Reader): { text: string; ends: boolean } {
  const code = reader.unsigned();
  const text = SIMD[code];
  if (!text) throw new RangeError(`no instruction: fd ${code.toString(16)} at ${reader.at - 1}`);
  const ends = text.includes('store');
  if (code === V128_CONST) return { text: `${text} i64x2 ${[reader.hex(8), reader.hex(8)].join(' ')}`, ends };
  if (code === SHUFFLE) return { text: `${text} ${Array.from({ length: 16 }, () => reader.byte()).join(' ')}`, ends };
  const memory = /^v128\.(load|store)/.test(text) ? memoryArgument(reader) : '';
  const lane = text.includes('_lane') ? ` ${reader.byte()}` : '';
  return { text: `${text}${memory}${lane}`, ends };
}
