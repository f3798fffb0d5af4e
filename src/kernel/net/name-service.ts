// A name server of containers: the names of their networks, all other questions to the outer name servers.
// RFC 1035 section 4.2.1 (messages over UDP); RFC 5452 section 9 (what makes an answer hard to forge).
import type { Address } from '../../net/address.js';
import { put16, u16 } from '../../net/big-endian.js';
import { answerName, answerQuery, DNS_PORT, isAnswer, type Question, readQuery, TYPE_PTR } from '../../net/dns.js';
import type { Datagram } from '../../net/udp.js';
import { IPPROTO_UDP } from '../abi/inet.js';
import type { NetNamespace } from '../ns/net-namespace.js';
import type { Timed } from '../task/timers.js';
import { TTL_DEFAULT } from './inet/ip-options.js';
import type { DatagramService } from './inet/udp-table.js';
import { type NameTable, reversed } from './name-table.js';
import type { Packet } from './packet.js';

/** Questions that wait for an outer server. */
const WAITING_MAX = 256;
/** Nanoseconds until the next outer server is asked, and after the last one nobody. */
const PATIENCE = 3e9;

/** A question that an outer server has been asked. */
export class Waiting implements DatagramService, Timed {
  /** Which of the outer servers. */
  server = 0;

  constructor(
    private readonly service: NameService,
    readonly query: Uint8Array,
    readonly question: Question,
    /** Who asks. */
    readonly client: Address,
    readonly clientPort: number,
    readonly source: Address,
    readonly port: number,
    /** The number of the question on its way out. */
    readonly number: number,
  ) {}

  arrived(packet: Packet, datagram: Datagram): void {
    this.service.answered(this, packet, datagram);
  }
  expire(): void {
    this.service.unanswered(this);
  }
}

export class NameService implements DatagramService {
  /** Names that stand for others, in small letters. */
  readonly aliases = new Map<string, string>();
  private readonly waiting = new Set<Waiting>();

  constructor(
    private readonly namespace: NetNamespace,
    readonly address: Address,
    /** Outer name servers, asked one after the other. */
    public outer: readonly Address[],
    /** Whose names it knows. */
    readonly tables: NameTable[],
  ) {
    namespace.udp.serve(address, DNS_PORT, this);
  }

  close(): void {
    this.namespace.udp.serve(this.address, DNS_PORT, undefined);
    for (const one of this.waiting) this.forget(one);
  }

  // ---- questions ------------------------------------------------------------------------------------------------------------------

  arrived({ source }: Packet, { sourcePort, data }: Datagram): void {
    const question = readQuery(data);
    if (!question) return;
    if (question instanceof Uint8Array) {
      this.send(this.address, DNS_PORT, source, sourcePort, question);
      return;
    }
    const answer = this.known(data, question);
    if (answer) this.send(this.address, DNS_PORT, source, sourcePort, answer);
    else this.forward(source, sourcePort, data.slice(), question);
  }

  /** The answer from the tables, if they have one. */
  private known(query: Uint8Array, question: Question): Uint8Array | undefined {
    const asked = this.aliases.get(question.name.toLowerCase()) ?? question.name;
    const about = question.type === TYPE_PTR ? reversed(question.name) : undefined;
    for (const table of this.tables) {
      const name = about === undefined ? undefined : table.nameOf(about);
      if (name !== undefined) return answerName(query, question, name);
      const addresses = table.lookup(asked);
      if (addresses.length > 0) return answerQuery(query, question, addresses);
    }
    return undefined;
  }

  private forward(client: Address, clientPort: number, query: Uint8Array, question: Question): void {
    const { namespace } = this;
    const [server] = this.outer;
    const way = server === undefined ? -1 : namespace.internet.way(server, 0);
    const port = typeof way === 'number' ? 0 : namespace.udp.freePort(way.source);
    if (typeof way === 'number' || port === 0 || this.waiting.size >= WAITING_MAX) {
      this.send(this.address, DNS_PORT, client, clientPort, answerQuery(query, question, undefined));
      return;
    }
    const number = namespace.random() & 0xffff;
    const one = new Waiting(this, query, question, client, clientPort, way.source, port, number);
    this.waiting.add(one);
    namespace.udp.serve(way.source, port, one);
    this.ask(one);
  }

  private ask(one: Waiting): void {
    const { namespace } = this;
    const query = one.query.slice();
    put16(query, 0, one.number);
    namespace.kernel.timers.set(one, namespace.now() + PATIENCE);
    this.send(one.source, one.port, this.outer[one.server]!, DNS_PORT, query);
  }

  /** A datagram has come to where an answer is waited for. */
  answered(one: Waiting, { source }: Packet, { sourcePort, data }: Datagram): void {
    if (source !== this.outer[one.server] || sourcePort !== DNS_PORT || data.length < 12) return;
    if (u16(data, 0) !== one.number || !isAnswer(data, one.query, one.question)) return;
    const reply = data.slice();
    put16(reply, 0, u16(one.query, 0));
    this.forget(one);
    this.send(this.address, DNS_PORT, one.client, one.clientPort, reply);
  }

  /** Nobody has answered in time. */
  unanswered(one: Waiting): void {
    one.server++;
    if (one.server < this.outer.length) {
      this.ask(one);
      return;
    }
    this.forget(one);
    const { client, clientPort, query, question } = one;
    this.send(this.address, DNS_PORT, client, clientPort, answerQuery(query, question, undefined));
  }

  private forget(one: Waiting): void {
    this.waiting.delete(one);
    this.namespace.kernel.timers.cancel(one);
    this.namespace.udp.serve(one.source, one.port, undefined);
  }

  private send(
    source: Address,
    sourcePort: number,
    destination: Address,
    destinationPort: number,
    data: Uint8Array,
  ): void {
    this.namespace.internet.sendTo({
      ...{ source, destination, protocol: IPPROTO_UDP, timeToLive: TTL_DEFAULT, service: 0, interface: 0 },
      datagram: { sourcePort, destinationPort, data },
    });
  }
}
