// The packet filter and address translation of a namespace: what internet asks at each hook. Linux net/netfilter/core.c, nf_nat_core.c;
// RFC 3022; RFC 4787 (REQ-1: the mapping does not depend on the destination as long as the port is free).
import type { Address } from '../../../net/address.js';
import { IPPROTO_ICMP, IPPROTO_ICMPV6, IPPROTO_TCP, IPPROTO_UDP } from '../../abi/inet.js';
import type { NetNamespace } from '../../ns/net-namespace.js';
import type { Interface } from '../interface.js';
import type { Packet } from '../packet.js';
import type { Flow } from './flow.js';
import { FlowTable } from './flow-table.js';
import { type Hook, matches, type Passage, type Rule, stateOf, type Verdict } from './rules.js';
import { inverse, quoteIn, requote, reseal, setDestination, setSource, type Tuple } from './tuple.js';

/** Rules of one namespace. */
const RULES_MAX = 4096;
/** Ports that are tried for a source that another flow has. */
const PORT_TRIES = 128;

type Chain = Record<Hook, Rule[]>;
const emptyChain = (): Chain => ({ prerouting: [], input: [], forward: [], output: [], postrouting: [] });
const isTranslation = ({ do: what }: Verdict): boolean => what === 'dnat' || what === 'snat' || what === 'masquerade';

export class PacketFilter {
  readonly flows: FlowTable;
  private readonly sets = new Map<string, readonly Rule[]>();
  private filters = emptyChain();
  private translations = emptyChain();

  constructor(private readonly namespace: NetNamespace) {
    this.flows = new FlowTable(namespace);
  }

  /** Without rules packets pass as if this was not here. */
  get active(): boolean {
    return this.sets.size > 0;
  }

  get rules(): Rule[] {
    return [...this.sets.values()].flat();
  }

  /** The rules of `owner`, in place of those that it had. Sets are asked in the order of their coming. False: there are too many. */
  set(owner: string, rules: readonly Rule[]): boolean {
    const others = this.rules.length - (this.sets.get(owner)?.length ?? 0);
    if (others + rules.length > RULES_MAX) return false;
    if (rules.length === 0) this.sets.delete(owner);
    else this.sets.set(owner, rules);
    [this.filters, this.translations] = [emptyChain(), emptyChain()];
    for (const rule of this.rules) {
      const chain = isTranslation(rule.verdict) ? this.translations : this.filters;
      chain[rule.hook].push(rule);
    }
    if (!this.active) this.flows.clear();
    return true;
  }

  /** All rules and flows go. */
  clear(): void {
    for (const owner of [...this.sets.keys()]) this.set(owner, []);
  }

  // ---- hooks: true when the packet may go on --------------------------------------------------------------------------------------

  prerouting(packet: Packet, by: Interface): boolean {
    if (!this.active) return true;
    // before flows are looked at: what is dropped here has not been seen by any
    if (!this.passes('prerouting', this.passage(packet, by, undefined))) return false;
    this.redirect('prerouting', this.enter(packet, by, undefined));
    return true;
  }

  input(packet: Packet, by: Interface): boolean {
    if (!this.active) return true;
    const passage = this.passage(packet, by, undefined);
    if (!this.passes('input', passage)) return false;
    this.restoreSource(passage);
    return this.confirm(passage);
  }

  forward(packet: Packet, by: Interface | undefined, out: Interface): boolean {
    return !this.active || this.passes('forward', this.passage(packet, by, out));
  }

  output(packet: Packet, out: Interface): boolean {
    if (!this.active) return true;
    const passage = packet.belonging ? this.passage(packet, undefined, out) : this.enter(packet, undefined, out);
    if (!this.passes('output', passage)) return false;
    this.redirect('output', passage);
    return true;
  }

  postrouting(packet: Packet, out: Interface): boolean {
    if (!this.active) return true;
    const passage = this.passage(packet, undefined, out);
    if (!this.passes('postrouting', passage)) return false;
    if (!this.chooseSource(passage, out)) return false;
    this.restoreSource(passage);
    return this.confirm(passage);
  }

  private passage(packet: Packet, by: Interface | undefined, out: Interface | undefined): Passage {
    return { packet, in: by, out, belonging: packet.belonging };
  }

  /** Finds out what a packet belongs to. */
  private enter(packet: Packet, by: Interface | undefined, out: Interface | undefined): Passage {
    const quote = quoteIn(packet);
    if (quote) {
      // the error goes the other way than what it quotes
      const found = this.flows.find(inverse(quote.tuple));
      packet.belonging = found && { ...found, related: true };
    } else packet.belonging = this.flows.of(packet);
    return this.passage(packet, by, out);
  }

  private confirm({ belonging }: Passage): boolean {
    return !belonging || belonging.related === true || belonging.reply || this.flows.confirm(belonging.flow);
  }

  /** The first rule that fits decides; without one the packet passes. */
  private passes(hook: Hook, passage: Passage): boolean {
    const rule = this.filters[hook].find((one) => matches(one, passage));
    if (!rule || rule.verdict.do === 'accept') return true;
    if (rule.verdict.do === 'reject') this.reject(passage);
    return false;
  }

