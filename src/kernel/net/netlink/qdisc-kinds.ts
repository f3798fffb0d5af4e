// Kinds of queueing disciplines: how `tc` writes their options, and how they read. uapi/linux/pkt_sched.h; Linux net/sched/sch_fifo.c,
// sch_tbf.c, sch_htb.c, sch_prio.c, sch_generic.c.
import { EINVAL } from '../../abi/errno.js';
import {
  TCA_HTB_DIRECT_QLEN,
  TCA_HTB_INIT,
  TCA_TBF_BURST,
  TCA_TBF_PARMS,
  TCA_TBF_PBURST,
  TCA_TBF_PRATE64,
  TCA_TBF_RATE64,
} from '../../abi/rtnetlink.js';
import type { Interface } from '../interface.js';
import { Htb } from '../queue/htb.js';
import { BANDS, PfifoFast, Prio, PRIORITY_BANDS } from '../queue/prio.js';
import { Fifo, NoQueue, type Qdisc } from '../queue/qdisc.js';
import { Rate } from '../queue/rate.js';
import { Tbf, type TbfOptions } from '../queue/tbf.js';
import { Attributes, Body } from './message.js';
import type { Refusal } from './route-requests.js';

/** Where a discipline is made. */
export interface QdiscPlace {
  of: Interface;
  handle: number;
  parent: number;
}

export interface QdiscKind {
  /** A new one, or a negated errno. */
  make(place: QdiscPlace, options: Uint8Array | undefined): Qdisc | number;
  /** 0, or why not: nothing has changed then. */
  change(of: Interface, qdisc: Qdisc, options: Uint8Array | undefined): number | Refusal;
  /** TCA_OPTIONS; undefined: it has none. */
  options(qdisc: Qdisc): Uint8Array | undefined;
}

/** Nanoseconds of the unit in which times go over the wire: /proc/net/psched. */
export const TICK = 64;
const U32_MAX = 0xffffffff;
const RATE_SIZE = 12;
const ETHERNET_HEADER = 14;

// ---- pfifo, bfifo --------------------------------------------------------------------------------------------------------------

/** struct tc_fifo_qopt. Undefined: it is too short. */
function fifoLimit(of: Interface, kind: 'pfifo' | 'bfifo', options: Uint8Array | undefined): number | undefined {
  if (!options) return of.queueLength * (kind === 'bfifo' ? of.mtu + ETHERNET_HEADER : 1);
  if (options.length < 4) return undefined;
  return new DataView(options.buffer, options.byteOffset).getUint32(0, true);
}

const fifo = (kind: 'pfifo' | 'bfifo'): QdiscKind => ({
  make: ({ of, handle, parent }, options) => {
    const limit = fifoLimit(of, kind, options);
    return limit === undefined ? -EINVAL : new Fifo(handle, parent, kind, limit);
  },
  change: (of, qdisc, options) => {
    const limit = fifoLimit(of, kind, options);
    if (limit === undefined) return -EINVAL;
    (qdisc as Fifo).limit = limit;
    return 0;
  },
  options: (qdisc) => new Body().u32((qdisc as Fifo).limit).taken,
});

// ---- tbf -----------------------------------------------------------------------------------------------------------------------

/** struct tc_ratespec. */
export function readRate(view: DataView, at: number, bytes64: number | undefined): Rate {
  return new Rate({
    linkLayer: view.getUint8(at + 1) & 15,
    overhead: view.getUint16(at + 2, true),
    least: view.getUint16(at + 6, true),
    bytes: Math.max(view.getUint32(at + 8, true), bytes64 ?? 0),
  });
}
export function writeRate(body: Body, rate: Rate | undefined): void {
  if (!rate) {
    body.raw(new Uint8Array(RATE_SIZE));
    return;
  }
  body.u8(0, rate.linkLayer).u16(rate.overhead).u16(0).u16(rate.least).u32(Math.min(rate.bytes, U32_MAX));
}

/** struct tc_tbf_qopt: rate, peak rate, limit, buffer, mtu. */
const TBF_SIZE = 36;

function tbfOptions(bytes: Uint8Array | undefined): TbfOptions | number {
  const attributes = bytes && new Attributes(bytes);
  const fixed = attributes?.bytes(TCA_TBF_PARMS);
  if (!attributes || !fixed || fixed.length < TBF_SIZE) return -EINVAL;
  const view = new DataView(fixed.buffer, fixed.byteOffset);
  const rate = readRate(view, 0, attributes.u64(TCA_TBF_RATE64));
  let buffer = Math.min(view.getUint32(28, true) * TICK, U32_MAX);
  let longest = rate.lengthOf(buffer);
  const burst = attributes.u32(TCA_TBF_BURST);
  if (burst !== undefined) {
    longest = burst;
    buffer = rate.timeOf(burst);
  }
  let peak: Rate | undefined;
  let peakBuffer = Math.min(view.getUint32(32, true) * TICK, U32_MAX);
  if (view.getUint32(20, true) !== 0) {
    peak = readRate(view, 12, attributes.u64(TCA_TBF_PRATE64));
    // "peakrate is lower than or equals to rate"
    if (peak.bytes <= rate.bytes) return -EINVAL;
    const peakBurst = attributes.u32(TCA_TBF_PBURST);
    if (peakBurst !== undefined) peakBuffer = peak.timeOf(peakBurst);
    longest = Math.min(longest, peakBurst ?? peak.lengthOf(peakBuffer));
  }
  if (longest === 0) return -EINVAL;
  return { rate, buffer, longest: Math.min(longest, U32_MAX), limit: view.getUint32(24, true), peak, peakBuffer };
}

