// A socket as its descriptor sees it: what the families have in common. man 7 socket; Linux net/socket.c, net/core/sock.c.
import { EACCES, EDOM, EINVAL, ENOENT, ENOPROTOOPT, ENOTTY, EOPNOTSUPP, EPERM } from '../abi/errno.js';
import { O_RDWR } from '../abi/fcntl.js';
import {
  AF_UNIX,
  SO_ACCEPTCONN,
  SO_ATTACH_FILTER,
  SO_BPF_EXTENSIONS,
  SO_BROADCAST,
  SO_DETACH_FILTER,
  SO_LOCK_FILTER,
  SO_DEBUG,
  SO_DOMAIN,
  SO_DONTROUTE,
  SO_ERROR,
  SO_KEEPALIVE,
  SO_MARK,
  SO_NO_CHECK,
  SO_LINGER,
  SO_OOBINLINE,
  SO_PASSCRED,
  SO_PRIORITY,
  SO_PROTOCOL,
  SO_RCVBUF,
  SO_RCVBUFFORCE,
  SO_RCVLOWAT,
  SO_RCVTIMEO,
  SO_RCVTIMEO_NEW,
  SO_REUSEADDR,
  SO_REUSEPORT,
  SO_SNDBUF,
  SO_SNDBUFFORCE,
  SO_SNDLOWAT,
  SO_SNDTIMEO,
  SO_SNDTIMEO_NEW,
  SO_TIMESTAMP,
  SO_TIMESTAMP_NEW,
  SO_TIMESTAMPNS,
  SO_TIMESTAMPNS_NEW,
  SO_TYPE,
  SOL_SOCKET,
} from '../abi/socket.js';
import { S_IFSOCK } from '../abi/stat.js';
import { FIONREAD } from '../abi/termios.js';
import { FRAME_KERNEL, FRAME_SOCKET } from '../mm/frame-account.js';
import { HeldMemory } from '../mm/held-memory.js';
import { writeU32 } from '../mm/user-memory.js';
import { BPF_MAXINSNS, type Instruction } from '../security/bpf.js';
import { readInstructions, type SockFprog } from '../security/bpf-program.js';
import { isSocketFilter } from './packet/socket-filter.js';
import type { NetNamespace } from '../ns/net-namespace.js';
import type { Credentials } from '../security/credentials.js';
import { CAP_NET_ADMIN } from '../security/capability.js';
import type { Process } from '../task/process.js';
import type { Task } from '../task/task.js';
import { WaitQueue } from '../task/wait-queue.js';
import type { Io } from '../vfs/io.js';
import { OpenFile } from '../vfs/open-file.js';
import type { Timestamp } from '../vfs/timestamp.js';
import { interfaceIoctl } from './interface-ioctl.js';

/** net.core.rmem_default and wmem_default, and what SO_RCVBUF can make of them. */
const BUFFER_DEFAULT = 212992;
const BUFFER_MIN = 2304;
const SEND_BUFFER_MIN = 4608;
const BUFFER_MAX = 425984;
/** SKF_AD_MAX: what filters may ask for besides a packet's bytes. */
const BPF_EXTENSIONS = 64;

/** Control data of a level that is the protocol's. */
export interface ControlItem {
  level: number;
  type: number;
  data: Uint8Array;
}

/** What goes with a message: descriptors, and who sent it; what a protocol is told of it. */
export interface Ancillary {
  files?: OpenFile[];
  sender?: { process: Process; uid: number; gid: number };
  control?: ControlItem[];
}

/** An option as an int, as bytes, or a negated errno. */
export type OptionValue = number | Uint8Array | { value: number };

/** What a receiver gets beside the data. */
export interface Received {
  length: number;
  /** sockaddr of the sender; undefined: it has none. */
  from?: Uint8Array;
  ancillary?: Ancillary;
  /** Control data of the protocol. */
  control?: ControlItem[];
  /** When it came, where that is known: SO_TIMESTAMP. */
  time?: Timestamp;
  /** MSG_* flags of the result. */
  flags: number;
}

/** Who is at the other end: SO_PEERCRED. */
export interface PeerCredentials {
  process?: Process;
  credentials: Credentials;
}

