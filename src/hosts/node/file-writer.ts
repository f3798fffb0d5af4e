// Files of the host's that a machine writes to as it runs.
// Ours.
import { closeSync, openSync, writeSync } from 'node:fs';
import { InputError } from '../../base/errors.js';
import type { Closers } from '../../library/parts.js';
import { adviceToWrite } from './file-advice.js';
import { reason } from './files.js';

/** Writes blocks to a file, anew (`w`) or behind what is there (`a`). `label`: the option, for messages. */
export function fileWriter(
  label: string,
  path: string,
  flags: 'a' | 'w',
  closers: Closers,
): (bytes: Uint8Array) => void {
  const fd = openFor(label, path, flags);
  closers.push(() => closeSync(fd));
  return (bytes) => {
    try {
      for (let done = 0; done < bytes.length; ) done += writeSync(fd, bytes, done);
    } catch (error) {
      throw new InputError(`${label}: ${reason(error)}`, undefined, { cause: error });
    }
  };
}

/** Throws InputError. */
export function openFor(label: string, path: string, flags: string): number {
  try {
    return openSync(path, flags);
  } catch (error) {
    throw new InputError(`${label}: ${reason(error)}`, adviceToWrite(path, error), { cause: error });
  }
}
