// What a machine's options name, opened: files to load, drives, virtio devices.
// Ours. QEMU's "pc" for the places of drives.
import { InputError } from '../base/errors.js';
import type { BlockBackend } from '../devices/storage/block-backend.js';
import type { MachineConfig, Mode, DriveConfig, VirtioConfig } from '../vmm/config.js';
import { floppyOf } from './floppies.js';
import type { Disk, DiskRequest, Platform, Source } from './platform.js';
import type { DiskOptions, Image, NetworkOptions, VmOptions } from './vm-options.js';

/** What to do when the run is over, last first. */
export type Closers = (() => void)[];

export interface Parts extends Pick<MachineConfig, 'boot' | 'drives' | 'virtio'> {
  floppies: Disk[];
  /** In the order of the options; floppies are the last. */
  disks: Disk[];
}

const DRIVES = 4;
const FLOPPIES = 2;

/** Throws InputError. */
export async function openParts(platform: Platform, options: VmOptions, mode: Mode, closers: Closers): Promise<Parts> {
  check(options);
  const open = async (image: Image, what: string): Promise<Source> => {
    const source = await platform.source(image, what);
    closers.push(() => source.close?.());
    return source;
  };
  const drives: (DriveConfig | undefined)[] = [];
  const virtio: VirtioConfig[] = [];
  const disks: Disk[] = [];
  for (const one of options.disks ?? []) {
    const option = diskOptions(one);
    const backend = await openDisk(platform, option);
    closers.push(() => backend.close?.());
    disks.push(backend);
    if (busOf(option, mode) === 'virtio')
      virtio.push({ kind: 'block', backend, serial: `TV-VIRTIO-${virtio.length + 1}` });
    else drives.push({ backend, cdrom: false });
  }
  const floppies: Disk[] = [];
  for (const one of options.floppies ?? []) {
    const backend = await openDisk(platform, diskOptions(one), 'floppy');
    closers.push(() => backend.close?.());
    floppies.push(backend);
    disks.push(backend);
  }
  for (const { tag, folder, readOnly = false } of options.shares ?? []) {
    const tree = typeof folder === 'string' ? platform.folder(folder, readOnly) : folder;
    virtio.push({ kind: 'p9', tag, tree });
  }
  if (mode === 'para') virtio.push({ kind: 'rng' }, { kind: 'balloon' });
  if (options.cdrom !== undefined) {
    const backend = await platform.disk(options.cdrom, { what: 'cdrom', access: 'read-only' });
    closers.push(() => backend.close?.());
    // The CD is the secondary master when that is free, as boot loaders expect.
    drives[drives.length <= 2 ? 2 : 3] = { backend, cdrom: true };
  }
  if (drives.length > DRIVES)
    throw new InputError(`disks, cdrom: ${drives.length} drives; two IDE channels take ${DRIVES}`);
  if (floppies.length > FLOPPIES) throw new InputError(`floppies: ${floppies.length}; there are two drives`);
  return { boot: await openBoot(platform, options, open), drives, virtio, floppies, disks };
}

async function openBoot(
  platform: Platform,
  { kernel, initrd, bios, vgabios, netrom, commandLine = '', entry = 'protected' }: VmOptions,
  open: (image: Image, what: string) => Promise<Source>,
): Promise<MachineConfig['boot']> {
  if (bios !== undefined) {
    const video = vgabios === undefined ? undefined : await open(vgabios, 'vgabios');
    const network = netrom === undefined ? undefined : await open(netrom, 'netrom');
    return { kind: 'bios', bios: await open(bios, 'bios'), vgabios: video, netrom: network };
  }
  return {
    kind: 'kernel',
    kernel: kernel === undefined ? await platform.ownGuest() : await open(kernel, 'kernel'),
    initrd: initrd === undefined ? undefined : await open(initrd, 'initrd'),
    commandLine,
    entry,
  };
}

function check({ kernel, initrd, bios, vgabios, netrom, network, commandLine, bootOrder }: VmOptions): void {
  const refuse = (what: string, advice: string): never => {
    throw new InputError(what, advice);
  };
  if (bios !== undefined && kernel !== undefined)
    refuse('bios and kernel: a BIOS boots a disk, a kernel boots without', 'Give one of them.');
  if (initrd !== undefined && kernel === undefined)
    refuse('initrd: there is no kernel to give it to', 'Give a kernel too.');
  if (vgabios !== undefined && bios === undefined) refuse('vgabios: only a BIOS runs it', 'Give a bios too.');
  if (netrom !== undefined && bios === undefined) refuse('netrom: only a BIOS runs it', 'Give a bios too.');
  if (netrom !== undefined && !network) refuse('netrom: there is no network card', 'Give a network too.');
  if (bootOrder !== undefined && bios === undefined)
    refuse('bootOrder: a kernel boots as it is given, without a BIOS that would look for one', 'Give a bios too.');
  if (commandLine && bios !== undefined)
    refuse('commandLine: a BIOS takes none', 'Set the command line in the boot loader.');
}

/** What a disk is attached to; where it does not say, what the guest of that mode is best at. */
export function busOf({ bus }: Pick<DiskOptions, 'bus'>, mode: Mode): 'ide' | 'virtio' {
  return bus ?? (mode === 'para' ? 'virtio' : 'ide');
}

/** The network card of a machine; where it does not say, what the guest of that mode is best at. */
export function cardOf(net: Pick<NetworkOptions, 'card'> | undefined, mode: Mode): MachineConfig['network'] {
  return net ? (net.card ?? (mode === 'para' ? 'virtio' : 'ne2000')) : 'none';
}

const isOptions = (one: Image | DiskOptions): one is DiskOptions => typeof one === 'object' && 'image' in one;
const isBackend = (image: Image | BlockBackend): image is BlockBackend =>
  typeof image === 'object' && 'flush' in image && 'write' in image;

function diskOptions(one: Image | DiskOptions): DiskOptions {
  return isOptions(one) ? one : { image: one };
}

async function openDisk(
  platform: Platform,
  { image, access, overlay }: DiskOptions,
  what: DiskRequest['what'] = 'disk',
): Promise<Disk> {
  if (overlay !== undefined && access !== undefined)
    throw new InputError(`disk overlay ${overlay}: it takes the place of access ${access}`, 'Leave one of them out.');
  if (isBackend(image)) return what === 'floppy' ? floppyOf(image, 'of your own', !image.readOnly) : image;
  return platform.disk(image, { what, access: access ?? 'snapshot', overlay });
}
