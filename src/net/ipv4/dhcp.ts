// The gateway's DHCP server: an address for each station, the same until it lets it go and another station needs it.
// Source: RFC 2131 (protocol, section 4.3), RFC 2132 (options).
import type { Clock } from '../../base/time.js';
import { DhcpLeases } from './dhcp-leases.js';
import { stationAt } from '../ethernet.js';
import { put32, u32 } from '../big-endian.js';
import { AT, COOKIE, FIXED, OPTION, readOptions, TYPE } from './dhcp-message.js';

/** Bytes of a reply, without the name of a boot file. */
const REPLY_SIZE = 320;
const LEASE_SECONDS = 86400;

export interface DhcpOptions {
  clock: Clock;
  server: number;
  mask: number;
  router: number;
  dns: number;
  /** What a machine that boots from the network is to load: at most BOOT_FILE_MAX characters. */
  bootFile?: string;
  /** First and last address to give out. */
  first: number;
  last: number;
  /** The station that alone has the first address. */
  firstFor?: number;
  /** Which station has been heard with an address, leased or not. */
  heardAt: (address: number) => number | undefined;
}

export class DhcpServer {
  private readonly leases: DhcpLeases;

  constructor(private readonly options: DhcpOptions) {
    this.leases = new DhcpLeases({ ...options, nanoseconds: LEASE_SECONDS * 1e9 });
  }

  /** The answer to a message, which is broadcast; undefined when there is none. */
  answer(message: Uint8Array): Uint8Array | undefined {
    if (message.length < FIXED || message[AT.OPERATION] !== 1 || u32(message, AT.COOKIE) !== COOKIE) return undefined;
    const options = readOptions(message.subarray(FIXED));
    const named = options.get(OPTION.SERVER);
    if (named?.length === 4 && u32(named, 0) !== this.options.server) return undefined;
    const station = stationAt(message, AT.HARDWARE);
    const requested = options.get(OPTION.REQUESTED);
    const wanted = requested?.length === 4 ? u32(requested, 0) : u32(message, AT.CLIENT);
    switch (options.get(OPTION.TYPE)?.[0]) {
      case TYPE.DISCOVER: {
        const address = this.leases.offer(station, wanted);
        return address === undefined ? undefined : this.reply(message, TYPE.OFFER, address);
      }
      case TYPE.REQUEST: {
        const granted = this.leases.take(station, wanted);
        return granted ? this.reply(message, TYPE.ACK, wanted) : this.reply(message, TYPE.NAK, 0);
      }
      case TYPE.DECLINE:
        this.leases.decline(station, wanted);
        return undefined;
      case TYPE.RELEASE:
        this.leases.release(station);
        return undefined;
      case TYPE.INFORM:
        return this.reply(message, TYPE.ACK, 0);
      default:
        return undefined;
    }
  }

  /** The station's machine has left the network. */
  gone(station: number): void {
    this.leases.release(station);
  }

  private reply(request: Uint8Array, type: number, address: number): Uint8Array {
    const { server, mask, router, dns, bootFile } = this.options;
    const reply = new Uint8Array(REPLY_SIZE + (bootFile?.length ?? 0));
    reply.set(request.subarray(0, AT.HARDWARE + 16));
    reply[AT.OPERATION] = 2;
    put32(reply, AT.YOURS, address);
    put32(reply, AT.SERVER, server);
    put32(reply, AT.COOKIE, COOKIE);
    let at = FIXED;
    const put = (code: number, value: number, bytes: 1 | 4 = 4): void => {
      reply[at] = code;
      reply[at + 1] = bytes;
      if (bytes === 1) reply[at + 2] = value;
      else put32(reply, at + 2, value);
      at += 2 + bytes;
    };
    put(OPTION.TYPE, type, 1);
    put(OPTION.SERVER, server);
    if (type !== TYPE.NAK) {
      if (address !== 0) put(OPTION.LEASE, LEASE_SECONDS);
      put(OPTION.MASK, mask);
      put(OPTION.ROUTER, router);
      put(OPTION.DNS, dns);
      if (bootFile) {
        const name = Uint8Array.from(bootFile, (character) => character.charCodeAt(0));
        reply.set(name, AT.FILE);
        reply.set([OPTION.BOOT_FILE, name.length], at);
        reply.set(name, at + 2);
        at += 2 + name.length;
      }
    }
    reply[at] = OPTION.END;
    return reply;
  }
}
