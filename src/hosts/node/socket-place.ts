// A place at a Unix-domain socket that has a path: whoever is there first hosts it, the others connect.
// unix(7): a socket's file outlives its process and refuses then; connect() to it is the one way to know.
import { closeSync, linkSync, lstatSync, openSync, renameSync, rmSync, type Stats, statSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { InputError } from '../../base/errors.js';
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

/** sun_path of Linux, without the name that a socket has while it is made, and without its NUL. */
const PATH_MAX = 90;

let attempts = 0;

/** A socket's path, and the option as given that names it, for messages. */
export interface SocketPath {
  path: string;
  label: string;
}

/** Connects to the socket at `path`, or listens there. Throws InputError. */
export async function takePlace(at: SocketPath): Promise<Place> {
  const { path, label } = at;
  const length = Buffer.byteLength(path);
  if (length > PATH_MAX) {
    throw new InputError(`${label}: ${length} bytes; a socket's path has ${PATH_MAX} at most`, 'Choose a shorter one.');
  }
  for (let round = 0; round < ROUNDS; round++) {
    const there = look(at);
    const socket = there && (await tryConnect(at));
    if (socket) return { kind: 'guest', socket };
    const beside = `${path}.${process.pid}-${attempts++}`;
    const { server, admit } = await listen(at, beside);
    let settled = false;
    try {
      settled = settle(at, beside, there);
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
    `${label}: others take it and leave it again, or somebody has left ${path}.lock behind`,
    'Remove both files, or choose another path.',
  );
}

/** The socket's file; undefined when there is none. Throws InputError when something else is there. */
function look(at: SocketPath): Stats | undefined {
  const { path, label } = at;
  const found = guard(at, () => lstatSync(path, { throwIfNoEntry: false }));
  // listen() would say that it is not permitted
  if (!found) guard(at, () => statSync(dirname(path)));
  if (!found || found.isSocket()) return found;
  const kinds = { isFile: 'a regular file', isDirectory: 'a folder', isSymbolicLink: 'a symbolic link' } as const;
  const kind = Object.entries(kinds).find(([test]) => found[test as keyof typeof kinds]())?.[1] ?? 'something else';
  throw new InputError(
    `${label}: ${kind}, not a socket`,
    'Choose a path where nothing is, or where a machine has made its socket.',
  );
}

/** Undefined: nobody listens there. */
function tryConnect(at: SocketPath): Promise<Socket | undefined> {
  return new Promise((resolve, reject) => {
    const socket = connect(at.path);
    socket.once('connect', () => resolve(socket));
    socket.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNREFUSED' || error.code === 'ENOENT') resolve(undefined);
      else reject(refusal(at, error));
    });
  });
}

/** Listens at a name of its own, so that nobody meets a socket that does not listen yet. */
async function listen(at: SocketPath, beside: string): Promise<Pick<HostPlace, 'server' | 'admit'>> {
  guard(at, () => rmSync(beside, { force: true }));
  const early: Socket[] = [];
  let take = (socket: Socket): void => void early.push(socket);
  const server = createServer({ pauseOnConnect: true }, (socket) => {
    // a reset is an end like any other
    socket.on('error', () => {});
    take(socket);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(refusal(at, error)));
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
function settle(at: SocketPath, beside: string, dead: Stats | undefined): boolean {
  const { path } = at;
  const lock = `${path}.lock`;
  try {
    closeSync(openSync(lock, 'wx', 0o600));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw refusal(at, error);
    const made = statSync(lock, { throwIfNoEntry: false })?.mtimeMs ?? Number.POSITIVE_INFINITY;
    if (Date.now() - made > LOCK_STALE) rmSync(lock, { force: true });
    return false;
  }
  try {
    return guard(at, () => {
      if (!isSame(look(at), dead)) return false;
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

function guard<T>(at: SocketPath, action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw error instanceof InputError ? error : refusal(at, error);
  }
}

function refusal({ label }: SocketPath, error: unknown): InputError {
  const { code } = error as NodeJS.ErrnoException;
  const advice: Record<string, string> = {
    EACCES: 'The socket and its folder must be yours: choose another path.',
    EPERM: 'The socket and its folder must be yours: choose another path.',
    ENOENT: 'Make its folder first.',
    ENOTDIR: 'Choose a path in a folder.',
    EAGAIN: 'The machine that hosts it takes no more connections: see whether it runs.',
  };
  return new InputError(`${label}: ${reason(error)}`, advice[code ?? ''] ?? 'Choose another path.', {
    cause: error,
  });
}
