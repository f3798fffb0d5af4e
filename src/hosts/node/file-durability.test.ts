// What a flush beside the caller covers: all earlier writes and no later ones.
import { closeSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { scratch } from '../../../test/scratch.js';
import { BlockError } from '../../devices/storage/block-backend.js';
import { FileDurability } from './file-durability.js';

function file(): number {
  const path = join(scratch(), 'file');
  writeFileSync(path, 'content');
  return openSync(path, 'r+');
}

test('without writes there is nothing to wait for', async () => {
  const durability = new FileDurability(file());
  expect(durability.flushBeside()).toBeUndefined();
  durability.wrote();
  await durability.flushBeside();
  expect(durability.flushBeside()).toBeUndefined();
});

test('two flushes of the same writes are one call of the host; a write in between makes another', async () => {
  const durability = new FileDurability(file());
  durability.wrote();
  const first = durability.flushBeside();
  expect(durability.flushBeside()).toBe(first);
  durability.wrote();
  const second = durability.flushBeside();
  expect(second).not.toBe(first);
  expect(durability.flushBeside()).toBe(second);
  await Promise.all([first, second]);
  expect(durability.flushBeside()).toBeUndefined();
});

test('a write behind the begin of a call is not on the storage by its word', async () => {
  const durability = new FileDurability(file());
  durability.wrote();
  const first = durability.flushBeside();
  durability.wrote();
  await first;
  const second = durability.flushBeside();
  expect(second).toBeDefined();
  await second;
  expect(durability.flushBeside()).toBeUndefined();
});

test('a call that was overtaken by a later one takes nothing back', async () => {
  const durability = new FileDurability(file());
  durability.wrote();
  const beside = durability.flushBeside();
  durability.wrote();
  durability.flush();
  await beside;
  expect(durability.flushBeside()).toBeUndefined();
});

test('what the host refuses is a BlockError, and the writes stay unflushed', async () => {
  const fd = file();
  closeSync(fd);
  const durability = new FileDurability(fd);
  durability.wrote();
  await expect(durability.flushBeside()).rejects.toThrow(BlockError);
  expect(() => durability.flush()).toThrow(BlockError);
});
