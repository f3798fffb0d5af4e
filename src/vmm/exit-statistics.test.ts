// Counting exits and whose time is whose.
import { expect, test } from 'vitest';
import { ExitStatistics } from './exit-statistics.js';

test('time between an exit and the next entry belongs to the exit’s reason, the rest to the guest', () => {
  const exits = new ExitStatistics();
  exits.entering(1000);
  exits.left({ kind: 'vm' }, 30, 4000);
  exits.entering(4500);
  exits.left({ kind: 'vm' }, 30, 5000);
  exits.entering(5250);
  exits.left({ kind: 'mmio-read', address: 0, width: 1 }, 0, 6250);
  exits.settle(6300);
  // asleep: nobody's time
  exits.entering(9000);
  exits.left({ kind: 'budget' }, 0, 9001);
  const guest = 3000 + 500 + 1000 + 1;
  const busy = guest + 50 + 750;
  expect(exits.report()).toEqual({
    exits: { 'mmio-read': 1, budget: 1, IO_INSTRUCTION: 2 },
    exitSeconds: { 'mmio-read': 50e-9, budget: 0, IO_INSTRUCTION: 750e-9 },
    exitShares: { 'mmio-read': 50 / busy, budget: 0, IO_INSTRUCTION: 750 / busy },
    guestSeconds: guest / 1e9,
    guestShare: guest / busy,
  });
  expect(exits.entries).toBe(4);
});

test('a reason that nobody knows is counted too', () => {
  const exits = new ExitStatistics();
  exits.entering(1);
  exits.left({ kind: 'vm' }, 60000, 2);
  expect(exits.report().exits).toEqual({ REASON_79: 1 });
});

test('a machine that has not run has no shares', () => {
  expect(new ExitStatistics().report()).toMatchObject({ exitShares: {}, guestShare: 0 });
});
