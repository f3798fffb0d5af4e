// The conversations of a namespace, found by packets of either direction, forgotten in time. Linux net/netfilter/nf_conntrack_core.c.
import type { Address } from '../../../net/address.js';
import { FLAG } from '../../../net/tcp/segment.js';
import { IPPROTO_TCP } from '../../abi/inet.js';
import type { NetNamespace } from '../../ns/net-namespace.js';
import type { Timed } from '../../task/timers.js';
import { segmentOf, type Packet } from '../packet.js';
import { Flow } from './flow.js';
import { keyOf, type Tuple, tupleOf } from './tuple.js';

/** net.netfilter.nf_conntrack_max. */
const FLOWS_MAX = 16_384;
/** Of one sender: it does not take the room of all others. */
const FLOWS_OF_ONE = FLOWS_MAX / 4;
/** Of the oldest, those that are looked at for one that may go. */
const EVICTION_LOOKS = 64;
/** Entries that are passed over for that. */
const EVICTION_STEPS = 8192;
/** Nanoseconds between two looks for those that are forgotten. */
const SWEEP = 10e9;

/** What a packet is of. */
export interface Belonging {
  flow: Flow;
  reply: boolean;
  /** It is an ICMP error about a packet of it. */
  related?: boolean;
}

export class FlowTable implements Timed {
  /** Each by both of its tuples, in the order of their beginning. */
  private readonly flows = new Map<string, { flow: Flow; reply: boolean }>();

  private readonly senders = new Map<Address, number>();

  constructor(private readonly namespace: NetNamespace) {}

  get size(): number {
    return this.flows.size / 2;
  }

  find(tuple: Tuple): Belonging | undefined {
    const found = this.flows.get(keyOf(tuple));
    if (!found || found.flow.deadline > this.namespace.now()) return found;
    this.remove(found.flow);
    return undefined;
  }

  isTaken(tuple: Tuple): boolean {
    return this.find(tuple) !== undefined;
  }

  /** The flow of a packet, a new one if it may begin one. Undefined: it belongs to nothing. */
  of(packet: Packet): Belonging | undefined {
    const tuple = tupleOf(packet);
    if (!tuple) return undefined;
    let found = this.find(tuple);
    const segment = packet.protocol === IPPROTO_TCP ? segmentOf(packet) : undefined;
    const opens = !segment || (segment.flags & (FLAG.SYN | FLAG.ACK | FLAG.RST)) === FLAG.SYN;
    if (found && segment && opens && found.flow.isOver) {
      this.remove(found.flow);
      found = undefined;
    }
    if (!found && !opens) return undefined;
    const { flow, reply } = found ?? { flow: new Flow(tuple), reply: false };
    flow.saw(reply, segment, this.namespace.now());
    return { flow, reply };
  }

  /** A flow's first packet has passed all rules. False: there is no room for it. */
  confirm(flow: Flow): boolean {
    if (flow.confirmed) return true;
    if (this.flows.has(keyOf(flow.original)) || this.flows.has(keyOf(flow.reply))) return false;
    const { source } = flow.original;
    if ((this.senders.get(source) ?? 0) >= FLOWS_OF_ONE && !this.evict(source)) return false;
    if (this.size >= FLOWS_MAX && !this.evict()) return false;
    if (this.flows.size === 0) this.namespace.kernel.timers.set(this, this.namespace.now() + SWEEP);
    flow.confirmed = true;
    this.senders.set(source, (this.senders.get(source) ?? 0) + 1);
    this.flows.set(keyOf(flow.original), { flow, reply: false });
    this.flows.set(keyOf(flow.reply), { flow, reply: true });
    return true;
  }

  private remove(flow: Flow): void {
    if (!this.flows.delete(keyOf(flow.original))) return;
    const { source } = flow.original;
    const left = this.senders.get(source)! - 1;
    if (left === 0) this.senders.delete(source);
    else this.senders.set(source, left);
    this.flows.delete(keyOf(flow.reply));
  }

  /** One of the oldest goes, of `sender` or of all, that nobody has answered yet, or that is over. */
  private evict(sender?: Address): boolean {
    let [looks, steps] = [0, 0];
    for (const { flow, reply } of this.flows.values()) {
      if (++steps > EVICTION_STEPS) return false;
      if (reply || (sender !== undefined && flow.original.source !== sender)) continue;
      if (!flow.isAssured || flow.deadline <= this.namespace.now()) {
        this.remove(flow);
        return true;
      }
      if (++looks >= EVICTION_LOOKS) return false;
    }
    return false;
  }

  clear(): void {
    this.flows.clear();
    this.senders.clear();
    this.namespace.kernel.timers.cancel(this);
  }

  expire(now: number): void {
    for (const { flow, reply } of [...this.flows.values()]) if (!reply && flow.deadline <= now) this.remove(flow);
    if (this.flows.size > 0) this.namespace.kernel.timers.set(this, now + SWEEP);
  }
}
