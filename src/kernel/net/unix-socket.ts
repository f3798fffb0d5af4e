// Unix sockets: streams, datagrams and sequenced packets between processes of a node, with descriptors. man 7 unix; Linux net/unix/af_unix.c.
import {
  EADDRINUSE,
  EAGAIN,
  ECONNREFUSED,
  ECONNRESET,
  EEXIST,
  EFAULT,
  EINVAL,
  EISCONN,
  EMSGSIZE,
  ENOBUFS,
  ENOTCONN,
  EOPNOTSUPP,
  EPERM,
  EPIPE,
  EPROTOTYPE,
} from '../abi/errno.js';
import { O_NONBLOCK } from '../abi/fcntl.js';
import { POLLERR, POLLHUP, POLLIN, POLLOUT, POLLRDHUP, POLLRDNORM, POLLWRNORM } from '../abi/poll.js';
import {
  AF_UNIX,
  MSG_DONTWAIT,
  MSG_NOSIGNAL,
  SHUT_RD,
  SHUT_WR,
  SO_PEERCRED,
  SOCK_DGRAM,
  SOCK_STREAM,
} from '../abi/socket.js';
import { SIGPIPE } from '../abi/signal.js';
import { S_IFSOCK } from '../abi/stat.js';
import { BLOCK } from '../task/blocking.js';
import type { Task } from '../task/task.js';
import type { Inode } from '../vfs/inode.js';
import { type Io, transferred } from '../vfs/io.js';
import { MAY_WRITE, permits } from '../vfs/permission.js';
import { resolve } from '../vfs/walk.js';
import { type Ancillary, type OptionValue, type PeerCredentials, type Received, Socket } from './socket.js';
import { abstractAddress, nameIn, shownName, UNNAMED } from './unix-address.js';
import { UnixQueue } from './unix-queue.js';

/** What ss(8) calls states: TCP's numbers. */
const STATE_ESTABLISHED = 1;
const STATE_CLOSE = 7;
const STATE_LISTEN = 10;
/** Datagrams and connections that may wait: net.unix.max_dgram_qlen, net.core.somaxconn. */
const DATAGRAMS_MAX = 10;
const BACKLOG_MAX = 4096;
/** The largest datagram. */
const MESSAGE_MAX = 212_960;

export class UnixSocket extends Socket {
  peer?: UnixSocket;
  private address: Uint8Array = UNNAMED;
  private abstractName?: string;
  private boundInode?: Inode;
  private namesOf?: Map<string, UnixSocket>;
  private readonly queue = new UnixQueue(this.memory);
  /** Connections that wait for accept. */
  private backlog?: UnixSocket[];
  private backlogMax = 0;
  private shutRead = false;
  private shutWrite = false;
  private peerClosed = false;
  private closed = false;
  private wasConnected = false;
  private credentialsOfPeer?: PeerCredentials;

  constructor(task: Task, type: number, flags: number, namespace = task.namespaces.net) {
    super(task, AF_UNIX, type, 0, flags, namespace);
    this.namespace.unix.all.add(this);
  }

  /** socketpair(2). */
  static pair(task: Task, type: number, flags: number): [UnixSocket, UnixSocket] {
    const a = new UnixSocket(task, type, flags);
    const b = new UnixSocket(task, type, flags);
    a.join(b, task);
    b.join(a, task);
    return [a, b];
  }

  private join(peer: UnixSocket, task: Task): void {
    this.peer = peer;
    this.wasConnected = true;
    peer.credentialsOfPeer = { process: task.process, credentials: task.credentials };
  }

  private get isStream(): boolean {
    return this.type === SOCK_STREAM;
  }
  private get isDatagram(): boolean {
    return this.type === SOCK_DGRAM;
  }

  // ---- names ------------------------------------------------------------------------------------------------------------------

  override bind(task: Task, address: Uint8Array): number {
    const name = nameIn(address);
    if (typeof name === 'number') return name;
    if (this.address.length > 2) return -EINVAL;
    if (name.path !== undefined) {
      const { fs } = task;
      const made = task.kernel.vfs.make(task, fs.cwd, name.path, S_IFSOCK | (0o777 & ~fs.umask));
      if (typeof made === 'number') return made === -EEXIST ? -EADDRINUSE : made;
      made.inode.socket = this;
      this.boundInode = made.inode;
    } else {
      const { abstract: sockets } = this.namespace.unix;
      const text = name.abstract ?? this.autobind(sockets);
      if (text === undefined || sockets.has(text)) return -EADDRINUSE;
      sockets.set(text, this);
      this.namesOf = sockets;
      this.abstractName = text;
      if (name.abstract === undefined) {
        this.address = abstractAddress(text);
        return 0;
      }
    }
    this.address = address.slice(0, name.path === undefined ? address.length : 2 + name.path.length + 1);
    return 0;
  }

