// Filters of classful disciplines by netlink: RTM_NEWTFILTER and its kin. man 8 tc; Linux net/sched/cls_api.c.
import { EEXIST, EINVAL, ENOENT, ENOMEM, EOPNOTSUPP } from '../../abi/errno.js';
import { NLM_F_CREATE, NLM_F_EXCL, RTM_NEWTFILTER, TCA_CHAIN, TCA_KIND, TCA_OPTIONS } from '../../abi/rtnetlink.js';
import type { NetNamespace } from '../../ns/net-namespace.js';
import type { Interface } from '../interface.js';
import type { Classifier, Filter, FilterBlock } from '../queue/filter.js';
import { FILTER_KINDS, type FilterKind } from './filter-kinds.js';
import { Attributes, type Request } from './message.js';
import { FIXED_SIZE, majorOf, refusal, trafficMessage, wanted } from './route-qdisc.js';
import type { Answer, Refusal } from './route-requests.js';
import { Tbf } from '../queue/tbf.js';

/** Priorities that are nobody's wish begin here, and go down. */
const FIRST_PRIORITY = 0xc000;
const AUTOMATIC = 0x8000;
const CHAIN_MAX = 0x0fffffff;

const NO_SUCH = 'Filter with specified priority/protocol not found';
const OTHER_KIND = 'Specified filter kind does not match existing one';

interface Place {
  of: Interface;
  /** The discipline or the class. */
  parent: number;
  block: FilterBlock;
  chain: number;
  /** 0: none is said. */
  priority: number;
  protocol: number;
  handle: number;
  kind?: string;
  options?: Attributes;
}

/** Big-endian, as protocols are everywhere in it. */
const swapped = (value: number): number => ((value & 0xff) << 8) | ((value >> 8) & 0xff);

/** The filters of a discipline, or of a class of it. */
function blockAt({ traffic }: Interface, parent: number): { block: FilterBlock; parent: number } | Refusal {
  const qdisc = parent === 0 ? traffic.root : traffic.find(majorOf(parent));
  if (!qdisc && parent !== 0) return refusal(EINVAL, "Parent Qdisc doesn't exists");
  if (qdisc instanceof Tbf) return refusal(EOPNOTSUPP, "Class doesn't support blocks");
  if (!qdisc?.filters) return refusal(EINVAL, 'Qdisc not classful');
  if ((parent & 0xffff) === 0) return { block: qdisc.filters, parent: qdisc.handle };
  if (!qdisc.hasClass(parent)) return refusal(ENOENT, "Specified class doesn't exist");
  const block = qdisc.filtersOf(parent);
  return block ? { block, parent } : { error: -EINVAL };
}

function placeOf(namespace: NetNamespace, request: Request): Place | number | Refusal {
  const said = wanted(namespace, request);
  if (typeof said === 'number') return said;
  const at = blockAt(said.of, said.parent);
  if ('error' in at) return at;
  const information = request.view.getUint32(16, true);
  const chain = Attributes.behind(request, FIXED_SIZE).u32(TCA_CHAIN) ?? 0;
  if (chain > CHAIN_MAX) return refusal(EINVAL, 'Specified chain index exceeds upper limit');
  return {
    ...{ of: said.of, ...at, chain, handle: said.handle, kind: said.kind },
    ...{ priority: information >>> 16, protocol: swapped(information) },
    options: said.options && new Attributes(said.options),
  };
}

// ---- what there is --------------------------------------------------------------------------------------------------------------

interface Shown {
  of: Interface;
  parent: number;
  chain: number;
}

function message({ of, parent, chain }: Shown, one: Classifier, kind: FilterKind, filter?: Filter): Uint8Array {
  const information = ((one.priority << 16) | swapped(one.protocol)) >>> 0;
  const body = trafficMessage(of, filter?.handle ?? 0, parent, information).attributeText(TCA_KIND, one.kind);
  body.attribute32(TCA_CHAIN, chain);
  const options = filter && kind.options(one, filter);
  return (options ? body.attribute(TCA_OPTIONS, options) : body).taken;
}

export function getFilters(namespace: NetNamespace, request: Request): Answer {
  if (request.body.length < FIXED_SIZE) return -EINVAL;
  const { view } = request;
  const of = namespace.interfaces.get(view.getInt32(4, true));
  const at = of && blockAt(of, view.getUint32(12, true));
  if (!at || 'error' in at) return [];
  const information = view.getUint32(16, true);
  const [priority, protocol] = [information >>> 16, swapped(information)];
  const asked = Attributes.behind(request, FIXED_SIZE).u32(TCA_CHAIN);
  const answer: { type: number; body: Uint8Array }[] = [];
  for (const [chain, all] of at.block.chains) {
    if (asked !== undefined && asked !== chain) continue;
    for (const one of all) {
      if ((priority !== 0 && priority !== one.priority) || (protocol !== 0 && protocol !== one.protocol)) continue;
      const kind = FILTER_KINDS.get(one.kind)!;
      for (const filter of [undefined, ...one.filters])
        answer.push({ type: RTM_NEWTFILTER, body: message({ of, parent: at.parent, chain }, one, kind, filter) });
    }
  }
  return answer;
}

