// Reads HWV1 files: x86 cases recorded on a real processor, each an initial state and what became of it.
// Ours; the format is described in test/vectors/FORMAT.md.
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';

const MAGIC = 'HWV1\n';
export const SEGMENTS = ['es', 'cs', 'ss', 'ds', 'fs', 'gs'];

/** Bits of a record's first byte. */
const FX = 1;
const EXCEPTION = 2;
const SEGMENTS_IN = 4;
const SEGMENTS_OUT = 8;
const FX_OUT = 16;
const IGNORE = 32;
const APPROXIMATE = 64;
const ONLY_CPL3 = 128;

const PAGE_FAULT = 14;

/** Byte of the machine's memory at linear `address` before a case changes anything. */
export const background = (address) => (Math.imul(address, 0x9e3779b1) >>> 23) & 0xff;

export function openHwv(file) {
  return new HwvFile(gunzipSync(readFileSync(file)));
}

export class HwvFile {
  constructor(bytes) {
    this.bytes = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (String.fromCharCode(...this.bytes.subarray(0, MAGIC.length)) !== MAGIC) throw new Error('not an HWV1 file');
    const length = this.view.getUint32(MAGIC.length, true);
    this.start = MAGIC.length + 4 + length;
    this.header = JSON.parse(new TextDecoder().decode(this.bytes.subarray(MAGIC.length + 4, this.start)));
    this.registerPool = this.header.gprPool.map((row) => row.map((hex) => BigInt(`0x${hex}`)));
    this.registerPool32 = this.registerPool.map((row) => row.slice(0, 8).map(Number));
    this.fxPool = this.header.fxPool.map((f) => ({ r: f.r.map(unhex), xmm: f.xmm.map(unhex) }));
  }

  /**
   * All cases in file order. Registers and addresses are numbers in 16- and 32-bit cases, BigInts in 64-bit ones;
   * `at` and `end` are the record's bytes in `this.bytes`.
   */
  *cases() {
    const reader = new Reader(this.bytes, this.view, this.start);
    for (let id = 0; reader.at < this.bytes.length; id++) {
      const at = reader.at;
      const one = this.#record(reader, id);
      yield Object.assign(one, { at, end: reader.at });
    }
  }

  #record(reader, id) {
    const { header } = this;
    const flags = reader.u8();
    const mode = reader.u8();
    const template = reader.u16();
    const value = mode === 64 ? () => reader.u64() : () => reader.u32();
    const [name, cls] = header.templates[template];
    const one = { id, mode, template, name, cls, onlyCpl3: (flags & ONLY_CPL3) !== 0 };
    one.start = (mode === 16 ? 0 : header.codeBase) + reader.u16();
    one.code = reader.bytes(reader.u8());

    const pool = (mode === 64 ? this.registerPool : this.registerPool32)[reader.u8()];
    const registers = pool.slice(0, mode === 64 ? 16 : 8);
    reader.list(() => {
      registers[reader.u8()] = value();
    });
    const eflags = reader.u32();
    const segments = { ...header[`seg${mode}`] };
    if (flags & SEGMENTS_IN) readSegments(reader, segments);
    one.initial = { registers, eflags, segments, memory: readMemory(reader) };
    if (flags & FX) one.initial.fx = readFx(reader, this.fxPool[reader.u8()], mode);

    const exception = flags & EXCEPTION ? { vector: reader.u8(), error: reader.u32() } : null;
    if (exception?.vector === PAGE_FAULT) exception.cr2 = value();
    const ip = mode === 64 ? BigInt(one.start) + BigInt(reader.i32()) : (one.start + reader.i32()) >>> 0;
    const final = { exception, ip, eflags: reader.u32(), eflagsMask: reader.u32(), registers: registers.slice() };
    one.final = final;
    reader.list(() => {
      final.registers[reader.u8()] = value();
    });
    final.segments = { ...segments };
    if (flags & SEGMENTS_OUT) readSegments(reader, final.segments);
    final.memory = readMemory(reader);
    final.ignore = [];
    if (flags & IGNORE) reader.list(() => final.ignore.push([reader.u32(), reader.u16()]));
    final.approximate = flags & APPROXIMATE ? reader.u8() : 0;
    if (flags & FX) {
      final.fx = flags & FX_OUT ? readFxOut(reader, one.initial.fx) : { ...one.initial.fx, fswMask: 0xffff };
    }
    return one;
  }
}

class Reader {
  constructor(bytes, view, at) {
    this.array = bytes;
    this.view = view;
    this.at = at;
  }
  u8() {
    return this.array[this.at++];
  }
  u16() {
    this.at += 2;
    return this.view.getUint16(this.at - 2, true);
  }
  u32() {
    this.at += 4;
    return this.view.getUint32(this.at - 4, true);
  }
  i32() {
    this.at += 4;
    return this.view.getInt32(this.at - 4, true);
  }
  u64() {
    this.at += 8;
    return this.view.getBigUint64(this.at - 8, true);
  }
  bytes(length) {
    this.at += length;
    return this.array.subarray(this.at - length, this.at);
  }
  /** A count byte, then so many items. */
  list(item) {
    for (let n = this.u8(); n > 0; n--) item();
  }
}

function readSegments(reader, into) {
  reader.list(() => {
    const name = SEGMENTS[reader.u8()];
    into[name] = reader.u16();
  });
}

/** [address, bytes] pairs. */
function readMemory(reader) {
  const chunks = [];
  reader.list(() => {
    const address = reader.u32();
    chunks.push([address, reader.bytes(reader.u16())]);
  });
  return chunks;
}

/** R0-R7 by physical number (10 bytes each), then XMM registers. */
function readFxRegisters(reader, r, xmm) {
  reader.list(() => {
    const i = reader.u8();
    if (i < 16) r[i] = reader.bytes(10);
    else xmm[i - 16] = reader.bytes(16);
  });
  return { r, xmm };
}

function readFx(reader, pool, mode) {
  const fx = { fcw: reader.u16(), fsw: reader.u16(), ftw: reader.u8(), mxcsr: reader.u32() };
  return { ...fx, ...readFxRegisters(reader, pool.r.slice(), pool.xmm.slice(0, mode === 64 ? 16 : 8)) };
}

function readFxOut(reader, before) {
  const fx = { fcw: reader.u16(), fsw: reader.u16(), fswMask: reader.u16(), ftw: reader.u8(), mxcsr: reader.u32() };
  return { ...fx, ...readFxRegisters(reader, before.r.slice(), before.xmm.slice()) };
}

function unhex(text) {
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}
