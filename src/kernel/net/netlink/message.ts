// Netlink messages: headers, attributes, and how both are read and written. man 7 netlink; RFC 3549 section 2.2; Linux include/net/netlink.h.

export const HEADER_SIZE = 16;
const ATTRIBUTE_HEADER = 4;
const NESTED = 0x8000;
const TYPE_MASK = 0x3fff;

const aligned = (length: number): number => (length + 3) & ~3;

export interface Request {
  type: number;
  flags: number;
  sequence: number;
  /** Behind the header. */
  body: Uint8Array;
  view: DataView;
  /** The whole message, for the answer that quotes it. */
  whole: Uint8Array;
}

/** The messages of a datagram. One that is cut short ends it. */
export function readMessages(bytes: Uint8Array): Request[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const requests: Request[] = [];
  for (let at = 0; at + HEADER_SIZE <= bytes.length; ) {
    const length = view.getUint32(at, true);
    if (length < HEADER_SIZE || at + length > bytes.length) break;
    const body = bytes.subarray(at + HEADER_SIZE, at + length);
    requests.push({
      type: view.getUint16(at + 4, true),
      flags: view.getUint16(at + 6, true),
      sequence: view.getUint32(at + 8, true),
      body,
      view: new DataView(body.buffer, body.byteOffset, body.length),
      whole: bytes.subarray(at, at + length),
    });
    at += aligned(length);
  }
  return requests;
}

/** Attributes by type; the last of a type counts. */
export class Attributes {
  private readonly values = new Map<number, Uint8Array>();

  constructor(bytes: Uint8Array) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    for (let at = 0; at + ATTRIBUTE_HEADER <= bytes.length; ) {
      const length = view.getUint16(at, true);
      if (length < ATTRIBUTE_HEADER || at + length > bytes.length) break;
      this.values.set(view.getUint16(at + 2, true) & TYPE_MASK, bytes.subarray(at + ATTRIBUTE_HEADER, at + length));
      at += aligned(length);
    }
  }

  /** Of a request whose fixed part has `size` bytes. */
  static behind({ body }: Request, size: number): Attributes {
    return new Attributes(body.subarray(Math.min(body.length, size)));
  }

  get types(): number[] {
    return [...this.values.keys()];
  }

  bytes(type: number): Uint8Array | undefined {
    return this.values.get(type);
  }
  u32(type: number): number | undefined {
    const bytes = this.values.get(type);
    if (!bytes || bytes.length < 4) return undefined;
    return new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  }
  /** Exact below 2^53. */
  u64(type: number): number | undefined {
    const bytes = this.values.get(type);
    if (!bytes || bytes.length < 8) return undefined;
    return Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  }
  text(type: number): string | undefined {
    const bytes = this.values.get(type);
    if (!bytes) return undefined;
    const end = bytes.indexOf(0);
    return String.fromCharCode(...bytes.subarray(0, end < 0 ? bytes.length : end).subarray(0, 256));
  }
  nested(type: number): Attributes | undefined {
    const bytes = this.values.get(type);
    return bytes && new Attributes(bytes);
  }
}

/** A body under way: a fixed part, then attributes. */
export class Body {
  private bytes = new Uint8Array(256);
  private view = new DataView(this.bytes.buffer);
  length = 0;

  /** Where `more` bytes go; what holds them may be another array than before. */
  private room(more: number): number {
    const at = this.length;
    if (at + more > this.bytes.length) {
      const grown = new Uint8Array(Math.max(this.bytes.length * 2, at + more));
      grown.set(this.bytes);
      this.bytes = grown;
      this.view = new DataView(grown.buffer);
    }
    this.length = at + more;
    return at;
  }

  u8(...values: number[]): this {
    for (const value of values) {
      const at = this.room(1);
      this.view.setUint8(at, value);
    }
    return this;
  }
  u16(value: number): this {
    const at = this.room(2);
    this.view.setUint16(at, value, true);
    return this;
  }
  u32(...values: number[]): this {
    for (const value of values) {
      const at = this.room(4);
      this.view.setUint32(at, value, true);
    }
    return this;
  }
  u64(...values: number[]): this {
    for (const value of values) this.u32(value % 2 ** 32, Math.floor(value / 2 ** 32));
    return this;
  }
  raw(bytes: Uint8Array): this {
    const at = this.room(bytes.length);
    this.bytes.set(bytes, at);
    return this;
  }

  /** Zeros up to the next word. */
  align(): this {
    this.room(aligned(this.length) - this.length);
    return this;
  }

  attribute(type: number, value: Uint8Array): this {
    return this.u16(ATTRIBUTE_HEADER + value.length)
      .u16(type)
      .raw(value)
      .align();
  }
  attribute8(type: number, value: number): this {
    return this.attribute(type, Uint8Array.of(value));
  }
  attribute32(type: number, value: number): this {
    return this.attribute(type, new Body().u32(value).taken);
  }
  attributeText(type: number, value: string): this {
    return this.attribute(
      type,
      Uint8Array.from(`${value}\0`, (char) => char.charCodeAt(0)),
    );
  }
  nested(type: number, inner: Body): this {
    return this.attribute(type | NESTED, inner.taken);
  }

  get taken(): Uint8Array {
    return this.bytes.slice(0, this.length);
  }
}

/** A whole message. */
export function makeMessage(type: number, flags: number, sequence: number, port: number, body: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(aligned(HEADER_SIZE + body.length));
  const view = new DataView(bytes.buffer);
  view.setUint32(0, HEADER_SIZE + body.length, true);
  view.setUint16(4, type, true);
  view.setUint16(6, flags, true);
  view.setUint32(8, sequence, true);
  view.setUint32(12, port, true);
  bytes.set(body, HEADER_SIZE);
  return bytes;
}
