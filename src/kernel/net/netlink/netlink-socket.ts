// Netlink sockets: programs ask the kernel, it answers, and tells groups what has changed. man 7 netlink; Linux net/netlink/af_netlink.c.
import {
  EADDRINUSE,
  EAGAIN,
  ECONNREFUSED,
  EFAULT,
  EINVAL,
  EMSGSIZE,
  ENOBUFS,
  ENOPROTOOPT,
  EOPNOTSUPP,
  EPERM,
} from '../../abi/errno.js';
import { POLLERR, POLLIN, POLLOUT, POLLRDNORM, POLLWRNORM } from '../../abi/poll.js';
import {
  NETLINK_ADD_MEMBERSHIP,
  NETLINK_CAP_ACK,
  NETLINK_DROP_MEMBERSHIP,
  NETLINK_EXT_ACK,
  NETLINK_GET_STRICT_CHK,
  NETLINK_LIST_MEMBERSHIPS,
  NETLINK_PKTINFO,
  NETLINK_ROUTE,
  NLM_F_ACK,
  NLM_F_ACK_TLVS,
  NLM_F_CAPPED,
  NLM_F_DUMP,
  NLM_F_MULTI,
  NLM_F_REQUEST,
  NLMSG_DONE,
  NLMSG_ERROR,
  NLMSGERR_ATTR_MSG,
  RTMGRP_IPV4_IFADDR,
  RTMGRP_IPV4_ROUTE,
  RTMGRP_IPV6_IFADDR,
  RTMGRP_IPV6_ROUTE,
  RTMGRP_LINK,
  RTMGRP_NEIGH,
  RTMGRP_NSID,
  SOL_NETLINK,
} from '../../abi/rtnetlink.js';
import { AF_NETLINK, MSG_DONTWAIT, MSG_PEEK, MSG_TRUNC } from '../../abi/socket.js';
import { CAP_NET_ADMIN } from '../../security/capability.js';
import type { Task } from '../../task/task.js';
import type { Io } from '../../vfs/io.js';
import type { NetNamespace } from '../../ns/net-namespace.js';
import type { Interface, InterfaceAddress } from '../interface.js';
import type { Bridge } from '../link/bridge.js';
import type { BridgePort } from '../link/bridge-port.js';
import type { StationEntry } from '../link/bridge-table.js';
import type { Neighbour } from '../neighbour-table.js';
import type { NetListener } from '../net-changes.js';
import type { Route } from '../routes.js';
import { type OptionValue, type Received, Socket } from '../socket.js';
import { addressMessage } from './route-address.js';
import { linkMessage, portMessage } from './route-link.js';
import { numberMessage } from './route-namespace.js';
import { stationMessage } from './route-station.js';
import { neighbourMessage } from './route-neighbour.js';
import { routeMessage } from './route-route.js';
import { type Answer, routeRequest } from './route-requests.js';
import { Body, makeMessage, readMessages, type Request } from './message.js';
import { diagRequest } from './sock-diag.js';

const ADDRESS_SIZE = 12;
const REQUEST_MAX = 1 << 20;
/** Answers to a dump come in datagrams of about this size. */
const DUMP_SIZE = 16_384;
/** Errors are below this type. */
const FIRST_TYPE = 16;

export class NetlinkSocket extends Socket implements NetListener {
  private port = 0;
  private groups = 0;
  private queue: Uint8Array[] = [];
  private queued = 0;
  private readonly flagsSet = new Set<number>();

  constructor(task: Task, type: number, protocol: number, flags: number) {
    super(task, AF_NETLINK, type, protocol, flags);
    if (protocol === NETLINK_ROUTE) this.namespace.changes.add(this);
  }

  // ---- names ------------------------------------------------------------------------------------------------------------------

  override bind(task: Task, address: Uint8Array): number {
    if (address.length < ADDRESS_SIZE) return -EINVAL;
    const view = new DataView(address.buffer, address.byteOffset);
    if (view.getUint16(0, true) !== AF_NETLINK) return -EINVAL;
    const port = view.getUint32(4, true);
    if (this.port !== 0 && port !== 0 && port !== this.port) return -EINVAL;
    if (this.port === 0) {
      const failed = this.takePort(task, port);
      if (failed !== 0) return failed;
    }
    this.groups = view.getUint32(8, true);
    return 0;
  }

  /** The port that is asked for, or the process's number, or one that is free. */
  private takePort(task: Task, wanted: number): number {
    const { netlinkPorts } = this.namespace;
    const used = (port: number): boolean => netlinkPorts.has(`${this.protocol}:${port}`);
    let port = wanted || task.process.pid.in(task.pidNamespace);
    if (wanted !== 0 && used(wanted)) return -EADDRINUSE;
    for (let other = 0xfffff000; used(port); other--) port = other;
    netlinkPorts.add(`${this.protocol}:${port}`);
    this.port = port;
    return 0;
  }

  override connect(_task: Task, address: Uint8Array): number {
    return address.length < 2 ? -EINVAL : 0;
  }

