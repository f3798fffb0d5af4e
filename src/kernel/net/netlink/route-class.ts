// Classes of queueing disciplines by netlink: RTM_NEWTCLASS and its kin. man 8 tc; Linux net/sched/sch_api.c tc_ctl_tclass, sch_htb.c.
import { EBUSY, EEXIST, EINVAL, ENOENT, EOPNOTSUPP } from '../../abi/errno.js';
import {
  NLM_F_CREATE,
  NLM_F_EXCL,
  RTM_NEWTCLASS,
  TC_H_ROOT,
  TCA_HTB_CEIL64,
  TCA_HTB_PARMS,
  TCA_HTB_RATE64,
  TCA_KIND,
  TCA_OPTIONS,
  TCA_XSTATS,
} from '../../abi/rtnetlink.js';
import type { NetNamespace } from '../../ns/net-namespace.js';
import type { Interface } from '../interface.js';
import { Htb, type HtbClass, type HtbRates, PRIORITIES } from '../queue/htb.js';
import { Prio } from '../queue/prio.js';
import { Tbf } from '../queue/tbf.js';
import { Attributes, Body, type Request } from './message.js';
import { readRate, TICK, writeRate } from './qdisc-kinds.js';
import { addStatistics, FIXED_SIZE, majorOf, refusal, trafficMessage, type Wanted, wanted } from './route-qdisc.js';
import type { Answer, Refusal } from './route-requests.js';

/** struct tc_htb_opt: rate, ceiling, buffer, ceiling's buffer, quantum, level, priority. */
const HTB_SIZE = 44;
const U32_MAX = 0xffffffff;
/** Bytes in turn with others, when the request does not say. */
const QUANTUM = { least: 1000, most: 200_000 };

// ---- what there is --------------------------------------------------------------------------------------------------------------

export function getClasses({ interfaces }: NetNamespace, { body, view }: Request): Answer {
  if (body.length < FIXED_SIZE) return -EINVAL;
  const one = interfaces.get(view.getInt32(4, true));
  const parent = view.getUint32(12, true);
  const answer: { type: number; body: Uint8Array }[] = [];
  for (const qdisc of one?.traffic.all ?? []) {
    if (parent !== 0 && majorOf(parent) !== qdisc.handle) continue;
    if (qdisc instanceof Tbf) answer.push(tbfClass(one!, qdisc));
    if (qdisc instanceof Prio) answer.push(...prioClasses(one!, qdisc));
    if (qdisc instanceof Htb) for (const each of qdisc.classes.values()) answer.push(htbClass(one!, qdisc, each));
  }
  return answer;
}

function tbfClass(of: Interface, qdisc: Tbf): { type: number; body: Uint8Array } {
  const message = trafficMessage(of, qdisc.classid, qdisc.handle, qdisc.childOf().handle);
  return { type: RTM_NEWTCLASS, body: message.attributeText(TCA_KIND, qdisc.kind).taken };
}

function prioClasses(of: Interface, qdisc: Prio): { type: number; body: Uint8Array }[] {
  return qdisc.children.map((band, i) => {
    const body = trafficMessage(of, qdisc.handle + i + 1, qdisc.handle, band.handle);
    addStatistics(body.attributeText(TCA_KIND, qdisc.kind), band);
    return { type: RTM_NEWTCLASS, body: body.taken };
  });
}

function htbClass(of: Interface, qdisc: Htb, one: HtbClass): { type: number; body: Uint8Array } {
  const { rate, ceiling, buffer, ceilingBuffer, quantum, priority } = one.rates;
  const { queue } = one;
  const body = trafficMessage(of, one.classid, one.parent?.classid ?? TC_H_ROOT, queue?.handle ?? 0);
  body.attributeText(TCA_KIND, qdisc.kind);
  const fixed = new Body();
  writeRate(fixed, rate);
  writeRate(fixed, ceiling);
  const ticks = (time: number): number => Math.floor(time / TICK);
  fixed.u32(ticks(buffer), ticks(ceilingBuffer), quantum, one.level, priority);
  const options = new Body().attribute(TCA_HTB_PARMS, fixed.taken);
  if (rate.bytes > U32_MAX) options.attribute(TCA_HTB_RATE64, new Body().u64(rate.bytes).taken);
  if (ceiling.bytes > U32_MAX) options.attribute(TCA_HTB_CEIL64, new Body().u64(ceiling.bytes).taken);
  body.attribute(TCA_OPTIONS, options.taken);
  const { bytes, packets, drops, lent, borrowed, giants, tokens, ceilingTokens } = one;
  const more = new Body().u32(lent, borrowed, giants, ticks(tokens), ticks(ceilingTokens)).taken;
  const statistics = { bytes, packets, drops, requeues: 0, overlimits: 0 };
  addStatistics(body, { statistics, length: queue?.length ?? 0, backlog: queue?.backlog ?? 0 }, more);
  body.attribute(TCA_XSTATS, more);
  return { type: RTM_NEWTCLASS, body: body.taken };
}