export abstract class Socket extends OpenFile {
  readonly waiters = new WaitQueue();
  /** What waits in it is charged to who made it. */
  readonly memory: HeldMemory;
  /** The one that it was made in, for ever. */
  readonly namespace: NetNamespace;
  receiveBuffer = BUFFER_DEFAULT;
  sendBuffer = BUFFER_DEFAULT;
  /** Nanoseconds; Infinity: no time-out. */
  receiveTimeout = Number.POSITIVE_INFINITY;
  sendTimeout = Number.POSITIVE_INFINITY;
  passCredentials = false;
  /** An error that came by itself, told once: SO_ERROR. A positive errno. */
  protected pendingError = 0;
  readonly flagsOf = new Map<number, number>();
  /** Which of what comes it receives: SO_ATTACH_FILTER. */
  protected socketFilter?: readonly Instruction[];
  private filterLocked = false;
  linger = { on: 0, seconds: 0 };

  constructor(
    task: Task,
    readonly family: number,
    readonly type: number,
    readonly protocol: number,
    flags: number,
    namespace = task.namespaces.net,
  ) {
    super(task, task.kernel.sockets.make(task, S_IFSOCK | 0o777), O_RDWR | flags);
    this.namespace = namespace.hold();
    this.memory = new HeldMemory(task.kernel.frames.payer, family === AF_UNIX ? FRAME_KERNEL : FRAME_SOCKET);
  }

  protected override close(): void {
    this.memory.hold(0);
    this.namespace.release();
  }

  /** Is an option of SOL_SOCKET on? */
  flag(name: number): boolean {
    return (this.flagsOf.get(name) ?? 0) !== 0;
  }

  override get label(): string {
    return `socket:[${this.inode.ino}]`;
  }

  override get waits(): WaitQueue {
    return this.waiters;
  }

  override read(task: Task, io: Io): number {
    const got = this.receive(task, io, 0, task.callState.done);
    if (typeof got === 'number') return got;
    dropFiles(got.ancillary);
    return got.length;
  }

  override write(task: Task, io: Io): number {
    return this.send(task, io, 0, undefined, undefined);
  }

  // ---- what a family does -----------------------------------------------------------------------------------------------------

  bind(_task: Task, _address: Uint8Array): number {
    return -EOPNOTSUPP;
  }
  connect(_task: Task, _address: Uint8Array): number {
    return -EOPNOTSUPP;
  }
  listen(_task: Task, _backlog: number): number {
    return -EOPNOTSUPP;
  }
  /** A socket for a peer that has connected, and its address. */
  accept(_task: Task, _flags: number): { socket: Socket; peer: Uint8Array } | number {
    return -EOPNOTSUPP;
  }
  abstract localAddress(): Uint8Array;
  /** -ENOTCONN without a peer. */
  abstract peerAddress(): Uint8Array | number;
  abstract send(
    task: Task,
    io: Io,
    flags: number,
    to: Uint8Array | undefined,
    ancillary: Ancillary | undefined,
  ): number;
  /** `done`: bytes that earlier tries of this call have received. */
  abstract receive(task: Task, io: Io, flags: number, done: number): Received | number;
  abstract shutdown(task: Task, how: number): number;
  /** Bytes that can be read now. */
  protected abstract get readableBytes(): number;
  get listening(): boolean {
    return false;
  }

  /** Takes the error that came by itself: positive; 0: there is none. */
  takeError(): number {
    const error = this.pendingError;
    this.pendingError = 0;
    return error;
  }

  // ---- options ----------------------------------------------------------------------------------------------------------------