  /** Five hexadecimal digits that nobody has. */
  private autobind(sockets: Map<string, UnixSocket>): string | undefined {
    for (let i = 0; i < 0x100000; i++) {
      const text = i.toString(16).padStart(5, '0');
      if (!sockets.has(text)) return text;
    }
    return undefined;
  }

  /** The socket that an address names, that `task` may send to. */
  private find(task: Task, address: Uint8Array): UnixSocket | number {
    const name = nameIn(address);
    if (typeof name === 'number') return name;
    if (name.path === undefined) {
      if (name.abstract === undefined) return -EINVAL;
      return this.namespace.unix.abstract.get(name.abstract) ?? -ECONNREFUSED;
    }
    const path = resolve(task, task.fs.cwd, name.path);
    if (typeof path === 'number') return path;
    const denied = permits(task.credentials, path.inode, MAY_WRITE);
    if (denied !== 0) return denied;
    return path.inode.socket ?? -ECONNREFUSED;
  }

  override localAddress(): Uint8Array {
    return this.address;
  }

  override peerAddress(): Uint8Array | number {
    if (!this.peer && !(this.wasConnected && this.peerClosed)) return -ENOTCONN;
    return this.peer?.address ?? UNNAMED;
  }

  // ---- connections ------------------------------------------------------------------------------------------------------------

  override listen(task: Task, backlog: number): number {
    if (this.isDatagram) return -EOPNOTSUPP;
    if (this.address.length <= 2 || this.peer) return -EINVAL;
    this.backlog ??= [];
    this.backlogMax = Math.min(BACKLOG_MAX, Math.max(0, backlog)) + 1;
    this.credentialsOfPeer = { process: task.process, credentials: task.credentials };
    return 0;
  }

  override get listening(): boolean {
    return this.backlog !== undefined;
  }

  override connect(task: Task, address: Uint8Array): number {
    if (this.isDatagram) return this.connectDatagram(task, address);
    if (this.peer || this.wasConnected) return -EISCONN;
    if (this.backlog) return -EINVAL;
    const target = this.find(task, address);
    if (typeof target === 'number') return target;
    if (target.type !== this.type) return -EPROTOTYPE;
    if (!target.backlog || target.shutRead) return -ECONNREFUSED;
    if (target.backlog.length >= target.backlogMax) {
      task.timeOut(this.sendTimeout);
      if (task.timedOut) return -EAGAIN;
      return task.blockUnless(this.nonblocking, target.waiters);
    }
    // the other end is made now, and waits to be accepted
    const other = new UnixSocket(task, this.type, 0, target.namespace);
    other.address = target.address;
    this.join(other, task);
    other.join(this, task);
    this.credentialsOfPeer = target.credentialsOfPeer;
    target.backlog.push(other);
    target.waiters.wake(POLLIN);
    return 0;
  }

  private connectDatagram(task: Task, address: Uint8Array): number {
    if (address.length >= 2 && address[0] === 0 && address[1] === 0) {
      this.peer = undefined;
      return 0;
    }
    const target = this.find(task, address);
    if (typeof target === 'number') return target;
    if (target.type !== this.type) return -EPROTOTYPE;
    this.peer = target;
    return 0;
  }

  override accept(task: Task, flags: number): { socket: Socket; peer: Uint8Array } | number {
    if (this.isDatagram) return -EOPNOTSUPP;
    if (!this.backlog) return -EINVAL;
    const socket = this.backlog.shift();
    if (!socket) {
      task.timeOut(this.receiveTimeout);
      if (task.timedOut) return -EAGAIN;
      return task.blockUnless(this.nonblocking, this.waiters);
    }
    socket.flags |= flags & O_NONBLOCK;
    this.waiters.wake(POLLOUT);
    return { socket, peer: socket.peer?.address ?? UNNAMED };
  }

  override shutdown(_task: Task, how: number): number {
    const { peer } = this;
    if (!peer && !this.backlog) return -ENOTCONN;
    if (how !== SHUT_WR) this.shutRead = true;
    if (how !== SHUT_RD) this.shutWrite = true;
    if (peer && !this.isDatagram) {
      if (how !== SHUT_WR) peer.shutWrite = true;
      if (how !== SHUT_RD) peer.shutRead = true;
      peer.waiters.wake();
    }
    this.waiters.wake();
    return 0;
  }

