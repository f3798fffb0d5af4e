// Core WebAssembly modules as bytes: is one a component, and how far its memories and tables may grow.
// WebAssembly core specification, 5.5 "Modules"; component-model, Binary.md, "Component definitions".
import { joined } from '../base/bytes.js';
import { InputError } from '../base/errors.js';

export const PAGE = 65536;
const PAGES_MAX = 65536;
/** Elements of a table that has no maximum, or a larger one: each is a pointer of the host's. */
const TABLE_MAX = 1 << 20;
const HEADER = 8;
const TABLES = 4;
const MEMORIES = 5;
/** Tables and memories of a module; an engine takes fewer. */
const DEFINED_MAX = 100;
const HAS_MAXIMUM = 1;
const IS_SHARED = 2;
const IS_64 = 4;

export const isWasm = (head: Uint8Array): boolean =>
  head.length >= HEADER && head[0] === 0 && head[1] === 0x61 && head[2] === 0x73 && head[3] === 0x6d;

/** The layer of the format: 0 are core modules, 1 components. */
export const isComponent = (bytes: Uint8Array): boolean => isWasm(bytes) && bytes[6] === 1 && bytes[7] === 0;

/** All throw InputError at the end. */
export class Reader {
  constructor(
    readonly bytes: Uint8Array,
    public at = HEADER,
  ) {}

  take(length: number): Uint8Array {
    if (this.at + length > this.bytes.length) throw new InputError('a module: ends too early');
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }

  byte(): number {
    const byte = this.bytes[this.at++];
    if (byte === undefined) throw new InputError('a module: ends too early');
    return byte;
  }

  /** LEB128 of at most 32 bits. */
  number(): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.byte();
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
    throw new InputError('a module: has a number that is too long');
  }
}

function numberBytes(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 0x7f; rest = Math.floor(rest / 128)) bytes.push((rest & 0x7f) | 0x80);
  bytes.push(rest);
  return bytes;
}

interface Section {
  id: number;
  start: number;
  /** Where its contents begin and end. */
  from: number;
  to: number;
}

/** Of a module or a component. Throws InputError. */
export function sectionsOf(bytes: Uint8Array): Section[] {
  const reader = new Reader(bytes);
  const found: Section[] = [];
  while (reader.at < bytes.length) {
    const start = reader.at;
    const id = reader.byte();
    const size = reader.number();
    const from = reader.at;
    const to = from + size;
    if (to > bytes.length) throw new InputError('a module: a section of it goes beyond its end');
    found.push({ id, start, from, to });
    reader.at = to;
  }
  return found;
}

interface Limits {
  flags: number;
  minimum: number;
  maximum: number;
}

/** Throws InputError: only memories of 32 bits that are one program's are taken. */
function limitsAt(reader: Reader, most: number): Limits {
  const flags = reader.byte();
  if ((flags & ~HAS_MAXIMUM) !== 0) {
    const why =
      (flags & IS_SHARED) !== 0 ? 'is shared between threads' : (flags & IS_64) !== 0 ? 'has 64 bits' : 'is odd';
    throw new InputError(`a module: a memory or table of it ${why}: there are no such programs`);
  }
  const minimum = reader.number();
  return { flags, minimum, maximum: (flags & HAS_MAXIMUM) !== 0 ? reader.number() : most };
}

function memoriesOf(bytes: Uint8Array): Limits[] {
  const section = sectionsOf(bytes).find(({ id }) => id === MEMORIES);
  if (!section) return [];
  const reader = new Reader(bytes, section.from);
  const count = Math.min(DEFINED_MAX, reader.number());
  return Array.from({ length: count }, () => limitsAt(reader, PAGES_MAX));
}

/** What all memories of a program may have together, in pages. What one needs to begin with is its own; the rest goes to who comes first. */
export class MemoryBudget {
  private spare: number;
  /** Pages that a module of the program begins with: of the first time that it is instantiated they are counted. */
  private readonly reserved = new Map<Uint8Array, number>();

  /** Throws InputError when there is not enough to begin with. */
  constructor(modules: readonly Uint8Array[], bytes: number) {
    const pages = Math.min(PAGES_MAX, Math.floor(bytes / PAGE));
    let needed = 0;
    for (const module of modules) {
      const own = memoriesOf(module).reduce((sum, { minimum }) => sum + minimum, 0);
      this.reserved.set(module, own);
      needed += own;
    }
    if (needed > pages)
      throw new InputError(
        `its memories begin with ${needed * PAGE} bytes, and ${pages * PAGE} are what they may have`,
        'Give it a larger --memory.',
      );
    this.spare = pages - needed;
  }

  /** The module with maxima that hold what it may have. Throws InputError. */
  limited(module: Uint8Array): Uint8Array {
    const taken = this.reserved.get(module) ?? memoriesOf(module).reduce((sum, { minimum }) => sum + minimum, 0);
    if (this.reserved.has(module)) this.reserved.delete(module);
    else if (taken > this.spare) throw new InputError('its modules need more memory than it may have');
    else this.spare -= taken;
    const out: Uint8Array[] = [];
    let copied = 0;
    for (const { id, start, from, to } of sectionsOf(module)) {
      if (id !== MEMORIES && id !== TABLES) continue;
      const body = id === MEMORIES ? this.memories(module, from) : tables(module, from, to);
      out.push(
        module.subarray(copied, start),
        Uint8Array.from([id, ...numberBytes(body.length)]),
        Uint8Array.from(body),
      );
      copied = to;
    }
    out.push(module.subarray(copied));
    return joined(out);
  }

  private memories(module: Uint8Array, from: number): number[] {
    const reader = new Reader(module, from);
    const count = Math.min(DEFINED_MAX, reader.number());
    const body = numberBytes(count);
    for (let i = 0; i < count; i++) {
      const { minimum, maximum } = limitsAt(reader, PAGES_MAX);
      const granted = Math.min(maximum, minimum + this.spare);
      this.spare -= Math.max(0, granted - minimum);
      body.push(HAS_MAXIMUM, ...numberBytes(minimum), ...numberBytes(granted));
    }
    return body;
  }
}

/** Tables of references, whose types are one byte; with others the section stays as it is, and the engine's own bound holds. */
function tables(module: Uint8Array, from: number, to: number): number[] {
  const reader = new Reader(module, from);
  const count = Math.min(DEFINED_MAX, reader.number());
  const body = numberBytes(count);
  for (let i = 0; i < count; i++) {
    const type = reader.byte();
    if (type !== 0x70 && type !== 0x6f) return [...module.subarray(from, to)];
    const { minimum, maximum } = limitsAt(reader, TABLE_MAX);
    if (minimum > TABLE_MAX) throw new InputError(`a module: a table of ${minimum} elements is too large`);
    body.push(type, HAS_MAXIMUM, ...numberBytes(minimum), ...numberBytes(Math.min(maximum, TABLE_MAX)));
  }
  return body;
}
