// `--pcap` of `tabvisor kernel run`: frames of interfaces into files. What is written can be read while the program still runs.
import { closeSync, openSync, writeSync } from 'node:fs';
import { InputError } from '../base/errors.js';
import { adviceToWrite } from '../hosts/node/file-advice.js';
import { reason } from '../hosts/node/files.js';
import type { Kernel } from '../kernel/kernel.js';
import type { Capture } from '../kernel/net/capture.js';
import type { Interface } from '../kernel/net/interface.js';
import { interfaceBlock, packetBlock, sectionHeader } from '../net/pcapng.js';

/** The interface to the outside. */
const OUTER = 'eth0';
const ANY = 'any';
/** Interfaces of one file that are told apart: programs make and remove them as they like. */
const INTERFACES_MAX = 65_536;
/** Bytes that wait to be written, and milliseconds that they do. */
const WAITING_MAX = 1 << 16;
const PATIENCE = 200;

export interface CaptureOption {
  /** The name of the interfaces to see, in whichever namespace; `any`: all. */
  name: string;
  path: string;
}

/** `[INTERFACE=]FILE`. Throws InputError. */
export function parseCapture(text: string): CaptureOption {
  const match = /^(?:([^=/]{1,15})=)?(.+)$/s.exec(text);
  if (!match)
    throw new InputError(
      `--pcap ${text}: there is no file`,
      'Write it as --pcap seen.pcapng or --pcap lo=seen.pcapng.',
    );
  return { name: match[1] ?? OUTER, path: match[2]! };
}

/** One file. Whatever the disk says while it is written ends it, and is said once. */
class CaptureFile implements Capture {
  private readonly file: number;
  private readonly numbers = new WeakMap<Interface, { name: string; number: number }>();
  private interfaces = 0;
  private waiting: Uint8Array[] = [];
  private bytes = 0;
  private timer?: NodeJS.Timeout;
  private failed = false;

  constructor(
    private readonly kernel: Kernel,
    private readonly option: CaptureOption,
  ) {
    const { path } = option;
    try {
      this.file = openSync(path, 'w');
    } catch (error) {
      throw new InputError(`--pcap ${path}: ${reason(error)}`, adviceToWrite(path, error), { cause: error });
    }
    this.put(sectionHeader());
  }

  wants({ name }: Interface): boolean {
    return !this.failed && (this.option.name === ANY || this.option.name === name);
  }

  sees(by: Interface, frame: Uint8Array, sent: boolean): void {
    if (!this.wants(by)) return;
    const number = this.numberOf(by);
    if (number !== undefined) this.put(packetBlock(number, this.kernel.clock.date(), frame, sent));
  }

  /** The number of an interface in the file; one of another name than before is another one. */
  private numberOf(by: Interface): number | undefined {
    const known = this.numbers.get(by);
    if (known?.name === by.name) return known.number;
    if (this.interfaces >= INTERFACES_MAX) return undefined;
    const number = this.interfaces++;
    this.numbers.set(by, { name: by.name, number });
    this.put(interfaceBlock(this.labelOf(by)));
    return number;
  }

  /** Its name, and in other namespaces than the first one which of them it is in, as /proc/PID/ns/net says. */
  private labelOf({ name, namespace }: Interface): string {
    if (namespace === this.kernel.netNamespace) return name;
    return `${name}@net:[${this.kernel.nsfs.numberOf(namespace)}]`;
  }

  private put(block: Uint8Array): void {
    this.waiting.push(block);
    this.bytes += block.length;
    if (this.bytes >= WAITING_MAX) this.flush();
    else this.timer ??= setTimeout(() => this.flush(), PATIENCE).unref();
  }

  private flush(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    const bytes = Buffer.concat(this.waiting);
    this.waiting = [];
    this.bytes = 0;
    if (this.failed) return;
    try {
      for (let done = 0; done < bytes.length; ) done += writeSync(this.file, bytes, done);
    } catch (error) {
      this.failed = true;
      process.stderr.write(`tabvisor: --pcap ${this.option.path}: ${reason(error)}\n`);
    }
  }

  close(): void {
    this.flush();
    closeSync(this.file);
  }
}

/** Writes what the interfaces of a kernel see until it is closed. Throws InputError. */
export function openCaptures(kernel: Kernel, options: readonly CaptureOption[]): { close(): void } {
  const files = options.map((option) => new CaptureFile(kernel, option));
  if (files.length > 0)
    kernel.capture = {
      wants: (by) => files.some((file) => file.wants(by)),
      sees: (by, frame, sent) => {
        for (const file of files) file.sees(by, frame, sent);
      },
    };
  return {
    close: () => {
      kernel.capture = undefined;
      for (const file of files) file.close();
    },
  };
}
