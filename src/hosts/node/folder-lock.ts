// A folder that one process may use at a time: who it is stands in a file; of a process that is gone it says nothing.
// man 5 proc_pid_stat, field 22: when a process started, so that a number that is used again is not taken for the old process.
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { InputError } from '../../base/errors.js';
import { adviceToWrite } from './file-advice.js';
import { reason } from './files.js';
import { makeFolders } from './make-folders.js';

const FILE = 'lock';
const ROUNDS = 10;

/** Another process has the folder. */
export class FolderInUse extends InputError {
  constructor(
    folder: string,
    readonly pid: number,
    /** Where it listens. */
    host?: string,
  ) {
    super(
      `${folder}: process ${pid} uses it${host === undefined ? '' : `, and listens on ${host}`}`,
      host === undefined
        ? 'Wait until that one has ended, or give another folder.'
        : `Speak with it by DOCKER_HOST=${host}, end it, or give another folder.`,
    );
  }
}

/** Takes a folder, which is made where there is none. What is returned gives it back. Throws InputError. */
export function lockFolder(folder: string): () => void {
  const lock = join(folder, FILE);
  const own = `${process.pid} ${startOf(process.pid) ?? ''}\n`;
  const beside = `${lock}.${process.pid}`;
  try {
    makeFolders(folder, 0o700);
    writeFileSync(beside, own, { mode: 0o600 });
    try {
      for (let round = 0; round < ROUNDS; round++) {
        if (isTaken(beside, lock)) return () => release(lock, own);
        const holder = textOf(lock);
        if (holder !== undefined && isAlive(holder)) throw new FolderInUse(folder, pidOf(holder));
        if (holder !== undefined) putAway(lock, holder, `${beside}.old`);
      }
    } finally {
      rmSync(beside, { force: true });
    }
  } catch (error) {
    if (error instanceof InputError) throw error;
    throw new InputError(`${folder}: ${reason(error)}`, adviceToWrite(folder, error), { cause: error });
  }
  throw new InputError(`${folder}: others take it and leave it all the time`);
}

/** A link is there at once, with what the file says, or not at all. */
function isTaken(beside: string, lock: string): boolean {
  try {
    linkSync(beside, lock);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** Removes the lock of a process that is gone; if another one has taken its place meanwhile, that one stays. */
function putAway(lock: string, holder: string, old: string): void {
  try {
    renameSync(lock, old);
    if (textOf(old) !== holder) linkSync(old, lock);
  } catch {
    // somebody else was faster
  } finally {
    rmSync(old, { force: true });
  }
}

function release(lock: string, own: string): void {
  if (textOf(lock) === own) rmSync(lock, { force: true });
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

const pidOf = (holder: string): number => Number.parseInt(holder, 10) || 0;

function isAlive(holder: string): boolean {
  const pid = pidOf(holder);
  const [, start] = holder.trim().split(' ');
  const now = startOf(pid);
  if (now !== undefined && start) return now === start;
  try {
    process.kill(pid, 0);
    return pid > 0;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Undefined where the host does not say. */
function startOf(pid: number): string | undefined {
  const stat = textOf(`/proc/${pid}/stat`);
  // the name of the program, in parentheses, may hold anything
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
}
