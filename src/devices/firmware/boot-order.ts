// Where SeaBIOS is to look for something to boot, in order: paths of devices, as Open Firmware would name them.
// Source: SeaBIOS src/boot.c (bootprio_find_*) and docs/Runtime_config.md (the file "bootorder").
import type { BootDevice } from '../timers/cmos-layout.js';

/** All there is, in the order of a machine that has not been told any: disks first, as in QEMU. */
export const BOOT_DEVICES: readonly BootDevice[] = ['disk', 'floppy', 'cdrom', 'network'];

/** What the machine has. */
export interface BootPlaces {
  /** Drives A and B: whether there is one. */
  floppies: readonly boolean[];
  /** The four places of the IDE channels. */
  drives: readonly ('disk' | 'cdrom' | undefined)[];
  /** PCI slots of virtio disks. */
  virtioDisks: readonly number[];
  /** PCI slot of the network card. */
  network?: number;
}

/** `first`, then what it does not name; without kinds that the machine has none of. */
export function wholeOrder(first: readonly BootDevice[], places: BootPlaces): BootDevice[] {
  const order = [...new Set([...first, ...BOOT_DEVICES])];
  return order.filter((kind) => pathsOf(kind, places).length > 0);
}

/** The file "bootorder": one path a line, and a zero. */
export function bootOrderFile(order: readonly BootDevice[], places: BootPlaces): Uint8Array {
  const text = `${order.flatMap((kind) => pathsOf(kind, places)).join('\n')}\0`;
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

function pathsOf(kind: BootDevice, { floppies, drives, virtioDisks, network }: BootPlaces): string[] {
  const pci = (device: string): string => `/pci@i0cf8/${device}`;
  switch (kind) {
    case 'floppy':
      return floppies.flatMap((there, unit) => (there ? pci(`isa@1/fdc@03f0/floppy@${unit}`) : []));
    case 'network':
      return network === undefined ? [] : [pci(`ethernet@${network.toString(16)}/ethernet-phy@0`)];
    default: {
      const ide = drives.flatMap((drive, place) =>
        drive === kind ? pci(`ide@1,1/drive@${place >> 1}/disk@${place & 1}`) : [],
      );
      const virtio = kind === 'disk' ? virtioDisks.map((slot) => pci(`scsi@${slot.toString(16)}/disk@0,0`)) : [];
      return [...ide, ...virtio];
    }
  }
}
