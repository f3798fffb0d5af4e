// What --pcap writes, read block by block, and by tcpdump where that is installed.
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parseCapture } from '../src/cli/kernel-capture.js';
import { interfaceBlock, packetBlock, sectionHeader, SNAP_LENGTH } from '../src/net/pcapng.js';
import { readPcapng } from './pcapng-reader.js';
import { scratch } from './scratch.js';

const frame = (length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => i & 0xff);
const seenAt = { seconds: 1_700_000_000, nanoseconds: 123_456_789 };

test('frames come back with their interface, direction and time', () => {
  const blocks = [
    sectionHeader(),
    interfaceBlock('eth0'),
    packetBlock(0, seenAt, frame(61), true),
    interfaceBlock('veth1@net:[4026531999]'),
    packetBlock(1, seenAt, frame(64), false),
    packetBlock(0, seenAt, frame(SNAP_LENGTH + 9), false),
  ];
  const file = Uint8Array.from(blocks.flatMap((one) => [...one]));
  const time = 1_700_000_000_123_456_789n;
  const seen = readPcapng(file);
  expect(seen.map(({ frame: { length }, ...rest }) => ({ ...rest, length }))).toEqual([
    { interface: 'eth0', sent: true, time, length: 61 },
    { interface: 'veth1@net:[4026531999]', sent: false, time, length: 64 },
    { interface: 'eth0', sent: false, time, length: SNAP_LENGTH },
  ]);
  expect(seen[0]!.frame).toEqual(frame(61));
  const path = join(scratch(), 'a.pcapng');
  // the last of its blocks is longer than those that libpcap reads
  writeFileSync(
    path,
    Uint8Array.from([...blocks.slice(0, -1), packetBlock(0, seenAt, frame(60_000), false)].flatMap((one) => [...one])),
  );
  const tcpdump = spawnSync('tcpdump', ['-tt', '-r', path], { encoding: 'utf8' });
  if (tcpdump.error) return;
  expect(tcpdump.status, tcpdump.stderr).toBe(0);
  expect(tcpdump.stdout.match(/^1700000000\.123456/gm)).toHaveLength(3);
});

test('--pcap', () => {
  expect(parseCapture('a.pcapng')).toEqual({ name: 'eth0', path: 'a.pcapng' });
  expect(parseCapture('any=/tmp/a=b')).toEqual({ name: 'any', path: '/tmp/a=b' });
  expect(parseCapture('./a=b')).toEqual({ name: 'eth0', path: './a=b' });
  expect(() => parseCapture('')).toThrow('--pcap : there is no file');
});
