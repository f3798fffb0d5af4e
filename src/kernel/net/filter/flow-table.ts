// The conversations of a namespace, found by packets of either direction, forgotten in time. Linux net/netfilter/nf_conntrack_core.c.
import { FLAG } from '../../../net/tcp/segment.js';
import { IPPROTO_TCP } from '../../abi/inet.js';
import type { NetNamespace } from '../../ns/net-namespace.js';
import type { Timed } from '../../task/timers.js';
import { segmentOf, type Packet } from '../packet.js';
import { Flow } from './flow.js';
import { keyOf, type Tuple, tupleOf } from './tuple.js';

/** net.netfilter.nf_conntrack_max. */
const FLOWS_MAX = 16_384;
/** Of the oldest, those that are looked at for one that may go. */
const EVICTION_LOOKS = 64;
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
    if (this.size >= FLOWS_MAX && !this.evict()) return false;
    if (this.flows.size === 0) this.namespace.kernel.timers.set(this, this.namespace.now() + SWEEP);
    flow.confirmed = true;
    this.flows.set(keyOf(flow.original), { flow, reply: false });
    this.flows.set(keyOf(flow.reply), { flow, reply: true });
    return true;
  }

  private remove(flow: Flow): void {
    this.flows.delete(keyOf(flow.original));
    this.flows.delete(keyOf(flow.reply));
  }

  /** One of the oldest goes that nobody has answered yet, or that is over. */
  private evict(): boolean {
    let looks = 0;
    for (const { flow } of this.flows.values()) {
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
    this.namespace.kernel.timers.cancel(this);
  }

  expire(now: number): void {
    for (const { flow, reply } of [...this.flows.values()]) if (!reply && flow.deadline <= now) this.remove(flow);
    if (this.flows.size > 0) this.namespace.kernel.timers.set(this, now + SWEEP);
  }
}
