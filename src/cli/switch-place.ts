// A machine's place at a switch that has a path: whoever is there first hosts it, the others connect.
// unix(7): a socket's file outlives its process and refuses then; connect() to it is the one way to know.
import { closeSync, linkSync, lstatSync, openSync, renameSync, rmSync, type Stats, statSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { InputError } from '../base/errors.js';
import { reason } from './files.js';

export interface HostPlace {
  kind: 'host';
  server: Server;
  /** Whom connections are handed to, those from before the call too. They are paused. */
  admit(take: (socket: Socket) => void): void;
  /** Gives the path up. */
  release(): void;
}
export type Place = { kind: 'guest'; socket: Socket } | HostPlace;

/**
 * Rounds of looking, in each of which somebody else was faster; and the longest pause between two, in milliseconds. Together they
 * are longer than a lock gets old.
 */
const ROUNDS = 100;
const PAUSE = 150;
/** Age in milliseconds of a lock whose owner was killed: it is held for one step. */
const LOCK_STALE = 5000;

let attempts = 0;

/** Connects to the switch at `path`, or listens there. Throws InputError. */
export async function takePlace(path: string): Promise<Place> {
  for (let round = 0; round < ROUNDS; round++) {
    const there = look(path);
    const socket = there && (await tryConnect(path));
    if (socket) return { kind: 'guest', socket };
    const beside = `${path}.${process.pid}-${attempts++}`;
    const { server, admit } = await listen(path, beside);
    let settled = false;
    try {
      settled = settle(path, beside, there);
      if (settled) return { kind: 'host', server, admit, release: releaser(path) };
    } finally {
      if (!settled) {
        server.close();
        rmSync(beside, { force: true });
      }
    }
    await delay(Math.random() * PAUSE);
  }
  throw new InputError(
    `--net switch=${path}: others take it and leave it again, or somebody has left ${path}.lock behind`,
    'Remove both files, or choose another path.',
  );
}

/** The socket's file; undefined when there is none. Throws InputError when something else is there. */
function look(path: string): Stats | undefined {
  const found = guard(path, () => lstatSync(path, { throwIfNoEntry: false }));
  // listen() would say that it is not permitted
  if (!found) guard(path, () => statSync(dirname(path)));
  if (!found || found.isSocket()) return found;
  const kinds = { isFile: 'a regular file', isDirectory: 'a folder', isSymbolicLink: 'a symbolic link' } as const;
  const kind = Object.entries(kinds).find(([test]) => found[test as keyof typeof kinds]())?.[1] ?? 'something else';
  throw new InputError(
    `--net switch=${path}: ${kind}, not the socket of a switch`,
    'Choose a path where nothing is, or where another machine has made its switch.',
  );
}

/** Undefined: nobody listens there. */
function tryConnect(path: string): Promise<Socket | undefined> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    socket.once('connect', () => resolve(socket));
    socket.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNREFUSED' || error.code === 'ENOENT') resolve(undefined);
      else reject(refusal(path, error));
    });
  });
}

/** Listens at a name of its own, so that nobody meets a socket that does not listen yet. */
async function listen(path: string, beside: string): Promise<Pick<HostPlace, 'server' | 'admit'>> {
  guard(path, () => rmSync(beside, { force: true }));
  const early: Socket[] = [];
  let take = (socket: Socket): void => void early.push(socket);
  const server = createServer({ pauseOnConnect: true }, (socket) => {
    // a reset is an end like any other
    socket.on('error', () => {});
    take(socket);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(refusal(path, error)));
    server.once('listening', resolve);
    // the file is made in this call: for us alone from its first moment
    const mask = process.umask(0o177);
    server.listen(beside);
    process.umask(mask);
  });
  const admit: HostPlace['admit'] = (to) => {
    take = to;
    early.splice(0).forEach(to);
  };
  return { server, admit };
}

/**
 * Moves our socket to `path`, if what is there is still what we have found dead. All in one turn and under a lock: when a host
 * dies, all its machines come here at once.
 */
function settle(path: string, beside: string, dead: Stats | undefined): boolean {
  const lock = `${path}.lock`;
  try {
    closeSync(openSync(lock, 'wx', 0o600));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw refusal(path, error);
    const made = statSync(lock, { throwIfNoEntry: false })?.mtimeMs ?? Number.POSITIVE_INFINITY;
    if (Date.now() - made > LOCK_STALE) rmSync(lock, { force: true });
    return false;
  }
  try {
    return guard(path, () => {
      if (!isSame(look(path), dead)) return false;
      if (dead) renameSync(beside, path);
      else {
        linkSync(beside, path);
        rmSync(beside);
      }
      return true;
    });
  } finally {
    rmSync(lock, { force: true });
  }
}

function isSame(a: Stats | undefined, b: Stats | undefined): boolean {
  // a number that has come free is given again, but not at the same time
  return a?.ino === b?.ino && a?.dev === b?.dev && a?.birthtimeMs === b?.birthtimeMs;
}

/** Removes the file, once, if it is still ours; also when the process ends by `process.exit`. */
function releaser(path: string): () => void {
  const ours = lstatSync(path);
  const release = (): void => {
    process.off('exit', release);
    try {
      if (isSame(lstatSync(path, { throwIfNoEntry: false }), ours)) rmSync(path, { force: true });
    } catch {
      // a file that cannot be removed is taken over by the next who comes
    }
  };
  process.on('exit', release);
  return release;
}

function guard<T>(path: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw error instanceof InputError ? error : refusal(path, error);
  }
}

function refusal(path: string, error: unknown): InputError {
  const { code } = error as NodeJS.ErrnoException;
  const advice: Record<string, string> = {
    EACCES: 'The switch and its folder must be yours: choose another path.',
    EPERM: 'The switch and its folder must be yours: choose another path.',
    ENOENT: 'Make its folder first.',
    ENOTDIR: 'Choose a path in a folder.',
    EAGAIN: 'The machine that hosts it takes no more connections: see whether it runs.',
  };
  return new InputError(`--net switch=${path}: ${reason(error)}`, advice[code ?? ''] ?? 'Choose another path.', {
    cause: error,
  });
}
