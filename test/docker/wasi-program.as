// A program of WASI preview 1 in AssemblyScript, whose first argument says what it does. Its imports are written out by hand.
// WASI preview 1, typenames.wit.

@external("wasi_snapshot_preview1", "args_sizes_get") declare function args_sizes_get(count: usize, size: usize): i32;
@external("wasi_snapshot_preview1", "args_get") declare function args_get(list: usize, bytes: usize): i32;
@external("wasi_snapshot_preview1", "environ_sizes_get") declare function environ_sizes_get(count: usize, size: usize): i32;
@external("wasi_snapshot_preview1", "environ_get") declare function environ_get(list: usize, bytes: usize): i32;
@external("wasi_snapshot_preview1", "fd_write") declare function fd_write(fd: i32, vectors: usize, count: i32, done: usize): i32;
@external("wasi_snapshot_preview1", "fd_read") declare function fd_read(fd: i32, vectors: usize, count: i32, done: usize): i32;
@external("wasi_snapshot_preview1", "fd_close") declare function fd_close(fd: i32): i32;
@external("wasi_snapshot_preview1", "fd_seek") declare function fd_seek(fd: i32, offset: i64, whence: i32, place: usize): i32;
@external("wasi_snapshot_preview1", "fd_prestat_get") declare function fd_prestat_get(fd: i32, buffer: usize): i32;
@external("wasi_snapshot_preview1", "fd_prestat_dir_name") declare function fd_prestat_dir_name(fd: i32, buffer: usize, size: i32): i32;
@external("wasi_snapshot_preview1", "fd_readdir") declare function fd_readdir(fd: i32, buffer: usize, size: i32, cookie: i64, used: usize): i32;
@external("wasi_snapshot_preview1", "path_open") declare function path_open(fd: i32, lookup: i32, path: usize, size: i32, open: i32, rights: i64, inherited: i64, flags: i32, opened: usize): i32;
@external("wasi_snapshot_preview1", "path_create_directory") declare function path_create_directory(fd: i32, path: usize, size: i32): i32;
@external("wasi_snapshot_preview1", "path_remove_directory") declare function path_remove_directory(fd: i32, path: usize, size: i32): i32;
@external("wasi_snapshot_preview1", "path_unlink_file") declare function path_unlink_file(fd: i32, path: usize, size: i32): i32;
@external("wasi_snapshot_preview1", "path_rename") declare function path_rename(fd: i32, from: usize, size: i32, into: i32, to: usize, toSize: i32): i32;
@external("wasi_snapshot_preview1", "path_symlink") declare function path_symlink(target: usize, size: i32, fd: i32, path: usize, pathSize: i32): i32;
@external("wasi_snapshot_preview1", "path_filestat_get") declare function path_filestat_get(fd: i32, lookup: i32, path: usize, size: i32, buffer: usize): i32;
@external("wasi_snapshot_preview1", "clock_time_get") declare function clock_time_get(clock: i32, precision: i64, time: usize): i32;
@external("wasi_snapshot_preview1", "poll_oneoff") declare function poll_oneoff(asked: usize, events: usize, count: i32, done: usize): i32;
@external("wasi_snapshot_preview1", "random_get") declare function random_get(buffer: usize, size: i32): i32;
@external("wasi_snapshot_preview1", "proc_exit") declare function proc_exit(code: i32): void;

// AssemblyScript's heap takes all memory that there is: when the module starts, before the adapter adds a page of its own
heap.alloc(1);

const SCRATCH: usize = memory.data(4096, 16);
const VECTOR: usize = memory.data(16, 16);
const WORDS: usize = memory.data(256, 16);
const RIGHTS: i64 = 0x1fffffff;
const FD_WRITE: i64 = 1 << 6;

function put(fd: i32, text: string): void {
  const bytes = String.UTF8.encode(text);
  store<u32>(VECTOR, changetype<usize>(bytes));
  store<u32>(VECTOR, bytes.byteLength, 4);
  fd_write(fd, VECTOR, 1, WORDS);
}
const say = (text: string): void => put(1, text + "\n");

function strings(count: i32, size: i32, get: (list: usize, bytes: usize) => i32): string[] {
  const list = heap.alloc(4 * count + 4);
  get(list, heap.alloc(size + 1));
  const found: string[] = [];
  for (let i = 0; i < count; i++) found.push(String.UTF8.decodeUnsafe(load<u32>(list + 4 * i), 65536, true));
  return found;
}

/** The preopen that a path is in, the longest of them, and what of it is left. */
class Place {
  constructor(public fd: i32, public rest: ArrayBuffer) {}
  get at(): usize { return changetype<usize>(this.rest); }
  get size(): i32 { return this.rest.byteLength; }
}
function place(path: string): Place {
  let best = -1;
  let length = -1;
  for (let fd = 3; fd_prestat_get(fd, WORDS) == 0; fd++) {
    const size = load<u32>(WORDS, 4);
    fd_prestat_dir_name(fd, SCRATCH, size);
    let name = String.UTF8.decodeUnsafe(SCRATCH, size);
    if (!name.endsWith("/")) name += "/";
    if ((path + "/").startsWith(name) && name.length > length) {
      best = fd;
      length = name.length;
    }
  }
  const rest = path.length <= length ? "." : path.slice(length);
  return new Place(best, String.UTF8.encode(rest));
}

