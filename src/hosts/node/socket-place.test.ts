// Who hosts a socket: the first, then whoever finds its socket dead; never two, and never over something else.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, lstatSync, mkdirSync, readdirSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { scratch } from '../../../test/scratch.js';
import { InputError } from '../../base/errors.js';
import { type Place, type SocketPath, takePlace } from './socket-place.js';

const at = (path: string): SocketPath => ({ path, label: `--net switch=${path}` });

function leave(place: Place): void {
  if (place.kind === 'guest') place.socket.destroy();
  else {
    place.release();
    place.server.close();
  }
}
async function take(path: string): Promise<Place> {
  const place = await takePlace(at(path));
  onTestFinished(() => leave(place));
  return place;
}

/** A socket whose process has been killed. */
async function stale(path: string): Promise<void> {
  const child = spawn(process.execPath, [
    '-e',
    `require('net').createServer().listen(${JSON.stringify(path)}, () => console.log('up'))`,
  ]);
  await once(child.stdout, 'data');
  child.kill('SIGKILL');
  await once(child, 'exit');
  expect(lstatSync(path).isSocket()).toBe(true);
}

test('the first hosts, at a socket for its user alone; the others are its guests; it leaves nothing behind', async () => {
  const folder = scratch();
  const path = join(folder, 'lan.sock');
  const host = await take(path);
  expect(host.kind).toBe('host');
  expect(lstatSync(path).mode & 0o777).toBe(0o600);
  // a guest that comes before the host is ready for it is not forgotten
  expect((await take(path)).kind).toBe('guest');
  if (host.kind !== 'host') return;
  const admitted = new Promise((resolve) => host.admit(resolve));
  await admitted;
  expect(readdirSync(folder)).toEqual(['lan.sock']);
  leave(host);
  expect(readdirSync(folder)).toEqual([]);
});

test('of many that come at once one hosts', async () => {
  const path = join(scratch(), 'lan.sock');
  for (const prepare of [async () => {}, () => stale(path)]) {
    await prepare();
    const places = await Promise.all(Array.from({ length: 8 }, () => takePlace(at(path))));
    expect(places.filter(({ kind }) => kind === 'host').length).toBe(1);
    places.forEach(leave);
    expect(existsSync(path)).toBe(false);
  }
});

test('a socket that a killed machine has left is taken over', async () => {
  const folder = scratch();
  const path = join(folder, 'lan.sock');
  await stale(path);
  expect((await take(path)).kind).toBe('host');
  expect((await take(path)).kind).toBe('guest');
  expect(readdirSync(folder)).toEqual(['lan.sock']);
});

test('who has lost its file to another does not remove the other’s', async () => {
  const path = join(scratch(), 'lan.sock');
  const first = await takePlace(at(path));
  leave(first);
  await take(path);
  leave(first);
  expect(existsSync(path)).toBe(true);
});

test('something else at the path is refused and stays', async () => {
  const folder = scratch();
  writeFileSync(join(folder, 'file'), 'kept');
  mkdirSync(join(folder, 'folder'));
  symlinkSync(join(folder, 'file'), join(folder, 'link'));
  for (const [name, message] of [
    ['file', 'file: a regular file, not a socket'],
    ['folder', 'folder: a folder, not a socket'],
    ['link', 'link: a symbolic link, not a socket'],
    ['file/lan.sock', 'not a directory'],
    ['none/lan.sock', 'no such file or directory'],
    ['x'.repeat(100), "bytes; a socket's path has 90 at most"],
  ]) {
    await expect(takePlace(at(join(folder, name))), name).rejects.toThrow(InputError);
    await expect(takePlace(at(join(folder, name))), name).rejects.toThrow(message);
  }
  expect(readdirSync(folder).sort()).toEqual(['file', 'folder', 'link']);
});

test('a lock that a killed machine has left is broken, once it is old', async () => {
  const folder = scratch();
  const path = join(folder, 'lan.sock');
  writeFileSync(`${path}.lock`, '');
  utimesSync(`${path}.lock`, new Date(0), new Date(0));
  expect((await take(path)).kind).toBe('host');
  expect(readdirSync(folder)).toEqual(['lan.sock']);
});