  // ---- sending ----------------------------------------------------------------------------------------------------------------

  override send(
    task: Task,
    io: Io,
    flags: number,
    to: Uint8Array | undefined,
    ancillary: Ancillary | undefined,
  ): number {
    const sent = this.withSender(task, ancillary);
    return this.isStream ? this.sendStream(task, io, flags, to, sent) : this.sendMessage(task, io, flags, to, sent);
  }

  /** Who sends goes along where the receiver wants it, or the sender has said it. */
  private withSender(task: Task, ancillary: Ancillary | undefined): Ancillary | undefined {
    if (ancillary?.sender || !(this.passCredentials || this.peer?.passCredentials)) return ancillary;
    const { uid, gid } = task.credentials;
    return { ...ancillary, sender: { process: task.process, uid, gid } };
  }

  private broken(task: Task, flags: number): number {
    if ((flags & MSG_NOSIGNAL) === 0) task.raise(SIGPIPE, { code: 0 });
    return -EPIPE;
  }

  private sendStream(
    task: Task,
    io: Io,
    flags: number,
    to: Uint8Array | undefined,
    ancillary: Ancillary | undefined,
  ): number {
    const { callState } = task;
    const wanted = io.left;
    if (to) return this.peer ? -EISCONN : -EOPNOTSUPP;
    io.skip(callState.done);
    for (;;) {
      const { peer } = this;
      if (!peer) {
        if (!this.wasConnected) return -ENOTCONN;
        return callState.done > 0 ? callState.done : this.broken(task, flags);
      }
      if (this.shutWrite || peer.shutRead) return callState.done > 0 ? callState.done : this.broken(task, flags);
      if (io.left === 0) return callState.done;
      const room = peer.receiveBuffer - peer.queue.size;
      if (room <= 0) {
        if (this.nonblocking || (flags & MSG_DONTWAIT) !== 0) return callState.done > 0 ? callState.done : -EAGAIN;
        task.timeOut(this.sendTimeout);
        if (task.timedOut) return callState.done > 0 ? callState.done : -EAGAIN;
        const waiting = task.block(this.waiters, peer.waiters);
        return waiting !== BLOCK && callState.done > 0 ? callState.done : waiting;
      }
      const length = Math.min(io.left, room, 65536);
      if (!peer.queue.holdMore(length)) return callState.done > 0 ? callState.done : -ENOBUFS;
      const bytes = peer.queue.bufferFor(length);
      const moved = io.take(bytes, 0, length);
      if (moved === 0) return transferred(callState.done, wanted);
      peer.put(bytes, moved, this.address, callState.done === 0 ? ancillary : undefined);
      callState.done += moved;
    }
  }

  private sendMessage(
    task: Task,
    io: Io,
    flags: number,
    to: Uint8Array | undefined,
    ancillary: Ancillary | undefined,
  ): number {
    let target: UnixSocket | undefined = this.peer;
    if (to && this.isDatagram) {
      const found = this.find(task, to);
      if (typeof found === 'number') return found;
      target = found;
    }
    if (this.shutWrite) return this.broken(task, flags);
    if (!target) {
      if (this.isDatagram) return this.peerClosed ? -ECONNREFUSED : -ENOTCONN;
      return this.wasConnected ? this.broken(task, flags) : -ENOTCONN;
    }
    if (target.closed) {
      if (target === this.peer) this.peer = undefined;
      return -ECONNREFUSED;
    }
    if (target.type !== this.type) return -EPROTOTYPE;
    if (target.isDatagram && target.peer && target.peer !== this) return -EPERM;
    if (target.shutRead) return this.broken(task, flags);
    if (io.left > MESSAGE_MAX) return -EMSGSIZE;
    const full = this.isDatagram
      ? target !== this && target.queue.length > DATAGRAMS_MAX
      : target.queue.size + io.left > target.receiveBuffer && target.queue.size > 0;
    if (full) {
      if (this.nonblocking || (flags & MSG_DONTWAIT) !== 0) return -EAGAIN;
      task.timeOut(this.sendTimeout);
      return task.timedOut ? -EAGAIN : task.block(target.waiters);
    }
    if (!target.queue.holdMore(io.left)) return -ENOBUFS;
    const bytes = new Uint8Array(io.left);
    const moved = io.take(bytes, 0, bytes.length);
    if (moved < bytes.length) return -EFAULT;
    target.put(bytes, bytes.length, this.address, ancillary);
    return bytes.length;
  }

