// Random bytes by requests; what a driver has asked for ahead is not the same in two machines of one snapshot.
import { randomFillSync } from 'node:crypto';
import { expect, test } from 'vitest';
import { VirtioRng } from './rng.js';
import { BUFFERS, DESCRIPTOR, TestDriver } from './test-driver.js';

const SIZE = 64;
const setUp = (): TestDriver => {
  const driver = new TestDriver((memory) => new VirtioRng(memory, (into) => void randomFillSync(into)));
  driver.start();
  return driver;
};
const answer = ({ memory }: TestDriver, at = BUFFERS, length = SIZE): string =>
  Buffer.from(memory.bytes.subarray(at, at + length)).toString('hex');
const ask = (driver: TestDriver, at = BUFFERS): void => {
  driver.send(
    0,
    [at, at + 0x1000].map((address) => ({ address, length: SIZE / 2, flags: DESCRIPTOR.WRITE })),
  );
};
/** A machine of the snapshot of another. */
const restored = (from: TestDriver, state: unknown): TestDriver => {
  const driver = setUp();
  driver.memory.bytes.set(from.memory.bytes);
  driver.pci.restore(structuredClone(state));
  return driver;
};

test('fills what it is given', () => {
  const driver = setUp();
  ask(driver);
  expect(answer(driver, BUFFERS, SIZE / 2)).not.toMatch(/^0+$/);
  expect(answer(driver, BUFFERS + 0x1000, SIZE / 2)).not.toMatch(/^0+$/);
  expect(answer(driver, BUFFERS + SIZE / 2, SIZE / 2)).toMatch(/^0+$/);
});

test('what was asked for ahead is another answer in each restored machine, and again in theirs', () => {
  const driver = setUp();
  ask(driver);
  const state = driver.pci.save();
  const [a, b] = [restored(driver, state), restored(driver, state)];
  const c = restored(a, a.pci.save());
  const answers = [driver, a, b, c].flatMap((one) => [
    answer(one, BUFFERS, SIZE / 2),
    answer(one, BUFFERS + 0x1000, SIZE / 2),
  ]);
  expect(new Set(answers).size).toBe(8);
});

test('memory that the guest has used for something else since stays as it is', () => {
  const driver = setUp();
  ask(driver);
  driver.memory.bytes[BUFFERS + 5] ^= 1;
  const before = answer(driver);
  const one = restored(driver, driver.pci.save());
  expect(answer(one)).toBe(before);
  // a driver that has gone holds nothing
  const other = setUp();
  ask(other);
  other.pci.reset();
  expect(answer(restored(other, other.pci.save()))).toBe(answer(other));
});

test('a state that is none is refused; one of before is taken', () => {
  const driver = setUp();
  const state = driver.device.save() as object;
  for (const held of [{}, [1], [{ address: 1 }], [{ address: 'x', bytes: Uint8Array.of(1) }]])
    expect(() => driver.device.restore({ ...state, held }), JSON.stringify(held)).toThrow('snapshot');
  driver.device.restore({ ...state, held: undefined });
  driver.device.restore({ ...state, held: [{ address: 2 ** 40, bytes: new Uint8Array(9) }] });
});
