// Struct layouts, described once for each ABI and read by one marshaller. System calls never see an offset.
// System V ABI, i386 supplement (64-bit integers are aligned to 4 bytes) and AMD64 (to 8).

/** long, ulong and pointer have the ABI's word size; high is 32 bits on a 32-bit ABI, and not there on others. */
export type FieldType =
  | 'high'
  | 'u8'
  | 's8'
  | 'u16'
  | 's16'
  | 'u32'
  | 's32'
  | 'u64'
  | 's64'
  | 'long'
  | 'ulong'
  | 'pointer';
/** `count` makes an array; a field without a name is padding. */
export type Field = readonly [name: string, type: FieldType, count?: number];

/** Sizes and alignments of an ABI. */
export interface DataModel {
  word: 4 | 8;
  /** Alignment of u64 and s64. */
  align64: 4 | 8;
}

interface Placed {
  name: string;
  type: FieldType;
  offset: number;
  size: number;
  count: number;
}

export type Values = Record<string, number | readonly number[]>;

const TWO_32 = 2 ** 32;

/** One struct in one ABI. 64-bit values are numbers: those beyond 2^53 lose low bits. */
export class Layout {
  readonly size: number;
  private readonly fields: Placed[] = [];

  constructor(model: DataModel, fields: readonly Field[]) {
    let offset = 0;
    let align = 1;
    for (const [name, type, count = 1] of fields) {
      if (type === 'high' && model.word === 8) continue;
      const size = sizeOf(model, type);
      const own = size === 8 ? (type === 'u64' || type === 's64' ? model.align64 : model.word) : size;
      align = Math.max(align, own);
      offset = Math.ceil(offset / own) * own;
      this.fields.push({ name, type: concrete(model, type), offset, size, count });
      offset += size * count;
    }
    this.size = Math.ceil(offset / align) * align;
  }

  /** Writes the struct at `at`; absent fields and padding are zeros. */
  write(view: DataView, at: number, values: Values): void {
    for (let i = 0; i < this.size; i++) view.setUint8(at + i, 0);
    for (const { name, type, offset, size, count } of this.fields) {
      const value = values[name];
      if (value === undefined || name === '') continue;
      if (typeof value === 'number') put(view, at + offset, type, value);
      else for (let i = 0; i < Math.min(count, value.length); i++) put(view, at + offset + i * size, type, value[i]!);
    }
  }

  bytes(values: Values): Uint8Array {
    const bytes = new Uint8Array(this.size);
    this.write(new DataView(bytes.buffer), 0, values);
    return bytes;
  }

  /** Fields by name; arrays are arrays. */
  read(view: DataView, at: number): Record<string, number> {
    const values: Record<string, number | number[]> = {};
    for (const { name, type, offset, size, count } of this.fields) {
      if (name === '') continue;
      values[name] =
        count === 1
          ? get(view, at + offset, type)
          : Array.from({ length: count }, (_, i) => get(view, at + offset + i * size, type));
    }
    return values as Record<string, number>;
  }

  offsetOf(name: string): number {
    return this.fields.find((field) => field.name === name)!.offset;
  }
}

function sizeOf(model: DataModel, type: FieldType): number {
  if (type === 'long' || type === 'ulong' || type === 'pointer' || type === 'high') return model.word;
  return Number(type.slice(1)) / 8;
}

function concrete(model: DataModel, type: FieldType): FieldType {
  const bits = model.word === 4 ? '32' : '64';
  if (type === 'long') return `s${bits}` as FieldType;
  return type === 'ulong' || type === 'pointer' || type === 'high' ? (`u${bits}` as FieldType) : type;
}

function put(view: DataView, at: number, type: FieldType, value: number): void {
  switch (type) {
    case 'u8':
    case 's8':
      view.setUint8(at, value);
      break;
    case 'u16':
    case 's16':
      view.setUint16(at, value, true);
      break;
    case 'u32':
    case 's32':
      view.setUint32(at, value, true);
      break;
    default:
      view.setUint32(at, value, true);
      view.setUint32(at + 4, Math.floor(value / TWO_32), true);
  }
}

function get(view: DataView, at: number, type: FieldType): number {
  switch (type) {
    case 'u8':
      return view.getUint8(at);
    case 's8':
      return view.getInt8(at);
    case 'u16':
      return view.getUint16(at, true);
    case 's16':
      return view.getInt16(at, true);
    case 'u32':
      return view.getUint32(at, true);
    case 's32':
      return view.getInt32(at, true);
    case 'u64':
      return view.getUint32(at + 4, true) * TWO_32 + view.getUint32(at, true);
    default:
      return view.getInt32(at + 4, true) * TWO_32 + view.getUint32(at, true);
  }
}
