// What createVm takes: a machine in a person's words.
// Ours; docs/library.md.
import type { ByteSource } from '../base/host.js';
import type { Topic } from '../base/log.js';
import type { BlockBackend } from '../devices/storage/block-backend.js';
import type { BootDevice } from '../devices/timers/cmos-layout.js';
import type { ConsolePort, VirtioConsole } from '../devices/virtio/console.js';
import type { FileTree } from '../base/file-tree.js';
import type { Allowed } from '../net/policy.js';
import type { Forward } from '../net/port-forward.js';
import type { MachineConfig, Mode } from '../vmm/config.js';

/** What a `URL` has. */
export interface UrlLike {
  readonly href: string;
}

/** What a `Blob` or `File` has. */
export interface BlobLike {
  readonly size: number;
  /** Of a file. */
  readonly name?: string;
  arrayBuffer(): Promise<ArrayBuffer>;
  slice(start?: number, end?: number): BlobLike;
}

/**
 * Where bytes are: a path (in Node) or an address, a URL, the bytes themselves, a Blob or File, or something of your own that is read by
 * ranges. What is fetched from an address is held in memory.
 */
export type Image = string | UrlLike | Uint8Array | ArrayBuffer | BlobLike | ByteSource;

/** `snapshot`: what the guest writes belongs to the machine, and is forgotten with it. `write`: the image itself is written. */
export type DiskAccess = 'snapshot' | 'read-only' | 'write';

export interface DiskOptions {
  /** Raw or qcow2; or a disk of your own. */
  image: Image | BlockBackend;
  /** Default `snapshot`. */
  access?: DiskAccess;
  /** Path of a file that keeps what the guest writes, from run to run; the image stays as it is. In place of `access`, in Node. */
  overlay?: string;
  /** Default `ide`, in mode para `virtio`. */
  bus?: 'ide' | 'virtio';
}

/** Of one of the two floppy drives. */
export type FloppyOptions = Pick<DiskOptions, 'image' | 'access'>;

export interface NetworkOptions {
  /** Default `ne2000`, in mode para `virtio`. */
  card?: 'ne2000' | 'virtio';
  /** The card's address, as in `52:54:00:00:00:02`. */
  mac?: string;
  /** What the guest may reach besides what is public: `127.0.0.1:8000`, `192.168.0.0/16`. */
  allow?: readonly (string | Allowed)[];
  /** Ports of the host that lead to ports of the guest: `127.0.0.1:8080-:80`. */
  forward?: readonly (string | Forward)[];
  /** Unix-domain socket of a switch that several machines are plugged into. */
  switch?: string;
  /** What a boot ROM is told to load: a name or an address of at most 127 characters, as `http://10.0.2.2:8000/boot.ipxe`. */
  bootFile?: string;
}

export interface ShareOptions {
  /** By which the guest mounts it: `mount -t 9p -o trans=virtio TAG /mnt`. */
  tag: string;
  /** A path, in Node; or a tree of your own. */
  folder: string | FileTree;
  readOnly?: boolean;
}

/** A named virtio port: `/dev/virtio-ports/NAME` of the guest. */
export interface NamedPort extends ConsolePort {
  /** The device is there, and this its port of that number. `wake` is to be called when there is something new for the guest. */
  attach?(device: VirtioConsole, index: number, wake: () => void): void;
}

/** Everything has a default: `createVm()` is our own small guest at its monitor. */
export interface VmOptions {
  /** Default `hw`. docs/MODES.md. */
  mode?: Mode;
  /** Bytes, or a text as `512M`; 2M to 3072M in whole MiB. Default 256M. */
  memory?: number | string;
  /** Linux bzImage or Multiboot kernel. Default, without a BIOS: our own small guest. */
  kernel?: Image;
  /** Linux's initial RAM disk, or the Multiboot module. */
  initrd?: Image;
  commandLine?: string;
  /** Of a Linux kernel: its 32-bit entry (default), or its 16-bit setup code. */
  entry?: 'protected' | 'real';
  /** Image at the reset vector, in place of a kernel. */
  bios?: Image;
  vgabios?: Image;
  /** The network card's boot ROM, which a BIOS boots `network` by. */
  netrom?: Image;
  disks?: readonly (Image | DiskOptions)[];
  /** ISO 9660 image. */
  cdrom?: Image;
  /** In drives A and B: images of 160K to 2880K, or the beginning of such. */
  floppies?: readonly (Image | FloppyOptions)[];
  /** What a BIOS tries first, in order. What is not named comes after: disk, floppy, cdrom, network. */
  bootOrder?: readonly BootDevice[];
  /** Default none; `true` is a private network from which the guest reaches what is public. */
  network?: boolean | NetworkOptions;
  shares?: readonly ShareOptions[];
  ports?: readonly NamedPort[];
  /** A snapshot of a machine with the same options: `run` goes on from there. */
  restore?: Image;
  /** Machine time follows the host (default), or counts instructions, so that runs are the same. */
  clock?: 'real' | 'virtual';
  /** `run` ends after so many seconds, or guest instructions. */
  timeout?: number;
  maxInstructions?: number;
  /** Whether a reset of the guest's starts it anew (default), or ends the run with outcome `reset`. */
  reboot?: boolean;
  /** Extended page tables, APIC virtualization, VT-x in the machine's firmware: default true. */
  ept?: boolean;
  apicv?: boolean;
  vmx?: boolean;
  /** Bytes that the guest is asked to give back (mode para). */
  balloon?: number;
  /** A write of V to this port ends the run with outcome `debug-exit`. */
  debugExit?: number;
  /** Ports whose written bytes go to a sink, in blocks. */
  logPorts?: MachineConfig['logPorts'];
  /** Lines for the person at the machine: warnings, and what `trace` asks for. */
  log?: (line: string) => void;
  trace?: readonly Topic[];
  /** While files are loaded. */
  progress?: (name: string, done: number, total: number) => void;
}
