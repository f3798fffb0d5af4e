// Rules of the packet filter: the one table that says what passes, and as whose. There is no other language for them: iptables and nft get
// the errors of a kernel without netfilter. Linux Documentation/networking/nf_conntrack-sysctl.rst, man 8 nft ("hooks", "verdict statements").
import { type Address, inNetwork, type Network } from '../../../net/address.js';
import type { Interface } from '../interface.js';
import type { Packet } from '../packet.js';
import type { Belonging } from './flow-table.js';
import { tupleOf } from './tuple.js';

/** Where a packet is: just come, and no flow's yet; for us; to be passed on; from us; about to go. */
export type Hook = 'prerouting' | 'input' | 'forward' | 'output' | 'postrouting';

/** 'new': the first of a flow, or before its answer. 'related': an ICMP error about one. 'invalid': of none, and beginning none. */
export type State = 'new' | 'established' | 'related' | 'invalid';

export type Verdict =
  | { do: 'accept' }
  | { do: 'drop' }
  /** TCP is reset, others hear that nobody has the port. */
  | { do: 'reject' }
  /** Another destination, at prerouting and output. */
  | { do: 'dnat'; to: Address; port?: number }
  /** Another source, at postrouting. */
  | { do: 'snat'; to: Address }
  /** The address of the interface that it goes by, at postrouting. */
  | { do: 'masquerade' };

/** What a packet must be like; what is undefined is not looked at. */
export interface Match {
  /** Names of interfaces: that it has come by, that it goes by. */
  in?: string;
  out?: string;
  source?: Network;
  /** One of these has the source. */
  sources?: readonly Network[];
  destination?: Network;
  /** IPPROTO_*. */
  protocol?: number;
  /** First and last. */
  sourcePorts?: readonly [number, number];
  destinationPorts?: readonly [number, number];
  states?: readonly State[];
  /** Its flow's destination is another one than its sender wrote. */
  redirected?: boolean;
  /** The destination is an address of the namespace. */
  toUs?: boolean;
}

export interface Rule {
  hook: Hook;
  match: Match;
  /** Fields of `match` that must not hold. */
  not?: readonly (keyof Match)[];
  verdict: Verdict;
}

/** A packet on its way. */
export interface Passage {
  packet: Packet;
  in?: Interface;
  out?: Interface;
  belonging?: Belonging;
}

export function stateOf(belonging: Belonging | undefined): State {
  if (!belonging) return 'invalid';
  if (belonging.related) return 'related';
  return belonging.reply || belonging.flow.answered ? 'established' : 'new';
}

const within = (port: number | undefined, [first, last]: readonly [number, number]): boolean =>
  port !== undefined && port >= first && port <= last;
const inside = (address: Address, { network, bits }: Network): boolean =>
  typeof address === typeof network && inNetwork(address, network, bits);

const TESTS: { readonly [K in keyof Required<Match>]: (wanted: Required<Match>[K], passage: Passage) => boolean } = {
  in: (name, passage) => passage.in?.name === name,
  out: (name, passage) => passage.out?.name === name,
  source: (network, { packet }) => inside(packet.source, network),
  sources: (networks, { packet }) => networks.some((network) => inside(packet.source, network)),
  destination: (network, { packet }) => inside(packet.destination, network),
  protocol: (protocol, { packet }) => packet.protocol === protocol,
  sourcePorts: (ports, { packet }) => within(tupleOf(packet)?.sourcePort, ports),
  destinationPorts: (ports, { packet }) => within(tupleOf(packet)?.destinationPort, ports),
  states: (states, { belonging }) => states.includes(stateOf(belonging)),
  redirected: (wanted, { belonging }) => (belonging?.flow.destinationChanged ?? false) === wanted,
  toUs: (wanted, { packet, in: by, out }) => ((by ?? out)?.namespace.isOwn(packet.destination) ?? false) === wanted,
};
const FIELDS = Object.keys(TESTS) as (keyof Match)[];

export function matches({ match, not }: Rule, passage: Passage): boolean {
  for (const field of FIELDS) {
    const wanted = match[field];
    if (wanted === undefined) continue;
    const test = TESTS[field] as (wanted: unknown, passage: Passage) => boolean;
    if (test(wanted, passage) === (not?.includes(field) ?? false)) return false;
  }
  return true;
}