const tbf: QdiscKind = {
  make: ({ of, handle, parent }, bytes) => {
    const options = tbfOptions(bytes);
    return typeof options === 'number' ? options : new Tbf(handle, parent, options, of.namespace.now());
  },
  change: (of, qdisc, bytes) => {
    const options = tbfOptions(bytes);
    if (typeof options === 'number') return options;
    (qdisc as Tbf).change(options, of.namespace.now());
    return 0;
  },
  options: (qdisc) => {
    const { rate, peak, limit, buffer, peakBuffer } = (qdisc as Tbf).options;
    const fixed = new Body();
    writeRate(fixed, rate);
    writeRate(fixed, peak);
    fixed.u32(limit, Math.floor(buffer / TICK), Math.floor(peakBuffer / TICK));
    const body = new Body().attribute(TCA_TBF_PARMS, fixed.taken);
    if (rate.bytes > U32_MAX) body.attribute(TCA_TBF_RATE64, new Body().u64(rate.bytes).taken);
    if (peak && peak.bytes > U32_MAX) body.attribute(TCA_TBF_PRATE64, new Body().u64(peak.bytes).taken);
    return body.taken;
  },
};

// ---- htb -----------------------------------------------------------------------------------------------------------------------

/** struct tc_htb_glob: version, what rates are divided by for quanta, default class, debugging, packets past all classes. */
const HTB_SIZE = 20;
const HTB_VERSION = 3;
/** With a version behind it, as the kernel tells it. */
const HTB_VERSION_TOLD = 0x30011;

const htb: QdiscKind = {
  make: ({ of, handle, parent }, bytes) => {
    const attributes = bytes && new Attributes(bytes);
    const init = attributes?.bytes(TCA_HTB_INIT);
    if (!attributes || !init || init.length < HTB_SIZE) return -EINVAL;
    const view = new DataView(init.buffer, init.byteOffset);
    if (view.getUint32(0, true) !== HTB_VERSION) return -EINVAL;
    const directLimit = attributes.u32(TCA_HTB_DIRECT_QLEN) ?? Math.max(2, of.queueLength);
    const [quantumDivisor, defaultClass] = [Math.max(1, view.getUint32(4, true)), view.getUint32(8, true) & 0xffff];
    return new Htb(handle, parent, { quantumDivisor, defaultClass, directLimit });
  },
  change: () => ({ error: -EINVAL, message: 'Change operation not supported by specified qdisc' }),
  options: (qdisc) => {
    const { options, directPackets } = qdisc as Htb;
    const init = new Body().u32(HTB_VERSION_TOLD, options.quantumDivisor, options.defaultClass, 0, directPackets);
    return new Body().attribute(TCA_HTB_INIT, init.taken).attribute32(TCA_HTB_DIRECT_QLEN, options.directLimit).taken;
  },
};

// ---- prio, pfifo_fast ----------------------------------------------------------------------------------------------------------

/** struct tc_prio_qopt: the number of bands, and which one each priority has. */
const PRIO_SIZE = 4 + PRIORITY_BANDS;

function prioOptions(bytes: Uint8Array | undefined): { bands: number; priomap: readonly number[] } | undefined {
  if (!bytes || bytes.length < PRIO_SIZE) return undefined;
  const bands = new DataView(bytes.buffer, bytes.byteOffset).getInt32(0, true);
  const priomap = [...bytes.subarray(4, PRIO_SIZE)];
  if (bands < BANDS.least || bands > BANDS.most || priomap.some((band) => band >= bands)) return undefined;
  return { bands, priomap };
}
const tellPrio = (bands: number, priomap: readonly number[]): Uint8Array => new Body().u32(bands).u8(...priomap).taken;

const prio: QdiscKind = {
  make: ({ of, handle, parent }, bytes) => {
    const options = prioOptions(bytes);
    return options ? new Prio(handle, parent, options.bands, options.priomap, Math.max(1, of.queueLength)) : -EINVAL;
  },
  change: (_of, qdisc, bytes) => {
    const options = prioOptions(bytes);
    if (!options) return -EINVAL;
    (qdisc as Prio).change(options.bands, options.priomap);
    return 0;
  },
  options: (qdisc) => tellPrio((qdisc as Prio).count, (qdisc as Prio).priomap),
};

const pfifoFast: QdiscKind = {
  make: ({ of, handle, parent }) => new PfifoFast(handle, parent, Math.max(1, of.queueLength)),
  change: () => ({ error: -EINVAL, message: 'Change operation not supported by specified qdisc' }),
  options: (qdisc) => tellPrio((qdisc as PfifoFast).count, (qdisc as PfifoFast).priomap),
};

const noqueue: QdiscKind = {
  make: ({ handle, parent }) => new NoQueue(handle, parent),
  change: () => -EINVAL,
  options: () => undefined,
};

export const QDISC_KINDS: ReadonlyMap<string, QdiscKind> = new Map([
  ['pfifo', fifo('pfifo')],
  ['bfifo', fifo('bfifo')],
  ['tbf', tbf],
  ['htb', htb],
  ['prio', prio],
  ['pfifo_fast', pfifoFast],
  ['noqueue', noqueue],
]);
