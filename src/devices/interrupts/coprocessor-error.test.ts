// FERR#, IRQ 13 and port F0h. PIIX3 data sheet, "Coprocessor error".
import { expect, test } from 'vitest';
import { CoprocessorError } from './coprocessor-error.js';

function setUp() {
  const seen: string[] = [];
  const device = new CoprocessorError({ set: (level) => void seen.push(level ? 'irq up' : 'irq down') }, () =>
    seen.push('IGNNE#'),
  );
  return { seen, device };
}

test('an error holds IRQ 13 until port F0h is written, which lets the processor go on', () => {
  const { seen, device } = setUp();
  device.signal();
  expect(seen).toEqual(['irq up']);
  device.ports.writePort(0, 1, 0);
  expect(seen).toEqual(['irq up', 'irq down', 'IGNNE#']);
  expect(device.ports.readPort(0, 1)).toBe(0xff);
});

test('a snapshot brings the line back, and a reset ends it', () => {
  const { device } = setUp();
  device.signal();
  const other = setUp();
  other.device.restore(device.save());
  expect(other.seen).toEqual(['irq up']);
  other.device.reset();
  expect(other.seen).toEqual(['irq up', 'irq down']);
});