export function getFilter(namespace: NetNamespace, request: Request): Answer {
  const at = placeOf(namespace, request);
  if (typeof at === 'number' || 'error' in at) return at;
  if (at.priority === 0) return refusal(ENOENT, 'Invalid filter command with priority of zero');
  const one = existing(at);
  if ('error' in one) return one;
  const filter = one.find(at.handle);
  if (!filter) return refusal(ENOENT, 'Specified filter handle not found');
  return [{ type: RTM_NEWTFILTER, body: message(at, one, FILTER_KINDS.get(one.kind)!, filter) }];
}

// ---- what is asked for ----------------------------------------------------------------------------------------------------------

/** The filters of a priority: undefined when there are none, -EINVAL when they are of another protocol. */
function ofPriority({ block, chain, priority, protocol }: Place): Classifier | undefined | number {
  const one = block.chains.get(chain)?.find((each) => each.priority === priority);
  return one && protocol !== 0 && one.protocol !== protocol ? -EINVAL : one;
}

/** Those that must be there. */
function existing(at: Place): Classifier | Refusal {
  if (!at.block.chains.has(at.chain)) return refusal(ENOENT, 'Cannot find specified filter chain');
  const one = ofPriority(at);
  if (one === undefined || typeof one === 'number') return refusal(one === undefined ? ENOENT : -one, NO_SUCH);
  return at.kind !== undefined && at.kind !== one.kind ? refusal(EINVAL, OTHER_KIND) : one;
}

export function changeFilter(namespace: NetNamespace, request: Request): Answer {
  const creates = (request.flags & NLM_F_CREATE) !== 0;
  if (request.body.length >= FIXED_SIZE && !creates && request.view.getUint32(16, true) >>> 16 === 0)
    return refusal(ENOENT, 'Invalid filter command with priority of zero');
  const at = placeOf(namespace, request);
  if (typeof at === 'number' || 'error' in at) return at;
  const { block, chain } = at;
  if (at.priority === 0) at.priority = freePriority(at);
  const there = ofPriority(at);
  if (typeof there === 'number') return refusal(-there, NO_SUCH);
  const one = there ?? create(at, creates);
  if ('error' in one) return one;
  const failed = changeOne(at, one, request.flags);
  if (failed !== 0 && !there) block.remove(chain, one);
  return failed;
}

/** One below the first of those that the system has chosen. Linux tcf_auto_prio. */
function freePriority({ block, chain }: Place): number {
  const next = block.chains.get(chain)?.find(({ priority }) => priority >= AUTOMATIC);
  return next ? next.priority - 1 : FIRST_PRIORITY;
}

function create({ block, chain, kind, priority, protocol }: Place, may: boolean): Classifier | Refusal {
  if (kind === undefined || protocol === 0) return refusal(EINVAL, 'Filter kind and protocol must be specified');
  if (!may) return refusal(ENOENT, 'Need both RTM_NEWTFILTER and NLM_F_CREATE to create a new filter');
  const maker = FILTER_KINDS.get(kind);
  if (!maker) return refusal(ENOENT, 'TC classifier not found');
  if (block.full || block.tables?.full) return { error: -ENOMEM };
  const made = maker.make(block, priority, protocol);
  block.add(chain, made);
  return made;
}

function changeOne({ block, kind, handle, options }: Place, one: Classifier, flags: number): number | Refusal {
  if (kind !== undefined && kind !== one.kind) return refusal(EINVAL, OTHER_KIND);
  const filter = one.find(handle);
  if (!filter && (flags & NLM_F_CREATE) === 0)
    return refusal(ENOENT, 'Need both RTM_NEWTFILTER and NLM_F_CREATE to create a new filter');
  if (filter && (flags & NLM_F_EXCL) !== 0) return refusal(EEXIST, 'Filter already exists');
  if (!filter && block.full) return -ENOMEM;
  return FILTER_KINDS.get(one.kind)!.change(one, filter, handle, options);
}

export function removeFilter(namespace: NetNamespace, request: Request): Answer {
  const at = placeOf(namespace, request);
  const unnamed = request.body.length >= FIXED_SIZE && request.view.getUint32(16, true) >>> 16 === 0;
  if (unnamed && namesMore(request)) return refusal(ENOENT, 'Cannot flush filters with protocol, handle or kind set');
  if (typeof at === 'number' || 'error' in at) return at;
  const { block, chain, handle } = at;
  if (at.priority === 0) {
    block.flush(chain);
    return 0;
  }
  const one = existing(at);
  if ('error' in one) return one;
  if (handle === 0) {
    block.remove(chain, one);
    return 0;
  }
  const filter = one.find(handle);
  if (!filter) return refusal(ENOENT, 'Specified filter handle not found');
  const failed = FILTER_KINDS.get(one.kind)!.removable(one, filter);
  if (failed !== 0) return failed;
  one.remove(filter);
  if (one.empty) block.remove(chain, one);
  return 0;
}

/** Does a request without a priority name a protocol, a handle or a kind? */
function namesMore(request: Request): boolean {
  const { view } = request;
  const kind = Attributes.behind(request, FIXED_SIZE).bytes(TCA_KIND);
  return (view.getUint32(16, true) & 0xffff) !== 0 || view.getUint32(8, true) !== 0 || kind !== undefined;
}
