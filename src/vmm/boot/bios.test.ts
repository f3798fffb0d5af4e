// Option ROMs: which are refused, and how they are told apart. PCI Firmware Specification 3.0, section 5.1.
import { expect, test } from 'vitest';
import { PciFunction } from '../../devices/pci/pci-function.js';
import { optionRoms } from './bios.js';

const NE2000 = new PciFunction({ vendor: 0x10ec, device: 0x8029, classCode: 0x020000 });

function source(bytes: Uint8Array) {
  const read = (at: number, into: Uint8Array) => void into.set(bytes.subarray(at, at + into.length));
  return { name: 'card.rom', size: bytes.length, read };
}

/** With a PCI data structure at `at`. */
function rom(vendor: number, at = 0x40): Uint8Array {
  const bytes = new Uint8Array(512);
  bytes.set([0x55, 0xaa, 1]);
  bytes.set([at & 0xff, at >> 8], 0x18);
  if (at > 0 && at < 500) bytes.set([0x50, 0x43, 0x49, 0x52, vendor & 0xff, vendor >> 8], at);
  return bytes;
}

const romOf = (bytes: Uint8Array, card: PciFunction | undefined = NE2000) =>
  optionRoms({ kind: 'bios', bios: source(bytes), netrom: source(bytes) }, card).networkRom;

test("a card's ROM goes under the card's name, unless it is another maker's", () => {
  expect(romOf(rom(0x10ec))).toMatchObject({ vendor: 0x10ec, device: 0x8029, bytes: rom(0x10ec) });
  expect(() => romOf(rom(0x1af4))).toThrow("card.rom: for cards of vendor 1af4, and the card's is 10ec");
  // ones that do not say
  expect(romOf(rom(0))?.device).toBe(0x8029);
  for (const at of [0, 508, 0xffff]) expect(romOf(rom(0x1af4, at))?.device).toBe(0x8029);
});

test('what is no ROM is refused', () => {
  expect(() => romOf(new Uint8Array(512))).toThrow('card.rom: does not begin with 55 AA');
  expect(() => romOf(new Uint8Array(13))).toThrow('an option ROM has 512 bytes to 128 KiB');
  expect(() => romOf(new Uint8Array(200_000))).toThrow('an option ROM has 512 bytes to 128 KiB');
});
