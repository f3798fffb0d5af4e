// A conversation as the packet filter knows it: who began it, what its answers look like, how far it has come.
// Linux include/net/netfilter/nf_conntrack.h, net/netfilter/nf_conntrack_proto_tcp.c, _udp.c, _icmp.c.
// DEVIATION: TCP's windows are not followed (as with nf_conntrack_tcp_be_liberal), and a connection is only taken up by its first segment
// (as without nf_conntrack_tcp_loose).
import { FLAG, type Segment } from '../../../net/tcp/segment.js';
import { IPPROTO_ICMP, IPPROTO_ICMPV6, IPPROTO_TCP, IPPROTO_UDP } from '../../abi/inet.js';
import { inverse, type Tuple } from './tuple.js';

export type TcpPhase = 'syn-sent' | 'syn-received' | 'established' | 'fin-wait' | 'last-ack' | 'time-wait' | 'closed';

const SECONDS = 1e9;
/** Nanoseconds without a packet until it is forgotten: net.netfilter.nf_conntrack_tcp_timeout_*. */
const TCP_TIMEOUTS: Readonly<Record<TcpPhase, number>> = {
  'syn-sent': 120 * SECONDS,
  'syn-received': 60 * SECONDS,
  established: 432_000 * SECONDS,
  'fin-wait': 120 * SECONDS,
  'last-ack': 30 * SECONDS,
  'time-wait': 120 * SECONDS,
  closed: 10 * SECONDS,
};
const UDP_TIMEOUT = 30 * SECONDS;
const UDP_STREAM_TIMEOUT = 120 * SECONDS;
const ICMP_TIMEOUT = 30 * SECONDS;
const GENERIC_TIMEOUT = 600 * SECONDS;

export class Flow {
  /** As answers come, before they are translated back. */
  reply: Tuple;
  /** Both directions have been seen. */
  answered = false;
  /** Its destination, its source is another one than its sender wrote. */
  destinationChanged = false;
  sourceChanged = false;
  /** It is in the table. */
  confirmed = false;
  /** Nanoseconds: when it is forgotten. */
  deadline = 0;
  private phase?: TcpPhase;
  /** Directions that have ended their stream. */
  private ended = 0;

  constructor(readonly original: Tuple) {
    this.reply = inverse(original);
  }

  /** A connection that is open, or a stream of datagrams: others go first where there is no room. */
  get isAssured(): boolean {
    return this.answered && (this.phase === undefined || this.phase === 'established');
  }

  /** May the first segment of another connection have its place? */
  get isOver(): boolean {
    return this.phase === 'time-wait' || this.phase === 'closed';
  }

  /** A packet of it has passed. */
  saw(reply: boolean, segment: Segment | undefined, now: number): void {
    if (reply) this.answered = true;
    if (segment) this.follow(reply, segment);
    this.deadline = now + this.timeout;
  }

  private get timeout(): number {
    switch (this.original.protocol) {
      case IPPROTO_TCP:
        return TCP_TIMEOUTS[this.phase ?? 'closed'];
      case IPPROTO_UDP:
        return this.answered ? UDP_STREAM_TIMEOUT : UDP_TIMEOUT;
      case IPPROTO_ICMP:
      case IPPROTO_ICMPV6:
        return ICMP_TIMEOUT;
      default:
        return GENERIC_TIMEOUT;
    }
  }

  private follow(reply: boolean, { flags }: Segment): void {
    if ((flags & FLAG.RST) !== 0) this.phase = 'closed';
    else if ((flags & FLAG.SYN) !== 0) {
      if (!reply && this.phase === undefined) this.phase = 'syn-sent';
      else if (reply && this.phase === 'syn-sent') this.phase = 'syn-received';
    } else if ((flags & FLAG.FIN) !== 0 && this.phase !== 'closed') {
      this.ended |= reply ? 2 : 1;
      this.phase = this.ended === 3 ? 'last-ack' : 'fin-wait';
    } else if (!reply && this.phase === 'syn-received') this.phase = 'established';
    else if (this.phase === 'last-ack') this.phase = 'time-wait';
  }
}
