// A rate of bytes, as time that lengths take. Linux net/sched/sch_generic.c psched_ratecfg_precompute; uapi/linux/pkt_sched.h tc_ratespec.

/** TC_LINKLAYER_ATM: cells of 53 bytes with 48 of data. */
export const LINKLAYER_ATM = 2;
export const LINKLAYER_ETHERNET = 1;

export interface RateOptions {
  /** Bytes a second. */
  bytes: number;
  /** Bytes that a packet has besides. */
  overhead?: number;
  /** Bytes that a packet takes at least. */
  least?: number;
  linkLayer?: number;
}

export class Rate {
  readonly bytes: number;
  readonly overhead: number;
  readonly least: number;
  readonly linkLayer: number;

  constructor({ bytes, overhead = 0, least = 0, linkLayer = LINKLAYER_ETHERNET }: RateOptions) {
    this.bytes = bytes;
    this.overhead = overhead;
    this.least = least;
    this.linkLayer = linkLayer;
  }

  /** Nanoseconds that `length` bytes take. */
  timeOf(length: number): number {
    const bytes = Math.max(length + this.overhead, this.least);
    const sent = this.linkLayer === LINKLAYER_ATM ? Math.ceil(bytes / 48) * 53 : bytes;
    return this.bytes === 0 ? sent : Math.floor((sent * 1e9) / this.bytes);
  }

  /** Bytes that `nanoseconds` are enough for. */
  lengthOf(nanoseconds: number): number {
    const sent = this.bytes === 0 ? nanoseconds : Math.floor((nanoseconds * this.bytes) / 1e9);
    const bytes = this.linkLayer === LINKLAYER_ATM ? Math.floor(sent / 53) * 48 : sent;
    return Math.max(0, (bytes < this.least ? 0 : bytes) - this.overhead);
  }
}
