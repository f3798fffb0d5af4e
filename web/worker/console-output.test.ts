// What goes to the page in one turn is bounded, however much a guest sends, and nothing is lost or changes its order.
import { expect, test } from 'vitest';
import { UNSHOWN_MOST } from '../machine/contract.js';
import { ConsoleOutput } from './console-output.js';
import { firstLines } from './first-lines.js';

test('without shared memory no more is on its way than may be, and what is shown makes room', async () => {
  const sent: Uint8Array[] = [];
  const port = { postMessage: ({ bytes }: { bytes: Uint8Array }) => sent.push(bytes) } as unknown as MessagePort;
  const output = new ConsoleOutput(undefined, port);
  const total = 5 * UNSHOWN_MOST + 77;
  for (let i = 0; i < total; i++) output.transmit(i & 0xff);
  let over = false;
  const finished = output.finish().then(() => {
    over = true;
  });
  let received = 0;
  while (!over) {
    const unshown = sent.splice(0);
    const length = unshown.reduce((sum, bytes) => sum + bytes.length, 0);
    expect(length).toBeLessThanOrEqual(UNSHOWN_MOST);
    for (const bytes of unshown) for (const byte of bytes) if (byte !== (received++ & 0xff)) expect.unreachable();
    output.shown(length);
    await Promise.resolve();
  }
  await finished;
  expect(received).toBe(total);
});

test('of a screen as large as a guest can make it, so many cells are read out', () => {
  const screen = Array.from({ length: 1024 }, () => 'x'.repeat(256));
  expect(firstLines(screen, 16384).length).toBe(63);
  expect(firstLines(['a', '', 'b'], 16384)).toEqual(['a', '', 'b']);
});
