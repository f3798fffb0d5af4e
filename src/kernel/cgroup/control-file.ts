// A file of a group's directory, and how values in such files are written. Linux struct cftype; cgroup-v2.rst, "Conventions".
import type { Credentials } from '../security/credentials.js';
import type { Task } from '../task/task.js';
import type { WaitQueue } from '../task/wait-queue.js';
import type { Cgroup } from './cgroup.js';
import type { CgroupNamespace } from './cgroup-namespace.js';
import type { ChangeNotice } from '../task/change-notice.js';

/** By whom a file is written: rights are those of who opened it. */
export interface ControlWriter {
  readonly task: Task;
  readonly credentials: Credentials;
  readonly namespace: CgroupNamespace;
}

/** What an open file waits for that was written to it. */
export interface FileWatch {
  readonly waits: WaitQueue;
  /** POLL* bits that have come since. */
  poll(): number;
  close(): void;
}

export interface ControlFile {
  readonly name: string;
  /** Rights, as the file has them at first. */
  readonly mode: number;
  /** Not in the root. */
  readonly below?: boolean;
  /** The whole text, or a negated errno. */
  read?(cgroup: Cgroup, reader: Task): string | number;
  /** 0, or a negated errno. */
  write?(cgroup: Cgroup, text: string, writer: ControlWriter): number;
  /** Writing makes a watch of the open file, or a negated errno; there is one a file. */
  watch?(cgroup: Cgroup, text: string, writer: Task): FileWatch | number;
  /** Is it not there now? */
  hidden?(cgroup: Cgroup): boolean;
  /** May whoever has the group as the root of a namespace write it there, when namespaces are boundaries (nsdelegate)? */
  readonly delegated?: boolean;
  /** Who is told that it has changed. */
  notice?(cgroup: Cgroup): ChangeNotice;
}

/** A number as programs write it: decimal, 0x or 0 in front; undefined: it is none, or does not fit. Linux kstrtoll. */
export function parseInteger(text: string): number | undefined {
  const match = /^([+-]?)(0x[\da-f]{1,16}|\d{1,20})$/i.exec(text.trim());
  if (!match) return undefined;
  const digits = match[2]!;
  const octal = /^0\d/.test(digits);
  if (octal && /[89]/.test(digits)) return undefined;
  const value = octal ? Number.parseInt(digits, 8) : Number(digits);
  if (value > 2 ** 63) return undefined;
  return match[1] === '-' ? -value : value;
}

/** As parseInteger(), without a sign. Linux kstrtoull. */
export function parseUnsigned(text: string): number | undefined {
  const value = parseInteger(text);
  return value === undefined || text.trim().startsWith('-') ? undefined : value;
}

const UNITS = ['', 'k', 'm', 'g', 't'];

/** Bytes with a unit, or `max`; undefined: neither. Linux page_counter_memparse. */
export function parseBytes(text: string): number | undefined {
  const given = text.trim().toLowerCase();
  if (given === 'max') return Number.POSITIVE_INFINITY;
  const match = /^(0x[\da-f]{1,13}|\d{1,18})([kmgt]?)$/.exec(given);
  return match ? Number(match[1]) * 1024 ** UNITS.indexOf(match[2]!) : undefined;
}

export function shownLimit(value: number): string {
  return value === Number.POSITIVE_INFINITY ? 'max' : String(value);
}

/** 'name value' lines. */
export function keyed(values: Readonly<Record<string, number>>): string {
  return Object.entries(values)
    .map(([name, value]) => `${name} ${value}\n`)
    .join('');
}
