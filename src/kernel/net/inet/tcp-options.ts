// Options of TCP. man 7 tcp; Linux net/ipv4/tcp.c do_tcp_setsockopt, include/uapi/linux/tcp.h struct tcp_info.
import type { KeepAlive, State } from '../../../net/tcp/connection.js';
import { EINVAL, ENOENT, ENOPROTOOPT } from '../../abi/errno.js';
import {
  TCP_CONGESTION,
  TCP_CORK,
  TCP_DEFER_ACCEPT,
  TCP_FASTOPEN,
  TCP_INFO,
  TCP_KEEPCNT,
  TCP_KEEPIDLE,
  TCP_KEEPINTVL,
  TCP_LINGER2,
  TCP_MAXSEG,
  TCP_NODELAY,
  TCP_NOTSENT_LOWAT,
  TCP_QUICKACK,
  TCP_SYNCNT,
  TCP_USER_TIMEOUT,
  TCP_WINDOW_CLAMP,
} from '../../abi/inet.js';
import type { NetSettings } from '../net-settings.js';
import type { OptionValue } from '../socket.js';
import type { TcpEndpoint } from './tcp-endpoint.js';

/** What may be set of each: numbers within bounds. */
const BOUNDS: ReadonlyMap<number, readonly [least: number, most: number]> = new Map([
  [TCP_MAXSEG, [88, 32767]],
  [TCP_KEEPIDLE, [1, 32767]],
  [TCP_KEEPINTVL, [1, 32767]],
  [TCP_KEEPCNT, [1, 127]],
  [TCP_SYNCNT, [1, 127]],
  [TCP_USER_TIMEOUT, [0, 2 ** 31 - 1]],
  [TCP_LINGER2, [-(2 ** 31), 2 ** 31 - 1]],
  [TCP_DEFER_ACCEPT, [-(2 ** 31), 2 ** 31 - 1]],
  [TCP_WINDOW_CLAMP, [0, 2 ** 31 - 1]],
  [TCP_FASTOPEN, [0, 2 ** 31 - 1]],
  [TCP_NOTSENT_LOWAT, [-(2 ** 31), 2 ** 31 - 1]],
]);
const FLAGS = [TCP_NODELAY, TCP_CORK, TCP_QUICKACK];
const SEGMENT_UNCONNECTED = 536;
const CONGESTION = 'reno';
const NAME_SIZE = 16;
const INFO_SIZE = 104;

/** Of struct tcp_info and /proc/net/tcp: TCP_ESTABLISHED and so on. */
export const STATE_NUMBERS: Readonly<Record<State | 'listen', number>> = {
  established: 1,
  'syn-sent': 2,
  'syn-received': 3,
  'fin-wait-1': 4,
  'fin-wait-2': 5,
  'time-wait': 6,
  closed: 7,
  'close-wait': 8,
  'last-ack': 9,
  listen: 10,
  closing: 11,
};

export class TcpOptions {
  private readonly values = new Map<number, number>();

  get cork(): boolean {
    return this.values.get(TCP_CORK) === 1;
  }

  copy(other: TcpOptions): void {
    for (const [name, value] of other.values) this.values.set(name, value);
  }

  keepAlive(standard: { idle: number; interval: number; count: number }): KeepAlive {
    return {
      idle: (this.values.get(TCP_KEEPIDLE) ?? standard.idle) * 1e9,
      interval: (this.values.get(TCP_KEEPINTVL) ?? standard.interval) * 1e9,
      count: this.values.get(TCP_KEEPCNT) ?? standard.count,
    };
  }

  get(name: number, settings: NetSettings, end: TcpEndpoint | undefined, listening: boolean): OptionValue {
    const { idle, interval, count } = settings.keepAlive;
    const value = this.values.get(name);
    const number = (standard: number): OptionValue => ({ value: value ?? standard });
    switch (name) {
      case TCP_NODELAY:
      case TCP_CORK:
      case TCP_DEFER_ACCEPT:
      case TCP_USER_TIMEOUT:
      case TCP_FASTOPEN:
      case TCP_WINDOW_CLAMP:
      case TCP_NOTSENT_LOWAT:
        return number(0);
      case TCP_QUICKACK:
        return number(1);
      case TCP_KEEPIDLE:
        return number(idle);
      case TCP_KEEPINTVL:
        return number(interval);
      case TCP_KEEPCNT:
        return number(count);
      case TCP_SYNCNT:
        return number(6);
      case TCP_LINGER2:
        return number(settings.finTimeout);
      case TCP_MAXSEG:
        return { value: end?.isOpen ? Math.min(0xffff, end.connection.sender.segmentSize) : SEGMENT_UNCONNECTED };
      case TCP_CONGESTION:
        return Uint8Array.from({ length: NAME_SIZE }, (_, i) => CONGESTION.charCodeAt(i) || 0);
      case TCP_INFO:
        return information(end, listening);
      default:
        return -ENOPROTOOPT;
    }
  }

  set(name: number, value: number, bytes: Uint8Array): number {
    if (name === TCP_CONGESTION) {
      const end = bytes.indexOf(0);
      const text = String.fromCharCode(...bytes.subarray(0, end < 0 ? bytes.length : end));
      return text === CONGESTION ? 0 : -ENOENT;
    }
    if (bytes.length < 4) return -EINVAL;
    if (FLAGS.includes(name)) {
      this.values.set(name, value === 0 ? 0 : 1);
      return 0;
    }
    const bounds = BOUNDS.get(name);
    if (!bounds) return -ENOPROTOOPT;
    if (value < bounds[0] || value > bounds[1]) return -EINVAL;
    this.values.set(name, value);
    return 0;
  }
}

/** struct tcp_info, as far as programs have known it since Linux 2.6. */
export function information(end: TcpEndpoint | undefined, listening: boolean): Uint8Array {
  const bytes = new Uint8Array(INFO_SIZE);
  const view = new DataView(bytes.buffer);
  const state = listening ? 'listen' : (end?.connection.state ?? 'closed');
  bytes[0] = STATE_NUMBERS[state];
  if (!end) return bytes;
  const { sender, receiver } = end.connection;
  const { rtt, variation, timeout, congestionWindow } = sender.measured;
  const word = (index: number, value: number): void => view.setUint32(8 + 4 * index, value, true);
  word(0, Math.floor(timeout / 1000));
  word(2, sender.segmentSize);
  word(3, sender.segmentSize);
  word(4, Math.ceil(Math.max(0, (sender.next - sender.una) | 0) / sender.segmentSize));
  word(15, Math.floor(rtt / 1000));
  word(16, Math.floor(variation / 1000));
  word(18, Math.ceil(congestionWindow / sender.segmentSize));
  word(19, sender.segmentSize);
  word(22, receiver?.window ?? 0);
  return bytes;
}