function open(path: string, flags: i32): i32 {
  const p = place(path);
  const rights = (flags & 1) != 0 ? RIGHTS : RIGHTS & ~FD_WRITE;
  const failed = path_open(p.fd, 1, p.at, p.size, flags, rights, RIGHTS, 0, WORDS);
  return failed != 0 ? -failed : load<i32>(WORDS);
}

function copy(from: i32, to: i32): void {
  for (;;) {
    store<u32>(VECTOR, SCRATCH);
    store<u32>(VECTOR, 4096, 4);
    if (fd_read(from, VECTOR, 1, WORDS) != 0 || load<u32>(WORDS) == 0) return;
    store<u32>(VECTOR, load<u32>(WORDS), 4);
    fd_write(to, VECTOR, 1, WORDS);
  }
}

function list(path: string): string {
  const fd = open(path, 2);
  if (fd < 0) return `errno ${-fd}`;
  fd_readdir(fd, SCRATCH, 4096, 0, WORDS);
  const used = load<u32>(WORDS);
  const names: string[] = [];
  for (let at: u32 = 0; at + 24 <= used; ) {
    const size = load<u32>(SCRATCH + at + 16);
    names.push(String.UTF8.decodeUnsafe(SCRATCH + at + 24, size) + (load<u8>(SCRATCH + at + 20) == 3 ? "/" : ""));
    at += 24 + size;
  }
  fd_close(fd);
  names.sort();
  return names.join(" ");
}

function cat(path: string): void {
  const fd = open(path, 0);
  if (fd < 0) return say(`${path}: errno ${-fd}`);
  copy(fd, 1);
  fd_close(fd);
}

function write(path: string, text: string): void {
  const fd = open(path, 9);
  if (fd < 0) return say(`${path}: errno ${-fd}`);
  put(fd, text);
  fd_close(fd);
}

function files(folder: string): void {
  write(folder + "/one", "written by wasm\n");
  cat(folder + "/one");
  const sub = place(folder + "/sub");
  say(`mkdir ${path_create_directory(sub.fd, sub.at, sub.size)}`);
  const one = place(folder + "/one");
  const two = place(folder + "/sub/two");
  say(`rename ${path_rename(one.fd, one.at, one.size, two.fd, two.at, two.size)}`);
  const target = String.UTF8.encode("sub/two");
  const link = place(folder + "/link");
  say(`symlink ${path_symlink(changetype<usize>(target), target.byteLength, link.fd, link.at, link.size)}`);
  say(`list ${list(folder)}`);
  cat(folder + "/link");
  path_filestat_get(two.fd, 1, two.at, two.size, SCRATCH);
  say(`size ${load<u64>(SCRATCH, 32)}`);
  say(`rmdir ${path_remove_directory(sub.fd, sub.at, sub.size)}`);
  say(`unlink ${path_unlink_file(link.fd, link.at, link.size)}`);
  say(`again ${path_unlink_file(link.fd, link.at, link.size)}`);
}

function sleep(nanoseconds: i64): void {
  memory.fill(SCRATCH, 0, 128);
  store<u32>(SCRATCH, 1, 16);
  store<i64>(SCRATCH, nanoseconds, 24);
  poll_oneoff(SCRATCH, SCRATCH + 64, 1, WORDS);
}
function clock(id: i32): i64 {
  clock_time_get(id, 1, WORDS);
  return load<i64>(WORDS);
}

export function _start(): void {
  args_sizes_get(WORDS, WORDS + 4);
  const args = strings(load<i32>(WORDS), load<i32>(WORDS, 4), args_get);
  const verb = args.length > 1 ? args[1] : "";
  const what = args.length > 2 ? args[2] : "";
  if (verb == "args") for (let i = 0; i < args.length; i++) say(args[i]);
  else if (verb == "env") {
    environ_sizes_get(WORDS, WORDS + 4);
    const env = strings(load<i32>(WORDS), load<i32>(WORDS, 4), environ_get);
    env.sort();
    for (let i = 0; i < env.length; i++) say(env[i]);
  } else if (verb == "echo") {
    put(2, "to standard error\n");
    copy(0, 1);
  } else if (verb == "cat") cat(what);
  else if (verb == "list") say(list(what));
  else if (verb == "write") write(what, args[3]);
  else if (verb == "files") files(what);
  else if (verb == "exit") proc_exit(<i32>parseInt(what));
  else if (verb == "trap") unreachable();
  else if (verb == "deep") say(`${deep(1)}`);
  else if (verb == "hog") {
    while (memory.grow(16) >= 0);
    say(`${memory.size()} pages`);
    if (what == "wait") sleep(i64.MAX_VALUE >> 1);
  } else if (verb == "loop") {
    say("looping");
    for (;;) store<u32>(WORDS, load<u32>(WORDS) + 1);
  } else if (verb == "time") {
    const before = clock(1);
    sleep(20_000_000);
    const slept = clock(1) - before;
    say(`slept ${slept >= 20_000_000 && slept < 20_000_000_000}`);
    say(`${clock(0) / 1_000_000_000}`);
  } else if (verb == "random") {
    random_get(SCRATCH, 16);
    say(`${load<u64>(SCRATCH)} ${load<u64>(SCRATCH, 8)}`);
  } else {
    put(2, `no verb ${verb}\n`);
    proc_exit(64);
  }
}

function deep(n: i32): i32 {
  return n == 0 ? 0 : deep(n + 1) + deep(n + 2) + 1;
}