  /** `given`: the first word of where the answer goes. */
  getOption(task: Task, level: number, name: number, given = 0): OptionValue {
    if (level !== SOL_SOCKET) return this.getProtocolOption(level, name, given);
    switch (name) {
      case SO_TYPE:
        return { value: this.type };
      case SO_DOMAIN:
        return { value: this.family };
      case SO_PROTOCOL:
        return { value: this.protocol };
      case SO_ERROR:
        return { value: this.takeError() };
      case SO_RCVBUF:
        return { value: this.receiveBuffer };
      case SO_SNDBUF:
        return { value: this.sendBuffer };
      case SO_ACCEPTCONN:
        return { value: this.listening ? 1 : 0 };
      case SO_PASSCRED:
        return { value: this.passCredentials ? 1 : 0 };
      case SO_LOCK_FILTER:
        return { value: this.filterLocked ? 1 : 0 };
      case SO_BPF_EXTENSIONS:
        return { value: BPF_EXTENSIONS };
      case SO_RCVLOWAT:
        return { value: this.flagsOf.get(name) ?? 1 };
      case SO_SNDLOWAT:
        return { value: 1 };
      case SO_LINGER: {
        const bytes = new Uint8Array(8);
        new DataView(bytes.buffer).setInt32(0, this.linger.on, true);
        new DataView(bytes.buffer).setInt32(4, this.linger.seconds, true);
        return bytes;
      }
      case SO_RCVTIMEO:
      case SO_SNDTIMEO:
      case SO_RCVTIMEO_NEW:
      case SO_SNDTIMEO_NEW:
        return this.timeoutBytes(task, name);
      case SO_REUSEADDR:
      case SO_KEEPALIVE:
      case SO_BROADCAST:
      case SO_REUSEPORT:
      case SO_OOBINLINE:
      case SO_DONTROUTE:
      case SO_PRIORITY:
      case SO_TIMESTAMP:
      case SO_TIMESTAMP_NEW:
      case SO_TIMESTAMPNS:
      case SO_TIMESTAMPNS_NEW:
      case SO_NO_CHECK:
      case SO_DEBUG:
      case SO_MARK:
        return { value: this.flagsOf.get(name) ?? 0 };
      default:
        return this.getFamilyOption(task, name);
    }
  }

  private timeoutBytes(task: Task, name: number): Uint8Array {
    const nanoseconds = name === SO_RCVTIMEO || name === SO_RCVTIMEO_NEW ? this.receiveTimeout : this.sendTimeout;
    const finite = nanoseconds === Number.POSITIVE_INFINITY ? 0 : nanoseconds;
    const time = { sec: Math.floor(finite / 1e9), usec: Math.floor((finite % 1e9) / 1000) };
    const wide = name === SO_RCVTIMEO_NEW || name === SO_SNDTIMEO_NEW;
    const { structs } = task.abi;
    return wide ? structs.timespec64.bytes({ sec: time.sec, nsec: time.usec }) : structs.timeval.bytes(time);
  }

  /** `value`: the option's first four bytes as an int; `bytes`: all of it. */
  setOption(task: Task, level: number, name: number, value: number, bytes: Uint8Array): number {
    if (level !== SOL_SOCKET) return this.setProtocolOption(level, name, value, bytes);
    switch (name) {
      case SO_RCVBUF:
      case SO_RCVBUFFORCE:
      case SO_SNDBUF:
      case SO_SNDBUFFORCE: {
        const force = name === SO_RCVBUFFORCE || name === SO_SNDBUFFORCE;
        if (force && !task.credentials.has(CAP_NET_ADMIN)) return -EPERM;
        const size = Math.max(BUFFER_MIN, Math.min(Math.max(0, value) * 2, BUFFER_MAX));
        if (name === SO_RCVBUF || name === SO_RCVBUFFORCE) this.receiveBuffer = size;
        else this.sendBuffer = Math.max(SEND_BUFFER_MIN, size);
        this.bufferChanged();
        return 0;
      }
      case SO_PASSCRED:
        this.passCredentials = value !== 0;
        return 0;
      case SO_LINGER:
        if (bytes.length < 8) return -EINVAL;
        this.linger = {
          on: value === 0 ? 0 : 1,
          seconds: new DataView(bytes.buffer, bytes.byteOffset).getInt32(4, true),
        };
        return 0;
      case SO_RCVTIMEO:
      case SO_SNDTIMEO:
      case SO_RCVTIMEO_NEW:
      case SO_SNDTIMEO_NEW:
        return this.setTimeout(task, name, bytes);
      case SO_RCVLOWAT:
        this.flagsOf.set(name, Math.max(1, value));
        return 0;
      case SO_REUSEADDR:
      case SO_KEEPALIVE:
      case SO_BROADCAST:
      case SO_REUSEPORT:
      case SO_OOBINLINE:
      case SO_DONTROUTE:
      case SO_TIMESTAMP:
      case SO_TIMESTAMP_NEW:
      case SO_TIMESTAMPNS:
      case SO_TIMESTAMPNS_NEW:
      case SO_NO_CHECK:
        this.flagsOf.set(name, value === 0 ? 0 : 1);
        this.flagChanged(name);
        return 0;
      case SO_DEBUG:
      case SO_MARK:
        if (value !== 0 && !task.credentials.capable(this.namespace.owner, CAP_NET_ADMIN))
          return name === SO_DEBUG ? -EACCES : -EPERM;
        this.flagsOf.set(name, value);
        this.flagChanged(name);
        return 0;
      case SO_ATTACH_FILTER:
        return this.filters ? this.attachFilter(task, bytes) : -ENOPROTOOPT;
      case SO_DETACH_FILTER:
        if (!this.filters) return -ENOPROTOOPT;
        if (this.filterLocked) return -EPERM;
        if (!this.socketFilter) return -ENOENT;
        this.socketFilter = undefined;
        return 0;
      case SO_LOCK_FILTER:
        if (!this.filters) return -ENOPROTOOPT;
        if (this.filterLocked && value === 0) return -EPERM;
        this.filterLocked = value !== 0;
        return 0;
      case SO_PRIORITY:
        if ((value < 0 || value > 6) && !task.credentials.capable(this.namespace.owner, CAP_NET_ADMIN)) return -EPERM;
        this.flagsOf.set(name, value);
        this.flagChanged(name);
        return 0;
      default:
        return this.setFamilyOption(task, name, value, bytes);
    }
  }

