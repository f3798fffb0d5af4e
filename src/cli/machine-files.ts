// What the options of `tabvisor vm run` name, opened: files to load, drives, where serial output and logs go.
// Ours.
import { accessSync, constants, createWriteStream, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { InputError } from '../base/errors.js';
import { adviceToWrite } from '../hosts/node/file-advice.js';
import { fileWriter, openFor } from '../hosts/node/file-writer.js';
import { reason } from '../hosts/node/files.js';
import type { Closers } from '../library/parts.js';
import type { VirtualMachine } from '../library/virtual-machine.js';
import type { DiskOptions, VmOptions } from '../library/vm-options.js';
import { ScratchDisk } from '../modes/scratch-disk.js';
import { formatStation } from '../net/ethernet.js';
import type { VmRunOptions } from './options.js';
import { Output, type SerialSink } from './output.js';
import { progressLine } from './progress.js';
import { openSerialSocket } from './serial-socket.js';

/** Of a file that is written when the run is over, or when the guest says something: a wrong path is told of before. */
export function checkWritable(what: string, path: string): void {
  try {
    const there = statSync(path, { throwIfNoEntry: false });
    if (there?.isDirectory()) throw Object.assign(new Error('is a directory'), { code: 'EISDIR' });
    accessSync(there ? path : dirname(path), constants.W_OK);
  } catch (error) {
    throw new InputError(`${what} ${path}: ${reason(error)}`, adviceToWrite(path, error), { cause: error });
  }
}

/** The machine that the options ask for, as the library takes it. */
export function machineOf(options: VmRunOptions, closers: Closers): VmOptions {
  const { net, demo, kernel, bios, append } = options;
  return {
    ...pick(options, [
      'mode',
      'ept',
      'apicv',
      'vmx',
      'reboot',
      'memory',
      'kernel',
      'initrd',
      'bios',
      'vgabios',
      'netrom',
      'cdrom',
      'clock',
    ]),
    ...pick(options, ['debugExit', 'maxInstructions', 'balloon']),
    commandLine: demo && kernel === undefined && bios === undefined ? `run=all exit=poweroff ${append}` : append,
    entry: options.entry,
    bootOrder: options.bootOrder,
    floppies: options.floppies.map(({ path, mode }) => ({ image: path, access: mode })),
    disks: demo && options.disks.length === 0 ? [{ image: new ScratchDisk(), access: 'write' }] : disksOf(options),
    shares: options.shares.map(({ tag, path, readOnly }) => ({ tag, folder: path, readOnly })),
    network: net && {
      card: net.card,
      mac: net.station === undefined ? undefined : formatStation(net.station),
      allow: net.allowed,
      forward: net.forwards,
      switch: net.switchPath,
      bootFile: net.bootFile,
    },
    timeout: options.timeout === undefined ? undefined : options.timeout / 1e9,
    logPorts: options.logPorts.map(({ port, path }) => ({
      port,
      sink: fileWriter(`--log-port ${path}`, path, 'a', closers),
    })),
    progress: progressLine(process.stderr),
  };
}

function disksOf({ disks }: VmRunOptions): DiskOptions[] {
  return disks.map(({ path, mode, overlay, bus }) => ({
    image: path,
    ...(mode === 'overlay' ? { overlay } : { access: mode }),
    bus,
  }));
}

function pick<T, K extends keyof T>(from: T, names: readonly K[]): Pick<T, K> {
  return Object.fromEntries(names.map((name) => [name, from[name]])) as Pick<T, K>;
}

/** What is at the other end of the first serial port; the machine ends when nobody reads that any more. Throws InputError. */
export async function openSerial(
  options: VmRunOptions,
  vm: VirtualMachine,
  closers: Closers,
): Promise<SerialSink | undefined> {
  const onBroken = (): void => vm.stop();
  if (options.serial.kind === 'none') return undefined;
  if (options.serial.kind === 'stdio') return new Output(process.stdout, onBroken);
  if (options.serial.kind === 'socket') return openSerialSocket(options.serial.path, vm, closers);
  const fd = openFor(`--serial ${options.serial.path}`, options.serial.path, 'w');
  return new Output(createWriteStream('', { fd }), onBroken);
}
