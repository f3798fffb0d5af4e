// The switch and the card's address in --net: what they say, and what a snapshot makes of them.
import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { parseAddress } from '../net/address.js';
import { parseNet, restoredNet, withAbsolutePath, withAddress } from './net-option.js';

const ALONE = 0x525400123456;

test('switch= and mac=; a comma in the path is written twice', () => {
  expect(parseNet('user,switch=./my,,lan.sock,mac=52:54:00:AB:cd:02,card=virtio')).toEqual({
    switchPath: './my,lan.sock',
    station: 0x525400abcd02,
    card: 'virtio',
    allowed: [],
    forwards: [],
  });
});

test('bootfile= takes an address as it is', () => {
  expect(parseNet('user,bootfile=http://10.0.2.2:8000/boot.ipxe?a=b')?.bootFile).toBe(
    'http://10.0.2.2:8000/boot.ipxe?a=b',
  );
});

test('a machine on a switch gets an address of its own, others keep the one that all have', () => {
  expect(withAddress('user,switch=s', () => 0xabcdef)).toBe('user,switch=s,mac=52:54:00:ab:cd:ef');
  expect(withAddress('user,switch=s', () => 0)).toBe('user,switch=s,mac=52:54:00:00:00:00');
  for (const same of ['none', 'user', 'user,forward=:80-:80', 'user,switch=s,mac=52:54:00:00:00:01']) {
    expect(withAddress(same, () => 1)).toBe(same);
  }
});

test('a snapshot knows the switch from any folder', () => {
  const here = resolve('a,b');
  expect(withAbsolutePath('user,switch=a,,b,mac=52:54:00:00:00:01')).toBe(
    `user,switch=${here.replace(',', ',,')},mac=52:54:00:00:00:01`,
  );
  expect(withAbsolutePath('none')).toBe('none');
});

test('a restored guest keeps card and address', () => {
  const then = 'user,switch=s,card=virtio,mac=52:54:00:00:00:01';
  expect(restoredNet(then, 'user,switch=t', ALONE)).toBe('user,switch=t,card=virtio,mac=52:54:00:00:00:01');
  expect(restoredNet(then, then, ALONE)).toBe(then);
  expect(restoredNet('user', 'user,switch=t', ALONE)).toBe('user,switch=t,mac=52:54:00:12:34:56');
  expect(restoredNet('none', 'user', ALONE)).toBe('user');
  expect(restoredNet(then, 'none', ALONE)).toBe('none');
  expect(() => restoredNet(then, 'user,mac=52:54:00:00:00:02', ALONE)).toThrow(
    '--net mac=52:54:00:00:00:02: the guest in the snapshot has a card with 52:54:00:00:00:01',
  );
});

test('allow= and forward= of both families', () => {
  const option = parseNet('user,allow=[::1]:8000,allow=10.0.0.0/8,forward=[::1]:8080-[fd00::15]:80,forward=:8081-:81');
  expect(option?.allowed).toEqual([
    { network: 1n, bits: 128, port: 8000 },
    { network: 0x0a000000, bits: 8, port: undefined },
  ]);
  expect(option?.forwards).toEqual([
    { host: '::1', port: 8080, guest: parseAddress('fd00::15'), guestPort: 80 },
    { host: '127.0.0.1', port: 8081, guest: undefined, guestPort: 81 },
  ]);
  for (const wrong of ['[::1:80-:80', '[::g]:80-:80', ':80-[fd00:]:80', '::1:80-:80', ':80-:0', ':65536-:80'])
    expect(() => parseNet(`user,forward=${wrong}`), wrong).toThrow('not a forwarded port');
  for (const wrong of ['[fd01::15]', '10.0.3.1'])
    expect(() => parseNet(`user,forward=:80-${wrong}:80`), wrong).toThrow("is no guest's address");
});
