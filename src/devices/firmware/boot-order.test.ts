import { expect, it } from 'vitest';
import { bootOrderFile, wholeOrder } from './boot-order.js';

const places = {
  floppies: [true, false],
  drives: ['disk', undefined, 'cdrom', 'disk'] as const,
  virtioDisks: [4, 10],
  network: 3,
};

it('puts what is asked for first, then the rest that there is', () => {
  expect(wholeOrder([], places)).toEqual(['disk', 'floppy', 'cdrom', 'network']);
  expect(wholeOrder(['network', 'cdrom'], places)).toEqual(['network', 'cdrom', 'disk', 'floppy']);
  const bare = { floppies: [], drives: [], virtioDisks: [] };
  expect(wholeOrder(['floppy', 'disk'], bare)).toEqual([]);
});

it('names devices as SeaBIOS does', () => {
  expect(new TextDecoder().decode(bootOrderFile(['cdrom', 'disk', 'floppy', 'network'], places)).split('\n')).toEqual([
    '/pci@i0cf8/ide@1,1/drive@1/disk@0',
    '/pci@i0cf8/ide@1,1/drive@0/disk@0',
    '/pci@i0cf8/ide@1,1/drive@1/disk@1',
    '/pci@i0cf8/scsi@4/disk@0,0',
    '/pci@i0cf8/scsi@a/disk@0,0',
    '/pci@i0cf8/isa@1/fdc@03f0/floppy@0',
    '/pci@i0cf8/ethernet@3/ethernet-phy@0\0',
  ]);
});
