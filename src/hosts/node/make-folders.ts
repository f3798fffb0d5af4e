// Folders down to one of them. mkdir(2); Node's own recursive mkdir tries for ever where there is a folder above that takes none, as in
// /proc, and says of a read-only disk that there is nothing.
import { existsSync, mkdirSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

/** Throws as mkdirSync does. */
export function makeFolders(path: string, mode: number): void {
  try {
    mkdirSync(path, { mode });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST' && statSync(path).isDirectory()) return;
    const above = dirname(resolve(path));
    if (code !== 'ENOENT' || existsSync(above)) throw error;
    makeFolders(above, mode);
    mkdirSync(path, { mode });
  }
}
