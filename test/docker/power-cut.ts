// What a power cut leaves of a folder, of which kill-at-step.mjs has written down each change: data that was not synced since, and names
// whose folder was not, are as they were before. It is the least that a host must keep, and less than most do.
// man 2 fsync: "does not necessarily ensure that the entry in the directory containing the file has also reached disk".
import {
  closeSync,
  existsSync,
  ftruncateSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';

interface Change {
  what: 'create' | 'empty' | 'write' | 'truncate' | 'sync' | 'rename' | 'unlink' | 'mkdir' | 'rmdir';
  path: string;
  /** Of a rename. */
  target?: string;
  /** Another name of what was lost. */
  beside?: string;
  /** Of a file that was written: where, how large it was, and what was there. */
  offset?: number;
  size?: number;
  old?: string;
}

export const changesIn = (journal: string): Change[] =>
  existsSync(journal)
    ? readFileSync(journal, 'utf8')
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line) as Change)
    : [];

/** Undoes what was not made to last. */
export function cutPower(changes: readonly Change[]): void {
  const lasting = changes.map((change, i) => lasts(change, changes.slice(i + 1)));
  for (let i = changes.length - 1; i >= 0; i--) if (!lasting[i]) undo(changes[i]!, nameOf(i, changes, lasting));
}

function lasts({ what, path, target }: Change, later: readonly Change[]): boolean {
  if (what === 'sync') return true;
  if (what !== 'write' && what !== 'truncate' && what !== 'empty')
    return later.some((one) => one.what === 'sync' && one.path === dirname(target ?? path));
  let name = path;
  for (const one of later) {
    if (one.what === 'sync' && one.path === name) return true;
    if (one.what === 'rename' && one.path === name) name = one.target!;
  }
  return false;
}

/** What a file is called now that was changed then; changes behind it that did not last are undone by now. */
function nameOf(at: number, changes: readonly Change[], lasting: readonly boolean[]): string {
  let name = changes[at]!.path;
  for (let i = at + 1; i < changes.length; i++)
    if (lasting[i] && changes[i]!.what === 'rename' && changes[i]!.path === name) name = changes[i]!.target!;
  return name;
}

function undo({ what, path, target, beside, offset, size, old }: Change, name: string): void {
  // one that has another name by now has that
  if ((what === 'mkdir' || what === 'create') && name === path) rmSync(name, { recursive: true, force: true });
  if (what === 'rmdir') mkdirSync(path);
  if (what === 'unlink' && beside !== undefined && existsSync(dirname(path))) linkSync(beside, path);
  if (what === 'rename' && existsSync(target!)) {
    renameSync(target!, path);
    if (beside !== undefined) linkSync(beside, target!);
  }
  if (!existsSync(name)) return;
  if (what === 'empty') writeAt(name, 0, readFileSync(beside!));
  if (what === 'write' || what === 'truncate') writeAt(name, offset ?? size!, Buffer.from(old!, 'base64'), size);
}

function writeAt(path: string, offset: number, bytes: Uint8Array, size = offset + bytes.length): void {
  const fd = openSync(path, 'r+');
  if (bytes.length > 0) writeSync(fd, bytes, 0, bytes.length, offset);
  ftruncateSync(fd, size);
  closeSync(fd);
}
