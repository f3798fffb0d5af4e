// The last exits in words: of the core, of VMX, and no more of them than are kept.
import { expect, test } from 'vitest';
import { EXIT_REASON_EPT_VIOLATION, EXIT_REASON_HLT, EXIT_REASON_IO_INSTRUCTION } from '../vcpu/vmcs.js';
import { ExitTrail, TRAIL } from './exit-trail.js';

const bus = { portName: (port: number) => (port === 0x3f8 ? 'uart' : 'nobody'), mmioName: () => 'vga' };
const nothing = { qualification: 0, interruption: 0, errorCode: 0, guestPhysical: 0, guestLinear: 0 };

test('exits of the core say what they accessed and who answered', () => {
  const trail = new ExitTrail(bus);
  trail.note({ kind: 'io-out', port: 0x3f8, width: 1, count: 0, value: 0x41 }, 0x1000);
  trail.note({ kind: 'io-in', port: 0x1f0, width: 2, count: 256, value: 0 }, 0x1002);
  trail.note({ kind: 'mmio-read', address: 0xb8000, width: 4 }, 0xc0000000);
  trail.note({ kind: 'hlt' }, 7);
  expect(trail.lines()).toEqual([
    { number: 0, reason: 'io-out', at: 0x1000, what: '0x3f8 size 1 = 41 (uart)' },
    { number: 1, reason: 'io-in', at: 0x1002, what: '0x1f0 size 2, 256 items (nobody)' },
    { number: 2, reason: 'mmio-read', at: 0xc0000000, what: '000b8000 size 4 (vga)' },
    { number: 3, reason: 'hlt', at: 7, what: '' },
  ]);
});

test('VM exits are decoded by their qualification', () => {
  const trail = new ExitTrail(bus);
  const note = (reason: number, more: object) =>
    trail.note({ kind: 'vm' }, 0, { rip: 0xc0100000, detail: { ...nothing, ...more, reason } });
  note(EXIT_REASON_IO_INSTRUCTION, { qualification: 0x03f80000 });
  note(EXIT_REASON_EPT_VIOLATION, { qualification: 0x182, guestPhysical: 0xb8000, guestLinear: 0xc00b8000 });
  note(EXIT_REASON_HLT, {});
  expect(trail.lines().map(({ at, reason, what }) => [at, reason, what])).toEqual([
    [0xc0100000, 'IO_INSTRUCTION (30)', 'out 0x3f8 size 1 (uart)'],
    [0xc0100000, 'EPT_VIOLATION (48)', 'write to 000b8000 (linear c00b8000) (vga)'],
    [0xc0100000, 'HLT (12)', ''],
  ]);
});

test('the last ones are kept, in their order', () => {
  const trail = new ExitTrail(bus);
  for (let i = 0; i < 3 * TRAIL + 5; i++) trail.note({ kind: 'hlt' }, i);
  const places = trail.lines().map(({ at }) => at);
  expect(places).toHaveLength(TRAIL);
  expect([places[0], places.at(-1)]).toEqual([2 * TRAIL + 5, 3 * TRAIL + 4]);
});