// ---- what is asked for ----------------------------------------------------------------------------------------------------------

interface Place {
  qdisc: Htb;
  classid: number;
  /** 0: none is said. */
  parent: number;
  there?: HtbClass;
}

/** Which class of which discipline is meant; a number: one that can't be made, changed or removed. Linux tc_ctl_tclass. */
function place({ of, handle, parent }: Wanted, flags: number): Place | number {
  const [own, above] = [majorOf(handle), parent === TC_H_ROOT ? 0 : majorOf(parent)];
  if (own !== 0 && above !== 0 && own !== above) return -EINVAL;
  const major = own || above || of.traffic.root?.handle || 0;
  const qdisc = of.traffic.find(major);
  if (!qdisc) return -ENOENT;
  if (!(qdisc instanceof Htb || qdisc instanceof Prio)) return qdisc instanceof Tbf ? -ENOENT : -EINVAL;
  const classid = handle === 0 ? (parent === TC_H_ROOT ? major : 0) : (major | (handle & 0xffff)) >>> 0;
  if (qdisc instanceof Prio) {
    // there are as many as there are bands
    if (qdisc.hasClass(classid)) return (flags & NLM_F_EXCL) !== 0 ? -EEXIST : -EOPNOTSUPP;
    return (flags & NLM_F_CREATE) !== 0 ? -EOPNOTSUPP : -ENOENT;
  }
  const full = parent === TC_H_ROOT || parent === 0 ? parent : (major | (parent & 0xffff)) >>> 0;
  return { qdisc, classid, parent: full, there: qdisc.classes.get(classid) };
}

function ratesOf(bytes: Uint8Array | undefined, divisor: number): HtbRates | undefined {
  const attributes = bytes && new Attributes(bytes);
  const fixed = attributes?.bytes(TCA_HTB_PARMS);
  if (!attributes || !fixed || fixed.length < HTB_SIZE) return undefined;
  const view = new DataView(fixed.buffer, fixed.byteOffset);
  const rate = readRate(view, 0, attributes.u64(TCA_HTB_RATE64));
  const ceiling = readRate(view, 12, attributes.u64(TCA_HTB_CEIL64));
  if (rate.bytes === 0 || ceiling.bytes === 0) return undefined;
  const given = view.getUint32(32, true);
  const quantum = Math.min(QUANTUM.most, Math.max(QUANTUM.least, Math.floor(rate.bytes / divisor)));
  return {
    ...{ rate, ceiling, quantum: given || quantum },
    buffer: view.getUint32(24, true) * TICK,
    ceilingBuffer: view.getUint32(28, true) * TICK,
    priority: Math.min(view.getUint32(40, true), PRIORITIES - 1),
  };
}

export function changeClass(namespace: NetNamespace, request: Request): Answer {
  const said = wanted(namespace, request);
  if (typeof said === 'number') return said;
  const at = place(said, request.flags);
  if (typeof at === 'number') return at;
  const { qdisc, classid, parent, there } = at;
  if (!there && (request.flags & NLM_F_CREATE) === 0) return -ENOENT;
  if (there && (request.flags & NLM_F_EXCL) !== 0) return -EEXIST;
  const rates = ratesOf(said.options, qdisc.options.quantumDivisor);
  if (!rates) return -EINVAL;
  const now = namespace.now();
  if (there) {
    there.rates = rates;
    return 0;
  }
  if (classid === 0 || (classid & 0xffff) === 0) return -EINVAL;
  const added = qdisc.addClass(classid, qdisc.classes.get(parent), rates, Math.max(2, said.of.queueLength), now);
  return added ? 0 : refusal(EINVAL, 'tree is too deep');
}

export function removeClass(namespace: NetNamespace, request: Request): Answer {
  const said = wanted(namespace, request);
  if (typeof said === 'number') return said;
  const at = place(said, 0);
  if (typeof at === 'number') return at;
  const { qdisc, there } = at;
  if (!there) return -ENOENT;
  const busy: Refusal = refusal(EBUSY, 'HTB class in use');
  return qdisc.removeClass(there, Math.max(2, said.of.queueLength)) ? 0 : busy;
}
