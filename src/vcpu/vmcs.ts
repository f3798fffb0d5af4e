// The VMCS by the names of its fields: what VMREAD and VMWRITE are to a monitor.
// SDM vol. 3C chapter 24, vol. 3D appendix B; assembly/vmcs/rows.ts.
import { VMCS } from '../../assembly/abi.js';
import { VMCS_ROWS, VMCS_SLOT, type Width } from '../../assembly/vmcs/rows.js';

export * from '../../assembly/vmcs/controls.js';
export * from '../../assembly/vmcs/exit-reasons.js';

export type VmcsField = (typeof VMCS_ROWS)[number][0];

/** A 64-bit value that may not fit a number. */
export interface Wide {
  low: number;
  high: number;
}

export interface FieldInfo {
  name: VmcsField;
  encoding: number;
  width: Width;
}

export const VMCS_FIELDS: readonly FieldInfo[] = VMCS_ROWS.map(([name, encoding, width]) => ({
  name,
  encoding,
  width,
}));

const TWO_32 = 2 ** 32;
/** Address and width of each field. */
const PLACES = Object.fromEntries(
  VMCS_ROWS.map(([name, , width], i) => [name, { at: VMCS + i * VMCS_SLOT, width }]),
) as Record<VmcsField, { at: number; width: Width }>;

/** Place of a field's low half in `Vmcs.words`, for code that runs at every exit. */
export function fieldWord(field: VmcsField): number {
  return PLACES[field].at / 4;
}

export class Vmcs {
  /** The machine's memory as words: `words[fieldWord('GUEST_RIP')]`. */
  readonly words: Uint32Array;

  constructor(private readonly view: DataView) {
    this.words = new Uint32Array(view.buffer);
  }

  /** Unsigned. A 64-bit value above 2^53 loses its low bits: see readWide. */
  read(field: VmcsField): number {
    const { at, width } = PLACES[field];
    const low = this.view.getUint32(at, true);
    return width === 64 ? this.view.getUint32(at + 4, true) * TWO_32 + low : low;
  }

  readWide(field: VmcsField): Wide {
    const { at } = PLACES[field];
    return { low: this.view.getUint32(at, true), high: this.view.getUint32(at + 4, true) };
  }

  /** Cut to the field's width; negative numbers are two's complement, so that -1 is all ones. */
  write(field: VmcsField, value: number | Wide): void {
    const { at, width } = PLACES[field];
    const low = typeof value === 'number' ? value % TWO_32 : value.low;
    const high = typeof value === 'number' ? Math.floor(value / TWO_32) : value.high;
    this.view.setUint32(at, width === 16 ? low & 0xffff : low, true);
    this.view.setUint32(at + 4, width === 64 ? high : 0, true);
  }

  setBits(field: VmcsField, bits: number): void {
    this.write(field, (this.read(field) | bits) >>> 0);
  }

  clearBits(field: VmcsField, bits: number): void {
    this.write(field, (this.read(field) & ~bits) >>> 0);
  }

  /** VMCLEAR: every field 0, the link pointer all ones. */
  clear(): void {
    for (const { name } of VMCS_FIELDS) this.write(name, 0);
    this.write('VMCS_LINK_POINTER', -1);
  }

  /** One line a field, as a debugger shows it. */
  dump(): string {
    return VMCS_FIELDS.map(({ name, encoding, width }) => {
      const { low, high } = this.readWide(name);
      const digits = width === 16 ? 4 : 8;
      const value = low.toString(16).padStart(digits, '0');
      return `${encoding.toString(16).padStart(4, '0')} ${name} ${width === 64 ? high.toString(16).padStart(8, '0') : ''}${value}`;
    }).join('\n');
  }
}
