import { expect, test } from 'vitest';
import { makedev } from '../abi/device-number.js';
import { EPERM } from '../abi/errno.js';
import { S_IFBLK, S_IFCHR, S_IFREG } from '../abi/stat.js';
import { Cgroup } from './cgroup.js';
import {
  CONTAINER_DEVICES,
  DEVICE_MKNOD,
  DEVICE_READ,
  DEVICE_WRITE,
  type DeviceRule,
  parseDeviceRule,
  permitsDevice,
} from './devices.js';

const root = new Cgroup(1, '', undefined);
const groupOf = (devices?: readonly DeviceRule[], parent = root): Cgroup =>
  Object.assign(new Cgroup(2, 'g', parent), { devices });
const rules = (...texts: string[]): DeviceRule[] => texts.map((text) => parseDeviceRule(text)!);
const character = (group: Cgroup, major: number, minor: number, wanted: number): number =>
  permitsDevice(group, S_IFCHR, makedev(major, minor), wanted);
const block = (group: Cgroup, major: number, minor: number, wanted: number): number =>
  permitsDevice(group, S_IFBLK, makedev(major, minor), wanted);

test('without a list all is permitted; an empty one permits nothing', () => {
  expect(character(groupOf(), 1, 1, DEVICE_READ)).toBe(0);
  expect(character(groupOf([]), 1, 3, DEVICE_READ)).toBe(-EPERM);
});

test('of each access the last rule that speaks of it counts', () => {
  const group = groupOf(rules('a', 'deny c *:* w', 'c 1:3 w', 'deny c 1:* m'));
  expect(character(group, 1, 3, DEVICE_READ | DEVICE_WRITE)).toBe(0);
  expect(character(group, 1, 5, DEVICE_WRITE)).toBe(-EPERM);
  expect(character(group, 1, 5, DEVICE_READ)).toBe(0);
  expect(character(group, 1, 3, DEVICE_MKNOD)).toBe(-EPERM);
  expect(block(group, 1, 3, DEVICE_WRITE | DEVICE_MKNOD)).toBe(0);
});

test('the lists of the groups above must permit it too', () => {
  const inner = groupOf(rules('a'), groupOf(rules('a', 'deny b 8:* rwm')));
  expect(block(inner, 8, 1, DEVICE_READ)).toBe(-EPERM);
  expect(block(inner, 9, 1, DEVICE_READ)).toBe(0);
});

test('containers make any node, and open what is harmless', () => {
  const group = groupOf(CONTAINER_DEVICES);
  expect(block(group, 8, 0, DEVICE_MKNOD)).toBe(0);
  expect(block(group, 8, 0, DEVICE_READ)).toBe(-EPERM);
  expect(character(group, 1, 1, DEVICE_READ)).toBe(-EPERM);
  expect(character(group, 1, 11, DEVICE_READ)).toBe(-EPERM);
  for (const minor of [3, 5, 7, 8, 9]) expect(character(group, 1, minor, DEVICE_READ | DEVICE_WRITE)).toBe(0);
  expect(character(group, 136, 70000, DEVICE_READ | DEVICE_WRITE)).toBe(0);
});

test('whiteouts and what is no device are no matter of it', () => {
  expect(permitsDevice(groupOf([]), S_IFCHR, 0, DEVICE_MKNOD)).toBe(0);
  expect(permitsDevice(groupOf([]), S_IFREG, 5, DEVICE_READ)).toBe(0);
});

test.each(['', 'd 1:3 r', 'c 1 r', 'c 1:3', 'c 1:3 x', 'c -1:3 r', 'forbid c 1:3 r'])('%o is no rule', (text) => {
  expect(parseDeviceRule(text)).toBeUndefined();
});
