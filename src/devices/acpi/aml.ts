// Writes ACPI machine language: each function returns the bytes of one term.
// Source: ACPI Specification 6.4 chapter 20 (AML), section 6.4 (resource descriptors).

export type Aml = readonly number[];

const little = (value: number, bytes: number): number[] =>
  Array.from({ length: bytes }, (_, i) => Math.floor(value / 256 ** i) & 0xff);

export const ZERO: Aml = [0x00];
export const ONE: Aml = [0x01];
export const LOCAL0: Aml = [0x60];
export const ARG0: Aml = [0x68];

export function integer(value: number): Aml {
  if (value <= 1) return [value];
  if (value <= 0xff) return [0x0a, value];
  if (value <= 0xffff) return [0x0b, ...little(value, 2)];
  return [0x0c, ...little(value, 4)];
}

/** A name such as `_SB`, `\\_SB.PCI0` or `PRQA`; segments are padded to four characters. */
export function name(path: string): Aml {
  const root = path.startsWith('\\') ? [0x5c] : [];
  const segments = path
    .slice(root.length)
    .split('.')
    .flatMap((segment) => [...segment.padEnd(4, '_')].map((char) => char.charCodeAt(0)));
  const count = segments.length / 4;
  const prefix = count === 1 ? [] : count === 2 ? [0x2e] : [0x2f, count];
  return [...root, ...prefix, ...segments];
}

/** An operator whose operands are measured by a package length. */
function packaged(opcode: Aml, ...body: Aml[]): Aml {
  const bytes = body.flat();
  const length = bytes.length;
  let header: number[];
  if (length + 1 < 0x40) header = [length + 1];
  else if (length + 2 < 0x1000) header = [0x40 | ((length + 2) & 15), (length + 2) >> 4];
  else header = [0x80 | ((length + 3) & 15), ((length + 3) >> 4) & 0xff, (length + 3) >> 12];
  return [...opcode, ...header, ...bytes];
}

export const define = (path: string, value: Aml): Aml => [0x08, ...name(path), ...value];
export const scope = (path: string, ...terms: Aml[]): Aml => packaged([0x10], name(path), ...terms);
export const device = (path: string, ...terms: Aml[]): Aml => packaged([0x5b, 0x82], name(path), ...terms);
/** Methods are serialized: some create fields by name. */
export const method = (path: string, args: number, ...terms: Aml[]): Aml =>
  packaged([0x14], name(path), [args | 0x08], ...terms);
export const list = (...elements: Aml[]): Aml => packaged([0x12], [elements.length], ...elements);
export const buffer = (bytes: Aml): Aml => packaged([0x11], integer(bytes.length), bytes);

export const pciConfigRegion = (path: string, offset: number, length: number): Aml => [
  0x5b,
  0x80,
  ...name(path),
  0x02,
  ...integer(offset),
  ...integer(length),
];
/** Byte-wide fields one after another. */
export const byteFields = (region: string, ...fields: string[]): Aml =>
  packaged([0x5b, 0x81], name(region), [0x01], ...fields.map((field) => [...name(field), 8]));

export const store = (value: Aml, target: Aml): Aml => [0x70, ...value, ...target];
export const and = (a: Aml, b: Aml): Aml => [0x7b, ...a, ...b, 0x00];
export const or = (a: Aml, b: Aml, target: Aml): Aml => [0x7d, ...a, ...b, ...target];
export const shiftLeft = (value: Aml, count: Aml, target: Aml): Aml => [0x79, ...value, ...count, ...target];
export const lowestBit = (value: Aml, target: Aml): Aml => [0x82, ...value, ...target];
export const decrement = (target: Aml): Aml => [0x76, ...target];
export const lessThan = (a: Aml, b: Aml): Aml => [0x95, ...a, ...b];
export const wordField = (source: Aml, byte: Aml, path: string): Aml => [0x8b, ...source, ...byte, ...name(path)];
export const when = (condition: Aml, ...terms: Aml[]): Aml => packaged([0xa0], condition, ...terms);
export const give = (value: Aml): Aml => [0xa4, ...value];

/** Tells whoever listens at `path` of an event. */
export const notify = (path: string, event: number): Aml => [0x86, ...name(path), ...integer(event)];
export const text = (characters: string): Aml => [0x0d, ...[...characters].map((one) => one.charCodeAt(0)), 0];

/** A plug and play identifier such as `PNP0A03`. */
export function eisaId(id: string): Aml {
  const letter = (i: number): number => id.charCodeAt(i) & 0x1f;
  const vendor = (letter(0) << 10) | (letter(1) << 5) | letter(2);
  const product = Number.parseInt(id.slice(3), 16);
  return [0x0c, vendor >> 8, vendor & 0xff, product >> 8, product & 0xff];
}

/** A buffer of resource descriptors. */
export const resources = (...descriptors: Aml[]): Aml => buffer([...descriptors.flat(), 0x79, 0x00]);
export const ioPorts = (first: number, count: number): Aml => [
  0x47,
  0x01,
  ...little(first, 2),
  ...little(first, 2),
  0x01,
  count,
];
/** An edge-triggered, active-high, exclusive interrupt. */
export const isaIrq = (irq: number): Aml => [0x22, ...little(1 << irq, 2)];
/** A compatible 8-bit DMA channel, not of a bus master. */
export const isaDma = (channel: number): Aml => [0x2a, 1 << channel, 0x00];
/** Level-triggered, active-low, shared interrupts to choose from. */
export const levelIrqs = (mask: number): Aml => [0x23, ...little(mask, 2), 0x18];

export const busNumbers = (first: number, last: number): Aml => [
  0x88,
  0x0d,
  0x00,
  0x02,
  0x0c,
  0x00,
  ...little(0, 2),
  ...little(first, 2),
  ...little(last, 2),
  ...little(0, 2),
  ...little(last - first + 1, 2),
];
export const ioWindow = (first: number, last: number): Aml => [
  0x88,
  0x0d,
  0x00,
  0x01,
  0x0c,
  0x03,
  ...little(0, 2),
  ...little(first, 2),
  ...little(last, 2),
  ...little(0, 2),
  ...little(last - first + 1, 2),
];
export const memoryWindow = (first: number, last: number): Aml => [
  0x87,
  0x17,
  0x00,
  0x00,
  0x0c,
  0x01,
  ...little(0, 4),
  ...little(first, 4),
  ...little(last, 4),
  ...little(0, 4),
  ...little(last - first + 1, 4),
];