  override localAddress(): Uint8Array {
    return address(this.port, this.groups);
  }
  override peerAddress(): Uint8Array {
    return address(0, 0);
  }

  override shutdown(): number {
    return -EOPNOTSUPP;
  }

  // ---- requests ---------------------------------------------------------------------------------------------------------------

  override send(task: Task, io: Io, _flags: number, to: Uint8Array | undefined): number {
    if (io.left > REQUEST_MAX) return -EMSGSIZE;
    if (to) {
      if (to.length < ADDRESS_SIZE || to[0] !== AF_NETLINK) return -EINVAL;
      const view = new DataView(to.buffer, to.byteOffset);
      if (view.getUint32(8, true) !== 0 && !task.credentials.capable(this.namespace.owner, CAP_NET_ADMIN))
        return -EPERM;
      // other programs are not spoken to by this kernel's protocols
      if (view.getUint32(4, true) !== 0) return -ECONNREFUSED;
    }
    if (this.port === 0) this.takePort(task, 0);
    const bytes = new Uint8Array(io.left);
    if (io.take(bytes, 0, bytes.length) < bytes.length) return -EFAULT;
    for (const request of readMessages(bytes)) this.handle(task, request);
    return bytes.length;
  }

  private handle(task: Task, request: Request): void {
    const { type, flags } = request;
    if (type < FIRST_TYPE || (flags & NLM_F_REQUEST) === 0) {
      if ((flags & NLM_F_ACK) !== 0) this.answerError(request, 0);
      return;
    }
    // one list more than there is room for, and no other before that is read
    if ((flags & NLM_F_DUMP) === NLM_F_DUMP && this.queued > this.receiveBuffer) {
      this.pendingError = ENOBUFS;
      this.waiters.wake(POLLERR);
      return;
    }
    const answer: Answer =
      this.protocol === NETLINK_ROUTE
        ? routeRequest(task, this.namespace, request)
        : diagRequest(task, this.namespace, request);
    if (typeof answer === 'number') {
      if (answer !== 0 || (flags & NLM_F_ACK) !== 0) this.answerError(request, answer);
      return;
    }
    if (!Array.isArray(answer)) {
      this.answerError(request, answer.error, answer.message);
      return;
    }
    if ((flags & NLM_F_DUMP) === NLM_F_DUMP) this.answerDump(request, answer);
    else {
      for (const one of answer) this.put(makeMessage(one.type, 0, request.sequence, this.port, one.body));
      if ((flags & NLM_F_ACK) !== 0) this.answerError(request, 0);
    }
  }

  private answerError({ whole, sequence }: Request, error: number, message?: string): void {
    const capped = error === 0 || this.flagsSet.has(NETLINK_CAP_ACK);
    const quote = capped ? whole.subarray(0, 16) : whole;
    const body = new Body().u32(error).raw(quote).align();
    let flags = capped ? NLM_F_CAPPED : 0;
    if (message !== undefined && this.flagsSet.has(NETLINK_EXT_ACK)) {
      body.attributeText(NLMSGERR_ATTR_MSG, message);
      flags |= NLM_F_ACK_TLVS;
    }
    this.put(makeMessage(NLMSG_ERROR, flags, sequence, this.port, body.taken));
  }

  /** Many messages, some in each datagram, and one that says that there are no more. */
  private answerDump({ sequence }: Request, answer: readonly { type: number; body: Uint8Array }[]): void {
    let pieces: Uint8Array[] = [];
    let size = 0;
    const flush = (): void => {
      const whole = new Uint8Array(size);
      let at = 0;
      for (const piece of pieces) {
        whole.set(piece, at);
        at += piece.length;
      }
      if (size > 0) this.put(whole, true);
      pieces = [];
      size = 0;
    };
    for (const { type, body } of answer) {
      const message = makeMessage(type, NLM_F_MULTI, sequence, this.port, body);
      if (size + message.length > DUMP_SIZE) flush();
      pieces.push(message);
      size += message.length;
    }
    const done = makeMessage(NLMSG_DONE, NLM_F_MULTI, sequence, this.port, new Uint8Array(4));
    pieces.push(done);
    size += done.length;
    flush();
  }

  /** `whole`: what a program has asked for, whatever its size. */
  private put(bytes: Uint8Array, whole = false): void {
    if (!whole && this.queued + bytes.length > this.receiveBuffer) {
      this.pendingError = ENOBUFS;
      this.waiters.wake(POLLERR);
      return;
    }
    this.queue.push(bytes);
    this.queued += bytes.length;
    this.waiters.wake(POLLIN);
  }

  // ---- what has changed -------------------------------------------------------------------------------------------------------

