// Protocol Buffers as plain objects: a message is written and read by the table of its fields. What is not in the table is passed over.
// protobuf.dev/programming-guides/encoding. Hostile: lengths lie within their message, messages are no deeper than their tables.
import { joined } from './bytes.js';
import { decodeText, encodeText } from './text.js';

export class ProtobufError extends Error {}

export type Scalar = 'text' | 'bytes' | 'number' | 'flag' | 'texts' | 'blobs';
export interface Field<Kind extends Scalar | Shape, Many extends boolean> {
  readonly id: number;
  readonly kind: Kind;
  readonly many: Many;
}
export interface Shape {
  readonly [name: string]: Field<Scalar | Shape, boolean>;
}

const scalar =
  <Kind extends Scalar>(kind: Kind) =>
  (id: number): Field<Kind, false> => ({ id, kind, many: false });

export const text = scalar('text');
export const bytes = scalar('bytes');
/** int64, uint32, enum and their like; beyond 2^53 it is rounded. */
export const number = scalar('number');
export const flag = scalar('flag');
/** A map of texts, and one of bytes, by texts. */
export const texts = scalar('texts');
export const blobs = scalar('blobs');
export const message = <S extends Shape>(id: number, kind: S): Field<S, false> => ({ id, kind, many: false });
export const several = <Kind extends Scalar | Shape>({ id, kind }: Field<Kind, false>): Field<Kind, true> => ({
  ...{ id, kind, many: true },
});

interface Values {
  text: string;
  bytes: Uint8Array;
  number: number;
  flag: boolean;
  texts: Record<string, string>;
  blobs: Record<string, Uint8Array>;
}
type One<Kind> = Kind extends Scalar ? Values[Kind] : Kind extends Shape ? Message<Kind> : never;
/** What is read: all of its fields, but messages that are not there. */
export type Message<S extends Shape> = {
  [Name in keyof S]: S[Name]['many'] extends true
    ? One<S[Name]['kind']>[]
    : S[Name]['kind'] extends Scalar
      ? One<S[Name]['kind']>
      : One<S[Name]['kind']> | undefined;
};
type Given<Kind> = Kind extends Scalar ? Values[Kind] : Kind extends Shape ? Draft<Kind> : never;
/** What is written: fields that are not there have their default. */
export type Draft<S extends Shape> = {
  [Name in keyof S]?: S[Name]['many'] extends true
    ? readonly Given<S[Name]['kind']>[]
    : Given<S[Name]['kind']> | undefined;
};

const VARINT = 0;
const FIXED64 = 1;
const LENGTH = 2;
const FIXED32 = 5;
const ENTRY_MAX = 100_000;

// ---- reading ----------------------------------------------------------------------------------------------------------------------

class Reader {
  at = 0;

  constructor(private readonly data: Uint8Array) {}

  get ended(): boolean {
    return this.at >= this.data.length;
  }

  varint(): number {
    let value = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      const byte = this.data[this.at++];
      if (byte === undefined) throw new ProtobufError('a number has no end');
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
    throw new ProtobufError('a number is longer than ten bytes');
  }

  piece(): Uint8Array {
    const length = this.varint();
    if (length > this.data.length - this.at) throw new ProtobufError('a length leads beyond the message');
    this.at += length;
    return this.data.subarray(this.at - length, this.at);
  }

  skip(wire: number): void {
    if (wire === VARINT) this.varint();
    else if (wire === LENGTH) this.piece();
    else if (wire === FIXED64) this.at += 8;
    else if (wire === FIXED32) this.at += 4;
    else throw new ProtobufError(`wire type ${wire} is none`);
  }
}

const EMPTY: Readonly<Record<Scalar, () => unknown>> = {
  ...{ text: () => '', bytes: () => new Uint8Array(), number: () => 0, flag: () => false },
  ...{ texts: () => Object.create(null), blobs: () => Object.create(null) },
};
const PAIR = { key: text(1), value: text(2) };
const BLOB = { key: text(1), value: bytes(2) };

/** Throws ProtobufError. */
export function decode<S extends Shape>(shape: S, data: Uint8Array): Message<S> {
  const found: Record<string, unknown> = {};
  const byId = new Map<number, string>();
  for (const [name, { id, kind, many }] of Object.entries(shape)) {
    byId.set(id, name);
    found[name] = many ? [] : typeof kind === 'string' ? EMPTY[kind]() : undefined;
  }
  const reader = new Reader(data);
  let entries = 0;
  while (!reader.ended) {
    const tag = reader.varint();
    const name = byId.get(Math.floor(tag / 8));
    const wire = tag % 8;
    const field = name === undefined ? undefined : shape[name]!;
    if (!field || wire !== (field.kind === 'number' || field.kind === 'flag' ? VARINT : LENGTH)) {
      reader.skip(wire);
      continue;
    }
    if (++entries > ENTRY_MAX) throw new ProtobufError(`a message has more than ${ENTRY_MAX} fields`);
    read(reader, field, found, name!);
  }
  return found as Message<S>;
}

function read(reader: Reader, { kind, many }: Shape[string], found: Record<string, unknown>, name: string): void {
  if (kind === 'texts' || kind === 'blobs') {
    const { key, value } = decode<Shape>(kind === 'texts' ? PAIR : BLOB, reader.piece());
    (found[name] as Record<string, unknown>)[key as string] = value;
    return;
  }
  const value = fieldOf(reader, kind);
  if (many) (found[name] as unknown[]).push(value);
  else found[name] = value;
}

function fieldOf(reader: Reader, kind: Scalar | Shape): unknown {
  if (kind === 'number') return reader.varint();
  if (kind === 'flag') return reader.varint() !== 0;
  const data = reader.piece();
  if (kind === 'text') {
    const decoded = decodeText(data);
    if (decoded === undefined) throw new ProtobufError('a text is no UTF-8');
    return decoded;
  }
  return typeof kind === 'string' ? data : decode(kind, data);
}

// ---- writing ----------------------------------------------------------------------------------------------------------------------

/** Fields with their default are not written, but within lists. */
export function encode<S extends Shape>(shape: S, draft: Draft<S>): Uint8Array {
  const out: Uint8Array[] = [];
  for (const [name, { id, kind, many }] of Object.entries(shape)) {
    const value: unknown = draft[name];
    if (value === undefined) continue;
    if (kind === 'texts' || kind === 'blobs') {
      for (const [key, item] of Object.entries(value as object))
        piece(out, id, encode<Shape>(kind === 'texts' ? PAIR : BLOB, { key, value: item }));
    } else if (many) for (const item of value as unknown[]) write(out, id, kind, item);
    else if (typeof kind !== 'string' || !isEmpty(value)) write(out, id, kind, value);
  }
  return joined(out);
}

const isEmpty = (value: unknown): boolean =>
  value === '' || value === 0 || value === false || (value instanceof Uint8Array && value.length === 0);

function write(out: Uint8Array[], id: number, kind: Scalar | Shape, value: unknown): void {
  if (kind === 'number' || kind === 'flag') out.push(varint(id * 8 + VARINT), varint(Number(value)));
  else if (kind === 'text') piece(out, id, encodeText(value as string));
  else piece(out, id, typeof kind === 'string' ? (value as Uint8Array) : encode(kind, value as Draft<Shape>));
}

function piece(out: Uint8Array[], id: number, data: Uint8Array): void {
  out.push(varint(id * 8 + LENGTH), varint(data.length), data);
}

function varint(value: number): Uint8Array {
  const out: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return Uint8Array.of(...out, rest);
    out.push((rest % 128) | 0x80);
  }
}
