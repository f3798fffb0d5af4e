// Loaded before the daemon's own modules (node --import): counts all changes that the process makes to its data folder, in each of its
// threads, and ends the process by SIGKILL before the one of a given number. Told by its parent: {at}; asked for what it counted: {}.
// man 2 kill; a folder that is removed with all in it is removed name by name, each a step.
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { join, resolve } from 'node:path';
import { getEnvironmentData, isMainThread, setEnvironmentData, threadId } from 'node:worker_threads';

const ROOT = resolve(process.env.TABVISOR_TEST_STEPS_IN);
const JOURNAL = process.env.TABVISOR_TEST_JOURNAL;
const NAME = 'tabvisor test steps';
if (isMainThread) setEnvironmentData(NAME, new SharedArrayBuffer(8));
/** The step before which all ends (0: none is counted), and how many there were. */
const cell = new Int32Array(getEnvironmentData(NAME));
const AT = 0;
const COUNT = 1;

const plain = { ...fs };
const plainPromises = { ...fs.promises };
const isOurs = (path) => typeof path === 'string' && `${resolve(path)}/`.startsWith(`${ROOT}/`);

/** What is about to happen, and what it takes to undo it. */
function step(what, path, more = {}) {
  if (!isOurs(path) || Atomics.load(cell, AT) === 0) return;
  const number = Atomics.add(cell, COUNT, 1) + 1;
  if (number >= Atomics.load(cell, AT)) {
    process.kill(process.pid, 'SIGKILL');
    for (;;);
  }
  if (JOURNAL)
    plain.appendFileSync(
      JOURNAL,
      `${JSON.stringify({ what, path: resolve(path), ...saved(what, path, more), ...more })}\n`,
    );
}

let kept = 1000 * threadId;
/** Another name for what is about to lose its own; bytes that are about to be written over. */
function saved(what, path, { target, offset, length }) {
  const losing = what === 'rename' ? target : what === 'unlink' || what === 'empty' ? path : undefined;
  if (losing !== undefined && plain.existsSync(losing)) {
    const beside = `${JOURNAL}.${process.pid}.${++kept}`;
    // a file that is emptied in its place keeps its number
    if (what === 'empty') plain.copyFileSync(losing, beside);
    else plain.linkSync(losing, beside);
    return { beside };
  }
  if (what !== 'write' && what !== 'truncate') return {};
  const size = plain.statSync(path).size;
  const from = offset ?? size;
  const old = Buffer.alloc(Math.max(0, Math.min(size, what === 'truncate' ? size : from + length) - from));
  const fd = plain.openSync(path, 'r');
  plain.readSync(fd, old, 0, old.length, from);
  plain.closeSync(fd);
  return { size, old: old.toString('base64') };
}

// ---- open files -----------------------------------------------------------------------------------------------------------------

const paths = new Map();
const { O_CREAT, O_TRUNC } = fs.constants;
function opening(path, flags = 'r') {
  const creates = typeof flags === 'number' ? (flags & O_CREAT) !== 0 : /[wa]/.test(flags);
  const empties = typeof flags === 'number' ? (flags & O_TRUNC) !== 0 : /w/.test(flags);
  if (creates && isOurs(path) && !plain.existsSync(path)) step('create', path);
  else if (empties && isOurs(path) && plain.statSync(path).size > 0) step('empty', path);
}
fs.openSync = (path, flags, mode) => {
  opening(path, flags);
  const fd = plain.openSync(path, flags, mode);
  if (isOurs(path)) paths.set(fd, path);
  else paths.delete(fd);
  return fd;
};
fs.closeSync = (fd) => {
  paths.delete(fd);
  plain.closeSync(fd);
};
const lengthOf = (bytes, length) => length ?? bytes.byteLength ?? Buffer.byteLength(bytes);
fs.writeSync = (fd, bytes, at, length, offset) => {
  step('write', paths.get(fd), { offset: offset ?? undefined, length: lengthOf(bytes, length) });
  return plain.writeSync(fd, bytes, at, length, offset);
};
fs.writevSync = (fd, pieces, offset) => {
  const length = pieces.reduce((sum, { byteLength }) => sum + byteLength, 0);
  step('write', paths.get(fd), { offset: offset ?? undefined, length });
  return plain.writevSync(fd, pieces, offset);
};
fs.ftruncateSync = (fd, size) => {
  step('truncate', paths.get(fd), { offset: size ?? 0 });
  plain.ftruncateSync(fd, size);
};
for (const name of ['fdatasyncSync', 'fsyncSync', 'fdatasync', 'fsync'])
  fs[name] = (fd, ...more) => {
    step('sync', paths.get(fd));
    return plain[name](fd, ...more);
  };

function placeOf(name, [first, , length, offset]) {
  if (name === 'write') return { offset: offset ?? undefined, length: lengthOf(first, length) };
  if (name === 'writeFile') return { offset: 0, length: lengthOf(first) };
  if (name === 'truncate') return { offset: first ?? 0 };
  return {};
}

const handles = new WeakMap();
fs.promises.open = async (path, flags, mode) => {
  opening(path, flags);
  const handle = await plainPromises.open(path, flags, mode);
  handles.set(handle, path);
  return handle;
};
const probe = await plainPromises.open('/dev/null');
const prototype = Object.getPrototypeOf(probe);
await probe.close();
for (const [name, what] of Object.entries({
  write: 'write',
  writeFile: 'write',
  writev: 'write',
  truncate: 'truncate',
  datasync: 'sync',
  sync: 'sync',
})) {
  const before = prototype[name];
  prototype[name] = function (...given) {
    const path = handles.get(this);
    if (path !== undefined) step(what, path, placeOf(name, given));
    return before.apply(this, given);
  };
}

// ---- names ----------------------------------------------------------------------------------------------------------------------

/** Makes what is missing of a path, one folder after the other; the first of them. */
function makeFolders(path, options) {
  const missing = [];
  for (let at = resolve(path); !plain.existsSync(at); at = resolve(at, '..')) missing.unshift(at);
  for (const one of missing) {
    step('mkdir', one);
    try {
      plain.mkdirSync(one, options?.mode ?? 0o777);
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
  }
  return missing[0];
}
function removeAll(path, options) {
  let stats;
  try {
    stats = plain.lstatSync(path);
  } catch (error) {
    if (options?.force && error.code === 'ENOENT') return;
    throw error;
  }
  if (stats.isDirectory()) {
    for (const name of plain.readdirSync(path)) removeAll(join(path, name), options);
    step('rmdir', path);
    plain.rmdirSync(path);
    return;
  }
  step('unlink', path);
  plain.unlinkSync(path);
}
function replaced(name, ours) {
  const sync = `${name}Sync`;
  fs[sync] = (path, ...more) => (isOurs(path) ? ours(path, ...more) : plain[sync](path, ...more));
  fs.promises[name] = async (path, ...more) =>
    isOurs(path) ? ours(path, ...more) : plainPromises[name](path, ...more);
}
replaced('mkdir', (path, options) =>
  options?.recursive ? makeFolders(path, options) : plain.mkdirSync(path, options),
);
replaced('rm', removeAll);
replaced('unlink', (path) => removeAll(path));
replaced('rename', (from, to) => {
  step('rename', from, { target: resolve(to) });
  plain.renameSync(from, to);
});
syncBuiltinESMExports();

if (isMainThread && process.channel) {
  process.on('message', ({ at }) => {
    if (at !== undefined) {
      Atomics.store(cell, COUNT, 0);
      Atomics.store(cell, AT, at);
    }
    process.send({ counted: Atomics.load(cell, COUNT) });
  });
  process.channel.unref();
}