  /** Do filters of classic BPF act on what it receives? */
  protected get filters(): boolean {
    return false;
  }

  /** struct sock_fprog. Linux net/core/filter.c sk_attach_filter. */
  private attachFilter(task: Task, bytes: Uint8Array): number {
    const { sockFprog } = task.abi.structs;
    if (bytes.length !== sockFprog.size) return -EINVAL;
    if (this.filterLocked) return -EPERM;
    const head = sockFprog.read(new DataView(bytes.buffer, bytes.byteOffset), 0) as unknown as SockFprog;
    if (head.len === 0 || head.len > BPF_MAXINSNS) return -EINVAL;
    const program = readInstructions(task, head);
    if (typeof program === 'number') return program;
    if (!isSocketFilter(program)) return -EINVAL;
    this.socketFilter = program;
    return 0;
  }

  /** SO_RCVBUF or SO_SNDBUF has been set. */
  protected bufferChanged(): void {}
  /** A flag of SOL_SOCKET has been set. */
  protected flagChanged(_name: number): void {}

  private setTimeout(task: Task, name: number, bytes: Uint8Array): number {
    const wide = name === SO_RCVTIMEO_NEW || name === SO_SNDTIMEO_NEW;
    const { structs } = task.abi;
    const layout = wide ? structs.timespec64 : structs.timeval;
    if (bytes.length < layout.size) return -EINVAL;
    const given = layout.read(new DataView(bytes.buffer, bytes.byteOffset), 0);
    const micro = wide ? given.nsec! : given.usec!;
    if (micro < 0 || micro > 999_999) return -EDOM;
    const nanoseconds = given.sec === 0 && micro === 0 ? Number.POSITIVE_INFINITY : given.sec! * 1e9 + micro * 1000;
    if (name === SO_RCVTIMEO || name === SO_RCVTIMEO_NEW) this.receiveTimeout = nanoseconds;
    else this.sendTimeout = nanoseconds;
    return 0;
  }

  protected getFamilyOption(_task: Task, _name: number): OptionValue {
    return -ENOPROTOOPT;
  }
  protected setFamilyOption(_task: Task, _name: number, _value: number, _bytes: Uint8Array): number {
    return -ENOPROTOOPT;
  }
  protected getProtocolOption(_level: number, _name: number, _given: number): OptionValue {
    return -EOPNOTSUPP;
  }
  protected setProtocolOption(_level: number, _name: number, _value: number, _bytes: Uint8Array): number {
    return -ENOPROTOOPT;
  }

  override ioctl(task: Task, command: number, argument: number): number {
    if (command === FIONREAD) return this.listening ? -EINVAL : writeU32(task.space, argument, this.readableBytes);
    return interfaceIoctl(task, this.namespace, command, argument) ?? -ENOTTY;
  }
}

/** Descriptors of a message that nobody takes. */
export function dropFiles(ancillary: Ancillary | undefined): void {
  for (const file of ancillary?.files ?? []) file.release();
}
