// Loaded before the daemon's own modules (node --import): writes down all changes that the process makes to its data folder, in each of its
// threads, with what it answers meanwhile, and ends the process by SIGKILL before the change of a given number. Told by its parent: {at}, and
// nothing is written down with 0; what it answers is how many there were.
// man 2 kill; a folder that is removed with all in it is removed name by name, each a change. crash-states.ts reads it.
import fs from 'node:fs';
import { ServerResponse } from 'node:http';
import { syncBuiltinESMExports } from 'node:module';
import { join, resolve } from 'node:path';
import { getEnvironmentData, isMainThread, setEnvironmentData, threadId } from 'node:worker_threads';

const ROOT = resolve(process.env.TABVISOR_TEST_CHANGES_OF);
const JOURNAL = process.env.TABVISOR_TEST_JOURNAL;
const NAME = 'tabvisor test changes';
if (isMainThread) setEnvironmentData(NAME, new SharedArrayBuffer(8));
/** The change before which all ends, and how many there were. */
const cell = new Int32Array(getEnvironmentData(NAME));
const AT = 0;
const COUNT = 1;

const plain = { ...fs };
const plainPromises = { ...fs.promises };
const isOurs = (path) => typeof path === 'string' && `${resolve(path)}/`.startsWith(`${ROOT}/`);
const isOn = () => Atomics.load(cell, AT) !== 0;
const note = (entry) => plain.appendFileSync(JOURNAL, `${JSON.stringify(entry)}\n`);

/** What is about to happen. */
function change(what, path, more = {}) {
  if (!isOn() || !isOurs(path)) return;
  if (Atomics.add(cell, COUNT, 1) + 1 >= Atomics.load(cell, AT)) {
    process.kill(process.pid, 'SIGKILL');
    for (;;);
  }
  const { bytes, target, ...rest } = more;
  note({
    what,
    path: resolve(path),
    ...rest,
    ...(target !== undefined && { target: resolve(target) }),
    ...(bytes !== undefined && { bytes: bytes.toString('base64') }),
  });
}

// ---- open files -----------------------------------------------------------------------------------------------------------------

let opened = 1_000_000 * threadId;
const { O_CREAT, O_TRUNC } = fs.constants;
/** A number for a file that is opened, which it keeps when its name changes. */
function opening(path, flags = 'r') {
  if (!isOurs(path)) return undefined;
  const file = ++opened;
  const creates = typeof flags === 'number' ? (flags & O_CREAT) !== 0 : /[wa]/.test(flags);
  const empties = typeof flags === 'number' ? (flags & O_TRUNC) !== 0 : /w/.test(flags);
  if (creates && !plain.existsSync(path)) change('create', path, { file });
  else if (empties && plain.statSync(path).size > 0) change('truncate', path, { file, offset: 0 });
  return { path, file };
}

/** The bytes that a call writes, and where: at the end where it does not say. */
function written(data, at, length, offset) {
  if (typeof data === 'string') return { bytes: Buffer.from(data), offset: undefined };
  const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength).subarray(at ?? 0);
  return { bytes: bytes.subarray(0, length ?? bytes.length), offset: offset ?? undefined };
}
const joined = (pieces, offset) => ({ bytes: Buffer.concat(pieces), offset: offset ?? undefined });

const files = new Map();
const of = (fd, what, more) => {
  const known = files.get(fd);
  if (known) change(what, known.path, { file: known.file, ...more });
};
fs.openSync = (path, flags, mode) => {
  const known = opening(path, flags);
  const fd = plain.openSync(path, flags, mode);
  if (known) files.set(fd, known);
  else files.delete(fd);
  return fd;
};
fs.closeSync = (fd) => {
  files.delete(fd);
  plain.closeSync(fd);
};
fs.writeSync = (fd, ...given) => {
  of(fd, 'write', written(...given));
  return plain.writeSync(fd, ...given);
};
fs.writevSync = (fd, pieces, offset) => {
  of(fd, 'write', joined(pieces, offset));
  return plain.writevSync(fd, pieces, offset);
};
fs.ftruncateSync = (fd, size) => {
  of(fd, 'truncate', { offset: size ?? 0 });
  plain.ftruncateSync(fd, size);
};
for (const name of ['fdatasyncSync', 'fsyncSync', 'fdatasync', 'fsync'])
  fs[name] = (fd, ...more) => {
    of(fd, 'sync');
    return plain[name](fd, ...more);
  };

const handles = new WeakMap();
fs.promises.open = async (path, flags, mode) => {
  const known = opening(path, flags);
  const handle = await plainPromises.open(path, flags, mode);
  if (known) handles.set(handle, known);
  return handle;
};
const probe = await plainPromises.open('/dev/null');
const prototype = Object.getPrototypeOf(probe);
await probe.close();
for (const [name, what, more] of [
  ['write', 'write', written],
  ['writeFile', 'write', (data) => ({ ...written(data), offset: 0 })],
  ['writev', 'write', joined],
  ['truncate', 'truncate', (size) => ({ offset: size ?? 0 })],
  ['datasync', 'sync', () => ({})],
  ['sync', 'sync', () => ({})],
]) {
  const before = prototype[name];
  prototype[name] = function (...given) {
    const known = handles.get(this);
    if (known) change(what, known.path, { file: known.file, ...more(...given) });
    return before.apply(this, given);
  };
}

// ---- names ----------------------------------------------------------------------------------------------------------------------

/** Makes what is missing of a path, one folder after the other; the first of them. */
function makeFolders(path, options) {
  const missing = [];
  for (let at = resolve(path); !plain.existsSync(at); at = resolve(at, '..')) missing.unshift(at);
  for (const one of missing) {
    change('mkdir', one);
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
    change('remove', path);
    plain.rmdirSync(path);
    return;
  }
  change('remove', path);
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
replaced('rename', (from, target) => {
  change('rename', from, { target });
  plain.renameSync(from, target);
});
syncBuiltinESMExports();

// ---- answers --------------------------------------------------------------------------------------------------------------------

for (const name of ['write', 'end']) {
  const before = ServerResponse.prototype[name];
  ServerResponse.prototype[name] = function (...given) {
    const text = given[0] instanceof Uint8Array || typeof given[0] === 'string' ? String(Buffer.from(given[0])) : '';
    if (isOn()) note({ what: 'answer', status: this.statusCode, text, end: name === 'end' });
    return before.apply(this, given);
  };
}

if (isMainThread && process.channel) {
  process.on('message', ({ at }) => {
    Atomics.store(cell, AT, 0);
    const counted = Atomics.exchange(cell, COUNT, 0);
    Atomics.store(cell, AT, at);
    process.send({ counted });
  });
  process.channel.unref();
}