  private tell(group: number, message: { type: number; body: Uint8Array }): void {
    if ((this.groups & group) !== 0) this.put(makeMessage(message.type, 0, 0, 0, message.body));
  }
  linkChanged(one: Interface, gone: boolean): void {
    if ((this.groups & RTMGRP_LINK) !== 0) this.tell(RTMGRP_LINK, linkMessage(one, gone));
  }
  addressChanged(of: Interface, own: InterfaceAddress, gone: boolean): void {
    const group = typeof own.address === 'number' ? RTMGRP_IPV4_IFADDR : RTMGRP_IPV6_IFADDR;
    if ((this.groups & group) !== 0) this.tell(group, addressMessage(of, own, gone));
  }
  routeChanged(route: Route, gone: boolean): void {
    const group = typeof route.destination === 'number' ? RTMGRP_IPV4_ROUTE : RTMGRP_IPV6_ROUTE;
    if ((this.groups & group) !== 0) this.tell(group, routeMessage(route, gone));
  }
  neighbourChanged(neighbour: Neighbour, gone: boolean): void {
    if ((this.groups & RTMGRP_NEIGH) !== 0) this.tell(RTMGRP_NEIGH, neighbourMessage(neighbour, gone));
  }
  stationChanged(bridge: Bridge, entry: StationEntry, gone: boolean): void {
    if ((this.groups & RTMGRP_NEIGH) !== 0) this.tell(RTMGRP_NEIGH, stationMessage(bridge, entry, gone));
  }
  portChanged(port: BridgePort, gone: boolean): void {
    if ((this.groups & RTMGRP_LINK) !== 0) this.tell(RTMGRP_LINK, portMessage(port, gone));
  }
  numberChanged(_other: NetNamespace, number: number, gone: boolean): void {
    if ((this.groups & RTMGRP_NSID) !== 0) this.tell(RTMGRP_NSID, numberMessage(number, gone));
  }

  // ---- receiving --------------------------------------------------------------------------------------------------------------

  override receive(task: Task, io: Io, flags: number): Received | number {
    const error = this.takeError();
    if (error !== 0) return -error;
    const bytes = this.queue[0];
    if (!bytes) {
      task.timeOut(this.receiveTimeout);
      if (task.timedOut) return -EAGAIN;
      return task.blockUnless(this.nonblocking || (flags & MSG_DONTWAIT) !== 0, this.waiters);
    }
    const room = Math.min(io.left, bytes.length);
    if (io.give(bytes, 0, room) < room) return -EFAULT;
    if ((flags & MSG_PEEK) === 0) {
      this.queue.shift();
      this.queued -= bytes.length;
    }
    const truncated = room < bytes.length;
    return {
      length: truncated && (flags & MSG_TRUNC) !== 0 ? bytes.length : room,
      from: address(0, 0),
      flags: truncated ? MSG_TRUNC : 0,
    };
  }

  protected override get readableBytes(): number {
    return this.queue[0]?.length ?? 0;
  }

  override poll(): number {
    let events = POLLOUT | POLLWRNORM;
    if (this.queue.length > 0) events |= POLLIN | POLLRDNORM;
    if (this.pendingError !== 0) events |= POLLERR;
    return events;
  }

  protected override close(): void {
    this.namespace.changes.remove(this);
    this.namespace.netlinkPorts.delete(`${this.protocol}:${this.port}`);
    this.queue = [];
    super.close();
  }

  // ---- options ----------------------------------------------------------------------------------------------------------------

  protected override getProtocolOption(level: number, name: number): OptionValue {
    if (level !== SOL_NETLINK) return -ENOPROTOOPT;
    if (name === NETLINK_LIST_MEMBERSHIPS) return new Uint8Array(Uint32Array.of(this.groups).buffer);
    return FLAG_OPTIONS.includes(name) ? { value: this.flagsSet.has(name) ? 1 : 0 } : -ENOPROTOOPT;
  }

  protected override setProtocolOption(level: number, name: number, value: number): number {
    if (level !== SOL_NETLINK) return -ENOPROTOOPT;
    if (name === NETLINK_ADD_MEMBERSHIP || name === NETLINK_DROP_MEMBERSHIP) {
      if (value < 1 || value > 64) return -EINVAL;
      // groups above 32 are of things that this kernel does not have
      const bit = value > 32 ? 0 : 2 ** (value - 1);
      this.groups = name === NETLINK_ADD_MEMBERSHIP ? (this.groups | bit) >>> 0 : (this.groups & ~bit) >>> 0;
      return 0;
    }
    if (!FLAG_OPTIONS.includes(name)) return -ENOPROTOOPT;
    if (value !== 0) this.flagsSet.add(name);
    else this.flagsSet.delete(name);
    return 0;
  }
}

const FLAG_OPTIONS = [NETLINK_PKTINFO, NETLINK_CAP_ACK, NETLINK_EXT_ACK, NETLINK_GET_STRICT_CHK];

/** struct sockaddr_nl. */
function address(port: number, groups: number): Uint8Array {
  const bytes = new Uint8Array(ADDRESS_SIZE);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, AF_NETLINK, true);
  view.setUint32(4, port, true);
  view.setUint32(8, groups, true);
  return bytes;
}
