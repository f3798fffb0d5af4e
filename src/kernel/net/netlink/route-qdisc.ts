// Queueing disciplines by netlink, as `tc` asks for them: RTM_NEWQDISC and its kin. man 7 rtnetlink, man 8 tc; Linux net/sched/sch_api.c.
import { EEXIST, EINVAL, ELOOP, ENODEV, ENOENT, EOPNOTSUPP } from '../../abi/errno.js';
import {
  NLM_F_CREATE,
  NLM_F_EXCL,
  NLM_F_REPLACE,
  RTM_NEWQDISC,
  TC_H_INGRESS,
  TC_H_ROOT,
  TCA_KIND,
  TCA_OPTIONS,
  TCA_STATS,
  TCA_STATS2,
  TCA_STATS_APP,
  TCA_STATS_BASIC,
  TCA_STATS_QUEUE,
} from '../../abi/rtnetlink.js';
import type { NetNamespace } from '../../ns/net-namespace.js';
import type { Interface } from '../interface.js';
import type { Qdisc } from '../queue/qdisc.js';
import { Attributes, Body, type Request } from './message.js';
import { QDISC_KINDS } from './qdisc-kinds.js';
import type { Answer, Refusal } from './route-requests.js';

/** struct tcmsg. */
export const FIXED_SIZE = 20;
const KIND_MAX = 15;

export const majorOf = (handle: number): number => (handle & 0xffff0000) >>> 0;
export const refusal = (error: number, message: string): Refusal => ({ error: -error, message });

// ---- what there is --------------------------------------------------------------------------------------------------------------

export function trafficMessage(of: Interface, handle: number, parent: number, information: number): Body {
  return new Body().u8(0, 0).u16(0).u32(of.index, handle, parent, information);
}

/** What has been sent, and what waits. */
export type Counted = Pick<Qdisc, 'statistics' | 'length' | 'backlog'>;

/** Statistics in both of their forms: struct gnet_stats_*, struct tc_stats. */
export function addStatistics(body: Body, { statistics, length, backlog }: Counted, more?: Uint8Array): void {
  const { bytes, packets, drops, requeues, overlimits } = statistics;
  const basic = new Body().u64(bytes).u32(packets, 0);
  const queue = new Body().u32(length, backlog, drops, requeues, overlimits);
  const nested = new Body().attribute(TCA_STATS_BASIC, basic.taken).attribute(TCA_STATS_QUEUE, queue.taken);
  if (more) nested.attribute(TCA_STATS_APP, more);
  body.attribute(TCA_STATS2, nested.taken);
  body.attribute(TCA_STATS, new Body().u64(bytes).u32(packets, drops, overlimits, 0, 0, length, backlog).taken);
}

/** References as `tc` shows them: the interface's, and its one queue's. */
const ROOT_REFERENCES = 2;

function qdiscMessage(of: Interface, qdisc: Qdisc): { type: number; body: Uint8Array } {
  const body = trafficMessage(of, qdisc.handle, qdisc.parent, qdisc.parent === TC_H_ROOT ? ROOT_REFERENCES : 1);
  body.attributeText(TCA_KIND, qdisc.kind);
  const options = QDISC_KINDS.get(qdisc.kind)?.options(qdisc);
  if (options) body.attribute(TCA_OPTIONS, options);
  addStatistics(body, qdisc);
  return { type: RTM_NEWQDISC, body: body.taken };
}

/** What an interface has that nobody has given another one. */
function noqueueMessage(of: Interface): { type: number; body: Uint8Array } {
  const body = trafficMessage(of, 0, TC_H_ROOT, ROOT_REFERENCES).attributeText(TCA_KIND, 'noqueue');
  return { type: RTM_NEWQDISC, body: body.taken };
}

export function getQdiscs({ interfaces }: NetNamespace): Answer {
  return [...interfaces.values()].flatMap((one) => {
    if (one.traffic.root) return one.traffic.all.map((qdisc) => qdiscMessage(one, qdisc));
    return one.up ? [noqueueMessage(one)] : [];
  });
}

// ---- what is asked for ----------------------------------------------------------------------------------------------------------

export interface Wanted {
  of: Interface;
  /** 0: none is said. */
  handle: number;
  /** The class: TC_H_ROOT, or one of another discipline; 0: none is said. */
  parent: number;
  kind?: string;
  options?: Uint8Array;
}

export function wanted(namespace: NetNamespace, request: Request): Wanted | number {
  if (request.body.length < FIXED_SIZE) return -EINVAL;
  const { view } = request;
  const of = namespace.interfaces.get(view.getInt32(4, true));
  if (!of) return -ENODEV;
  const attributes = Attributes.behind(request, FIXED_SIZE);
  const kind = attributes.text(TCA_KIND);
  if (kind !== undefined && kind.length > KIND_MAX) return -EINVAL;
  return {
    of,
    handle: view.getUint32(8, true),
    parent: view.getUint32(12, true),
    kind,
    options: attributes.bytes(TCA_OPTIONS),
  };
}

