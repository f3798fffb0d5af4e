// Transpiled programs in the data folder, by what they were made of: the second start of a program does not wait for jco.
// A file that is not whole counts as none; the oldest go when there are many.
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { threadId } from 'node:worker_threads';
import { packed, type Transpiled, unpacked } from '../wasi/transpile.js';

/** Programs that are kept. */
const KEPT = 64;

/** Undefined: it is not there. */
export function cached(folder: string, digest: string): Transpiled | undefined {
  const file = join(folder, digest);
  try {
    const found = unpacked(readFileSync(file));
    const now = new Date();
    utimesSync(file, now, now);
    return found;
  } catch {
    return undefined;
  }
}

/** A cache that can't be written is none: programs start slower. */
export function keep(folder: string, digest: string, transpiled: Transpiled): void {
  try {
    mkdirSync(folder, { recursive: true });
    const fresh = join(folder, `${digest}.${process.pid}-${threadId}`);
    writeFileSync(fresh, packed(transpiled));
    renameSync(fresh, join(folder, digest));
    const age = (name: string): number => statSync(join(folder, name)).mtimeMs;
    const files = readdirSync(folder).map((name): [string, number] => [name, age(name)]);
    for (const [name] of files.sort(([, a], [, b]) => b - a).slice(KEPT)) unlinkSync(join(folder, name));
  } catch {
    // the next one may
  }
}
