// What a guest's driver does with the panic device.
// Source: QEMU docs/specs/pvpanic.rst.
import { expect, test } from 'vitest';
import { dsdtBody } from '../acpi/acpi-dsdt.js';
import { PvPanic } from './pvpanic.js';

test('says which events it takes, and passes them on', () => {
  const told: string[] = [];
  const { ports } = new PvPanic({
    panicked: () => void told.push('panicked'),
    crashLoaded: () => void told.push('crash kernel'),
  });
  expect(ports.readPort(0, 1)).toBe(3);
  for (const events of [0, 0xf8, 2, 1]) ports.writePort(0, 1, events);
  expect(told).toEqual(['crash kernel', 'panicked']);
});

test('ACPI names it, with its port', () => {
  const body = String.fromCharCode(
    ...dsdtBody({ pciWindow: [0, 0], serialPorts: [], generation: 0xfed50000, panicPort: 0x505 }),
  );
  expect(body).toContain('_HID\x0dQEMU0001\0');
  expect(body).toContain('\x47\x01\x05\x05\x05\x05\x01\x01');
});