/** The discipline in a class; undefined: there is none, but there could be. */
function inClass({ of, parent }: Wanted, missing: string): { above?: Qdisc; there?: Qdisc } | Refusal {
  if (parent === TC_H_ROOT) return { there: of.traffic.root };
  const above = of.traffic.find(majorOf(parent));
  if (!above) return refusal(ENOENT, missing);
  if (!above.hasClass(parent)) return refusal(ENOENT, 'Specified class not found');
  return { above, there: above.childOf(parent) };
}

export function changeQdisc(namespace: NetNamespace, request: Request): Answer {
  const said = wanted(namespace, request);
  if (typeof said === 'number') return said;
  const { of, handle, parent, kind, options } = said;
  const creates = (request.flags & NLM_F_CREATE) !== 0;
  const replaces = (request.flags & NLM_F_REPLACE) !== 0;
  const exclusive = (request.flags & NLM_F_EXCL) !== 0;
  if (parent === TC_H_INGRESS) return refusal(EOPNOTSUPP, 'Ingress qdiscs are not supported');
  let there: Qdisc | undefined;
  let above: Qdisc | undefined;
  if (parent === 0) {
    if (handle === 0) return refusal(EINVAL, 'Handle cannot be zero');
    there = of.traffic.find(handle);
  } else {
    const found = inClass(said, 'Failed to find specified qdisc');
    if ('error' in found) return found;
    above = found.above;
    // the one that is there by default does not count
    there = found.there?.handle === 0 ? undefined : found.there;
    let makes = !there;
    if (handle !== 0 && there?.handle !== handle) {
      if (there && !replaces) return refusal(EEXIST, 'NLM_F_REPLACE needed to override');
      if ((handle & 0xffff) !== 0) return refusal(EINVAL, 'Invalid minor handle');
      const elsewhere = of.traffic.find(handle);
      if (elsewhere && exclusive) return refusal(EEXIST, 'Exclusivity flag on, cannot override');
      // one that hangs in one place stays there
      if (elsewhere) return refusal(ELOOP, 'Qdisc parent/child loop detected');
      makes = true;
    } else if (there && handle === 0 && kind !== undefined && kind !== there.kind) {
      // "a hole in the API": a change without any flag, to another kind, makes one. Linux net/sched/sch_api.c
      if (creates ? replaces || exclusive : !replaces && !exclusive) return create(said, above, true);
    }
    if (makes) return create(said, above, creates);
  }
  if (!there) return refusal(ENOENT, 'Specified qdisc not found');
  if (exclusive) return refusal(EEXIST, 'Exclusivity flag on, cannot modify');
  if (kind !== undefined && kind !== there.kind)
    return refusal(EINVAL, 'Invalid qdisc name: must match existing qdisc');
  return QDISC_KINDS.get(there.kind)!.change(of, there, options);
}

function create({ of, handle, parent, kind, options }: Wanted, above: Qdisc | undefined, may: boolean): Answer {
  if (!may) return refusal(ENOENT, 'Qdisc not found. To create specify NLM_F_CREATE flag');
  const maker = kind === undefined ? undefined : QDISC_KINDS.get(kind);
  if (!maker) return refusal(ENOENT, 'Specified qdisc kind is unknown');
  if (above && !of.traffic.hasRoomBelow(above)) return -ELOOP;
  if (above && kind === 'noqueue') return -EINVAL;
  const made = maker.make({ of, handle: handle || of.traffic.newHandle(), parent }, options);
  if (typeof made === 'number') return made;
  // a class with classes in it has no queue
  if (above && !above.graft(parent, made)) return -EINVAL;
  if (!above) of.traffic.setRoot(made);
  return 0;
}

export function removeQdisc(namespace: NetNamespace, request: Request): Answer {
  const said = wanted(namespace, request);
  if (typeof said === 'number') return said;
  const { of, handle, parent, kind } = said;
  if (parent === 0) {
    const message = 'Failed to find qdisc with specified handle';
    return of.traffic.find(handle) ? refusal(EINVAL, 'Classid cannot be zero') : refusal(ENOENT, message);
  }
  if (parent === TC_H_INGRESS) return refusal(ENOENT, 'Cannot find specified qdisc on specified device');
  const found = inClass(said, 'Failed to find qdisc with specified classid');
  if ('error' in found) return found;
  const { there, above } = found;
  if (handle !== 0 && (there?.handle ?? 0) !== handle) return refusal(EINVAL, 'Invalid handle');
  if (kind !== undefined && kind !== (there?.kind ?? 'noqueue')) return refusal(EINVAL, 'Invalid qdisc name');
  if (!there || there.handle === 0) return refusal(ENOENT, 'Cannot delete qdisc with handle of zero');
  if (above) above.graft(parent, undefined);
  else of.traffic.setRoot(undefined);
  return 0;
}
