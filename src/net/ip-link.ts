// The gateway's place on the wire: its station, ARP in both directions, packets in and out.
// Source: RFC 826; RFC 1122 section 2.3.2.2 (packets wait for the answer).
import type { Clock } from '../base/time.js';
import { ARP_REPLY, ARP_REQUEST, arpFrame, parseArp } from './arp.js';
import {
  BROADCAST,
  destinationOf,
  ETHERNET_HEADER,
  ETHERTYPE,
  etherTypeOf,
  type FrameSink,
  makeFrame,
  putStation,
  sourceOf,
} from './ethernet.js';
import { fragments, inNetwork, IPV4_HEADER, type Ipv4Packet, parseIpv4, writeIpv4 } from './ipv4.js';
import { Reassembly } from './reassembly.js';

const NEIGHBOURS_MAX = 1024;
const WAITING_MAX = 64;

export interface IpLinkOptions {
  clock: Clock;
  station: number;
  /** Ours; the first is the one that we ask from. */
  addresses: readonly number[];
  network: number;
  bits: number;
  send: FrameSink;
  /** A packet that was sent to our station. */
  receive: (packet: Ipv4Packet) => void;
}

export class IpLink {
  private readonly neighbours = new Map<number, number>();
  private waiting: { destination: number; frame: Uint8Array }[] = [];
  private readonly reassembly: Reassembly;
  private identification = 0;

  constructor(private readonly options: IpLinkOptions) {
    this.reassembly = new Reassembly(options.clock);
  }

  /** A frame from the wire. */
  frame(frame: Uint8Array): void {
    if (frame.length < ETHERNET_HEADER) return;
    const destination = destinationOf(frame);
    if (destination !== this.options.station && destination !== BROADCAST) return;
    const type = etherTypeOf(frame);
    if (type === ETHERTYPE.ARP) this.arp(frame);
    else if (type === ETHERTYPE.IPV4) this.packet(frame);
  }

  /** Sends `payload` as one packet, or as fragments of one. `station`: where to, when that is known already. */
  send(source: number, destination: number, protocol: number, payload: Uint8Array, station?: number): void {
    const header = { source, destination, protocol, identification: this.identification };
    this.identification = (this.identification + 1) & 0xffff;
    const to = station ?? this.neighbours.get(destination);
    for (const { bytes, field } of fragments(payload)) {
      const length = IPV4_HEADER + bytes.length;
      const frame = makeFrame(to ?? BROADCAST, this.options.station, ETHERTYPE.IPV4, length);
      writeIpv4(frame, ETHERNET_HEADER, header, bytes.length, field);
      frame.set(bytes, ETHERNET_HEADER + IPV4_HEADER);
      if (to !== undefined) this.options.send(frame);
      else this.hold(destination, frame);
    }
    if (to === undefined) this.ask(destination);
  }

  /** Which station was last heard with an address. */
  stationOf(address: number): number | undefined {
    return this.neighbours.get(address);
  }

  forget(station: number): void {
    for (const [address, at] of this.neighbours) if (at === station) this.neighbours.delete(address);
  }

  private hold(destination: number, frame: Uint8Array): void {
    if (this.waiting.length < WAITING_MAX) this.waiting.push({ destination, frame });
  }

  /** Asks which station has an address. */
  ask(address: number): void {
    const { station, addresses } = this.options;
    const question = { operation: ARP_REQUEST, senderStation: station, senderAddress: addresses[0] };
    this.options.send(arpFrame(BROADCAST, { ...question, targetStation: 0, targetAddress: address }));
  }

  private arp(frame: Uint8Array): void {
    const arp = parseArp(frame);
    if (!arp) return;
    this.learn(arp.senderAddress, arp.senderStation);
    const { addresses, station, send } = this.options;
    if (arp.operation !== ARP_REQUEST || !addresses.includes(arp.targetAddress)) return;
    send(
      arpFrame(arp.senderStation, {
        operation: ARP_REPLY,
        senderStation: station,
        senderAddress: arp.targetAddress,
        targetStation: arp.senderStation,
        targetAddress: arp.senderAddress,
      }),
    );
  }

  private packet(frame: Uint8Array): void {
    const packet = parseIpv4(frame);
    if (!packet) return;
    this.learn(packet.source, sourceOf(frame));
    const whole = this.reassembly.add(packet);
    if (whole) this.options.receive(whole);
  }

  private learn(address: number, station: number): void {
    const { network, bits, addresses } = this.options;
    if (!inNetwork(address, network, bits) || addresses.includes(address)) return;
    if (this.neighbours.get(address) === station) return;
    if (this.neighbours.size >= NEIGHBOURS_MAX) this.neighbours.clear();
    this.neighbours.set(address, station);
    const ready = this.waiting.filter(({ destination }) => destination === address);
    this.waiting = this.waiting.filter(({ destination }) => destination !== address);
    for (const { frame } of ready) {
      putStation(frame, 0, station);
      this.options.send(frame);
    }
  }
}