  private reject({ packet, belonging }: Passage): void {
    if (packet.protocol === IPPROTO_TCP) this.namespace.tcp.reset(packet, belonging);
    else this.namespace.icmp.portUnreachable(packet);
  }

  // ---- translation ----------------------------------------------------------------------------------------------------------------

  /** The destination: a new flow's by the rules, then as the flow has it. */
  private redirect(hook: 'prerouting' | 'output', passage: Passage): void {
    const { packet, belonging } = passage;
    if (!belonging) return;
    const { flow, reply, related } = belonging;
    if (!flow.confirmed && !reply && stateOf(belonging) === 'new') this.chooseDestination(hook, passage, flow);
    if (related) {
      this.translateQuote(packet, flow, reply);
      return;
    }
    if (reply ? flow.sourceChanged : flow.destinationChanged)
      setDestination(packet, reply ? inverse(flow.original) : inverse(flow.reply));
  }

  private chooseDestination(hook: Hook, passage: Passage, flow: Flow): void {
    const rule = this.translations[hook].find((one) => matches(one, passage));
    if (rule?.verdict.do !== 'dnat' || typeof rule.verdict.to !== typeof flow.original.source) return;
    const { to, port } = rule.verdict;
    const { reply } = flow;
    const hasPorts = reply.protocol === IPPROTO_TCP || reply.protocol === IPPROTO_UDP;
    flow.reply = { ...reply, source: to, sourcePort: hasPorts && port !== undefined ? port : reply.sourcePort };
    flow.destinationChanged = true;
  }

  /** The source of a new flow by the rules. False: none is free. */
  private chooseSource(passage: Passage, out: Interface): boolean {
    const { belonging } = passage;
    if (!belonging || belonging.reply || belonging.related || belonging.flow.confirmed) return true;
    const { flow } = belonging;
    const rule = this.translations.postrouting.find((one) => matches(one, passage));
    const to =
      rule?.verdict.do === 'snat'
        ? rule.verdict.to
        : rule?.verdict.do === 'masquerade'
          ? out.sourceFor(passage.packet.destination)
          : undefined;
    if (rule && (to === undefined || typeof to !== typeof flow.original.source)) return false;
    const reply = this.freeReply(flow.reply, to ?? flow.reply.destination);
    if (!reply) return false;
    flow.sourceChanged = to !== undefined || clientPort(reply) !== clientPort(flow.reply);
    flow.reply = reply;
    return true;
  }

  /** Answers to `address` that are no other flow's: with the port as it was, or another one of its range. */
  private freeReply(reply: Tuple, address: Address): Tuple | undefined {
    const wanted = clientPort(reply);
    const same = withClient(reply, address, wanted);
    if (!this.flows.isTaken(same)) return same;
    const [first, last] = isPorted(reply.protocol)
      ? wanted < 512
        ? [1, 511]
        : wanted < 1024
          ? [600, 1023]
          : [1024, 65_535]
      : [0, 65_535];
    const count = last - first + 1;
    const start = this.namespace.random() % count;
    for (let i = 0; i < Math.min(count, PORT_TRIES); i++) {
      const other = withClient(reply, address, first + ((start + i) % count));
      if (!this.flows.isTaken(other)) return other;
    }
    return undefined;
  }

  /** The source as the flow has it. */
  private restoreSource({ packet, belonging }: Passage): void {
    if (!belonging) return;
    const { flow, reply, related } = belonging;
    const changed = reply ? flow.destinationChanged : flow.sourceChanged;
    if (!changed) return;
    const as = reply ? inverse(flow.original) : inverse(flow.reply);
    if (!related) setSource(packet, as);
    else if (packet.source === (reply ? flow.reply : flow.original).source) {
      // a router on the way speaks for itself
      packet.source = as.source;
      reseal(packet);
    }
  }

  /** An ICMP error goes to whom the flow's packet came from, and quotes it as that one has sent it. */
  private translateQuote(packet: Packet, flow: Flow, reply: boolean): void {
    const quote = quoteIn(packet);
    if (!quote || !(flow.sourceChanged || flow.destinationChanged)) return;
    const sent = reply ? flow.original : flow.reply;
    if (packet.destination === quote.tuple.source) packet.destination = sent.source;
    requote(packet, quote, sent);
  }
}

const isPorted = (protocol: number): boolean => protocol === IPPROTO_TCP || protocol === IPPROTO_UDP;
const isEcho = (protocol: number): boolean => protocol === IPPROTO_ICMP || protocol === IPPROTO_ICMPV6;

/** In the answers of a flow, the port of who has begun it. */
const clientPort = ({ protocol, sourcePort, destinationPort }: Tuple): number =>
  isEcho(protocol) ? sourcePort : destinationPort;
const withClient = (reply: Tuple, destination: Address, port: number): Tuple =>
  isEcho(reply.protocol)
    ? { ...reply, destination, sourcePort: port }
    : { ...reply, destination, destinationPort: isPorted(reply.protocol) ? port : reply.destinationPort };
