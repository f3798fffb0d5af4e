// The gateway's place on the wire for IPv4: its station, ARP in both directions, packets in and out.
// Source: RFC 826; RFC 791.
import type { Clock } from '../../base/time.js';
import {
  BROADCAST,
  ETHERNET_HEADER,
  ETHERTYPE,
  etherTypeOf,
  type FrameSink,
  makeFrame,
  sourceOf,
} from '../ethernet.js';
import { Neighbours } from '../neighbours.js';
import { Reassembly } from '../reassembly.js';
import { inNetwork } from '../address.js';
import { ARP_REPLY, ARP_REQUEST, arpFrame, parseArp } from './arp.js';
import { fragments, IPV4_HEADER, type Ipv4Packet, parseIpv4, writeIpv4 } from './packet.js';

export interface Ipv4LinkOptions {
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

export class Ipv4Link {
  readonly neighbours: Neighbours<number>;
  private readonly reassembly: Reassembly<Ipv4Packet>;
  private identification = 0;

  constructor(private readonly options: Ipv4LinkOptions) {
    this.reassembly = new Reassembly(options.clock);
    this.neighbours = new Neighbours(options.send, (address) => this.ask(address));
  }

  /** A frame to our station or to all, of any type. */
  frame(frame: Uint8Array): void {
    const type = etherTypeOf(frame);
    if (type === ETHERTYPE.ARP) this.arp(frame);
    else if (type === ETHERTYPE.IPV4) this.packet(frame);
  }

  send(source: number, destination: number, protocol: number, payload: Uint8Array): void {
    this.neighbours.deliver(destination, this.framesOf(source, destination, protocol, payload));
  }

  /** To all stations, whoever they are. */
  broadcast(source: number, destination: number, protocol: number, payload: Uint8Array): void {
    for (const frame of this.framesOf(source, destination, protocol, payload)) this.options.send(frame);
  }

  /** Asks which station has an address. */
  ask(address: number): void {
    const { station, addresses } = this.options;
    const question = { operation: ARP_REQUEST, senderStation: station, senderAddress: addresses[0] };
    this.options.send(arpFrame(BROADCAST, { ...question, targetStation: 0, targetAddress: address }));
  }

  /** `payload` as one packet, or as fragments of one. */
  private framesOf(source: number, destination: number, protocol: number, payload: Uint8Array): Uint8Array[] {
    const header = { source, destination, protocol, identification: this.identification };
    this.identification = (this.identification + 1) & 0xffff;
    return fragments(payload).map(({ bytes, field }) => {
      const frame = makeFrame(BROADCAST, this.options.station, ETHERTYPE.IPV4, IPV4_HEADER + bytes.length);
      writeIpv4(frame, ETHERNET_HEADER, header, bytes.length, field);
      frame.set(bytes, ETHERNET_HEADER + IPV4_HEADER);
      return frame;
    });
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
    if (inNetwork(address, network, bits) && !addresses.includes(address)) this.neighbours.learn(address, station);
  }
}