  private put(bytes: Uint8Array, end: number, from: Uint8Array, ancillary: Ancillary | undefined): void {
    this.queue.put(bytes, end, from, ancillary);
    this.waiters.wake(POLLIN);
  }

  // ---- receiving --------------------------------------------------------------------------------------------------------------

  override receive(task: Task, io: Io, flags: number): Received | number {
    if (this.backlog) return -EINVAL;
    if (this.queue.length === 0) return this.nothing(task, flags);
    const before = this.queue.length;
    const received = this.isStream ? this.queue.readStream(io, flags) : this.queue.readMessage(io, flags);
    if (this.queue.length < before) {
      this.waiters.wake(POLLOUT);
      this.peer?.waiters.wake(POLLOUT);
    }
    return received;
  }

  /** What a read answers when nothing is there. */
  private nothing(task: Task, flags: number): Received | number {
    if (!this.isDatagram) {
      if (this.peerClosed && this.pendingError !== 0) {
        const error = this.pendingError;
        this.pendingError = 0;
        return -error;
      }
      if (this.shutRead || this.peerClosed) return { length: 0, flags: 0 };
      if (!this.peer) return this.isStream ? -EINVAL : -ENOTCONN;
    } else if (this.shutRead) return { length: 0, flags: 0 };
    task.timeOut(this.receiveTimeout);
    if (task.timedOut) return -EAGAIN;
    return task.blockUnless(this.nonblocking || (flags & MSG_DONTWAIT) !== 0, this.waiters);
  }

  protected override get readableBytes(): number {
    return this.isStream ? this.queue.streamBytes : this.queue.messageBytes;
  }

  /** As ss(8) and /proc/net/unix show it; states are TCP's. */
  get description(): { state: number; name: string; peer: number; waiting: number } {
    const state = this.backlog ? STATE_LISTEN : this.peer ? STATE_ESTABLISHED : STATE_CLOSE;
    return {
      state,
      name: shownName(this.address),
      peer: this.peer?.inode.ino ?? 0,
      waiting: this.backlog?.length ?? this.queue.size,
    };
  }

  // ---- readiness and the end --------------------------------------------------------------------------------------------------

  override poll(): number {
    let events = 0;
    if (this.queue.length > 0 || (this.backlog?.length ?? 0) > 0) events |= POLLIN | POLLRDNORM;
    const ended = this.peerClosed || (this.shutRead && this.shutWrite);
    if (this.shutRead || this.peerClosed) events |= POLLIN | POLLRDNORM | POLLRDHUP;
    if (this.pendingError !== 0) events |= POLLERR;
    if (!this.isDatagram && ended) events |= POLLHUP;
    if (!this.isDatagram && !this.backlog && !this.wasConnected) return events | POLLHUP | POLLOUT | POLLWRNORM;
    const { peer } = this;
    const room = this.isDatagram
      ? !peer || peer.queue.length <= DATAGRAMS_MAX
      : !peer || peer.queue.size < peer.receiveBuffer;
    if (!this.backlog && room) events |= POLLOUT | POLLWRNORM;
    return events;
  }

  protected override getFamilyOption(task: Task, name: number): OptionValue {
    if (name !== SO_PEERCRED) return super.getFamilyOption(task, name);
    const { credentialsOfPeer } = this;
    const bytes = new Uint8Array(12);
    const view = new DataView(bytes.buffer);
    view.setInt32(0, credentialsOfPeer?.process?.pid.in(task.pidNamespace) ?? 0, true);
    const { uids, gids } = task.credentials.userNamespace;
    view.setInt32(4, credentialsOfPeer ? uids.shown(credentialsOfPeer.credentials.euid) : -1, true);
    view.setInt32(8, credentialsOfPeer ? gids.shown(credentialsOfPeer.credentials.egid) : -1, true);
    return bytes;
  }

  protected override close(): void {
    this.closed = true;
    this.namespace.unix.all.delete(this);
    if (this.abstractName !== undefined) this.namesOf?.delete(this.abstractName);
    if (this.boundInode) this.boundInode.socket = undefined;
    for (const waiting of this.backlog ?? []) waiting.release();
    this.backlog = undefined;
    const { peer } = this;
    if (peer && peer.peer === this) {
      peer.peer = undefined;
      peer.peerClosed = true;
      // what was sent and never read is lost, and the sender hears of it
      if (!this.isDatagram && this.queue.length > 0) peer.pendingError = ECONNRESET;
      peer.waiters.wake(POLLIN | POLLHUP);
    }
    this.queue.drop();
    this.peer = undefined;
    this.waiters.wake();
    super.close();
  }
}
