// Kinds of filters: how `tc` writes their options, and how they read. uapi/linux/pkt_cls.h; Linux net/sched/cls_matchall.c, cls_fw.c,
// cls_u32.c. There are no actions (police, drop): they are refused as by a kernel that has no module of them.
import { EBUSY, EEXIST, EINVAL, ENODEV, ENOMEM, ENOSPC } from '../../abi/errno.js';
import {
  TCA_FW_ACT,
  TCA_FW_CLASSID,
  TCA_FW_INDEV,
  TCA_FW_MASK,
  TCA_FW_POLICE,
  TCA_MATCHALL_ACT,
  TCA_MATCHALL_CLASSID,
  TCA_MATCHALL_FLAGS,
  TCA_MATCHALL_PCNT,
  TCA_U32_ACT,
  TCA_U32_CLASSID,
  TCA_U32_DIVISOR,
  TCA_U32_FLAGS,
  TCA_U32_HASH,
  TCA_U32_INDEV,
  TCA_U32_LINK,
  TCA_U32_MARK,
  TCA_U32_PCNT,
  TCA_U32_POLICE,
  TCA_U32_SEL,
} from '../../abi/rtnetlink.js';
import type { Classifier, Filter, FilterBlock } from '../queue/filter.js';
import { Fw, type FwFilter } from '../queue/fw.js';
import { Matchall, type MatchallFilter } from '../queue/matchall.js';
import { U32 } from '../queue/u32.js';
import {
  BUCKET_NODE,
  bucketOf,
  nodeOf,
  tableOf,
  U32_ROOT,
  type U32Mark,
  type U32Node,
  type U32Selector,
  U32Table,
  U32Tables,
} from '../queue/u32-table.js';
import { badFlags, flagsOf, noActions } from './filter-options.js';
import { flower } from './flower-kind.js';
import { type Attributes, Body } from './message.js';
import { refusal } from './route-qdisc.js';
import type { Refusal } from './route-requests.js';

export interface FilterKind {
  make(block: FilterBlock, priority: number, protocol: number): Classifier;
  /** Makes a filter, or changes `there`: 0, or why not. */
  change(of: Classifier, there: Filter | undefined, handle: number, options: Attributes | undefined): number | Refusal;
  /** May it go? */
  removable(of: Classifier, filter: Filter): number | Refusal;
  /** TCA_OPTIONS; undefined: it has none. */
  options(of: Classifier, filter: Filter): Uint8Array | undefined;
}

const U32_MAX = 0xffffffff;
// ---- matchall ------------------------------------------------------------------------------------------------------------------

const matchall: FilterKind = {
  make: (_block, priority, protocol) => new Matchall(priority, protocol),
  change: (of, _there, handle, options) => {
    const classifier = of as Matchall;
    if (!options) return -EINVAL;
    if (classifier.filter) return -EEXIST;
    const flags = flagsOf(options.u32(TCA_MATCHALL_FLAGS));
    if (flags === undefined) return -EINVAL;
    if (options.bytes(TCA_MATCHALL_ACT)) return noActions();
    classifier.filter = { handle: handle || 1, classid: options.u32(TCA_MATCHALL_CLASSID) ?? 0, flags, hits: 0 };
    return 0;
  },
  removable: () => 0,
  options: (_of, filter) => {
    const { classid, flags, hits } = filter as MatchallFilter;
    const body = new Body();
    if (classid !== 0) body.attribute32(TCA_MATCHALL_CLASSID, classid);
    return body.attribute32(TCA_MATCHALL_FLAGS, flags).attribute(TCA_MATCHALL_PCNT, new Body().u64(hits).taken).taken;
  },
};

// ---- fw ------------------------------------------------------------------------------------------------------------------------

const fw: FilterKind = {
  make: (_block, priority, protocol) => new Fw(priority, protocol),
  change: (of, there, handle, options) => {
    const classifier = of as Fw;
    // without options the mark is the class
    if (!options) return handle === 0 ? 0 : -EINVAL;
    if (!there && handle === 0) return -EINVAL;
    if (options.bytes(TCA_FW_ACT) || options.bytes(TCA_FW_POLICE)) return noActions();
    if (options.bytes(TCA_FW_INDEV)) return -ENODEV;
    const mask = options.u32(TCA_FW_MASK);
    if (classifier.mask !== undefined && (mask ?? U32_MAX) !== classifier.mask) return -EINVAL;
    classifier.mask ??= mask ?? U32_MAX;
    const classid = options.u32(TCA_FW_CLASSID);
    if (there) (there as FwFilter).classid = classid ?? (there as FwFilter).classid;
    else classifier.add({ handle, classid: classid ?? 0 });
    return 0;
  },
  removable: () => 0,
  options: (of, filter) => {
    const { classid } = filter as FwFilter;
    const { mask } = of as Fw;
    if (classid === 0) return undefined;
    const body = new Body().attribute32(TCA_FW_CLASSID, classid);
    return (mask === U32_MAX ? body : body.attribute32(TCA_FW_MASK, mask ?? U32_MAX)).taken;
  },
};

// ---- u32 -----------------------------------------------------------------------------------------------------------------------

/** struct tc_u32_sel, and one of its keys. */
const SELECTOR_SIZE = 16;
const KEY_SIZE = 16;
const BUCKETS_MAX = 256;

function readSelector(given: Uint8Array): U32Selector | undefined {
  if (given.length < SELECTOR_SIZE) return undefined;
  const count = given[2]!;
  if (given.length < SELECTOR_SIZE + count * KEY_SIZE) return undefined;
  const bytes = given.slice(0, SELECTOR_SIZE + count * KEY_SIZE);
  const view = new DataView(bytes.buffer);
  const keys = Array.from({ length: count }, (_, i) => {
    const at = SELECTOR_SIZE + i * KEY_SIZE;
    return {
      ...{ mask: view.getUint32(at), value: view.getUint32(at + 4), at: view.getInt32(at + 8, true) },
      variable: view.getInt32(at + 12, true),
    };
  });
  return {
    ...{ flags: bytes[0]!, offsetShift: bytes[1]!, offsetMask: view.getUint16(4), offset: view.getUint16(6, true) },
    ...{ offsetAt: view.getInt16(8, true), hashAt: view.getInt16(10, true), hashMask: view.getUint32(12), keys, bytes },
  };
}

/** struct tc_u32_mark. */
function readMark(given: Uint8Array | undefined): U32Mark | undefined {
  if (!given || given.length < 8) return undefined;
  const view = new DataView(given.buffer, given.byteOffset);
  return { value: view.getUint32(0, true), mask: view.getUint32(4, true), hits: 0 };
}

/** The table that a node is to link to; undefined: none. */
function linkOf(tables: U32Tables, options: Attributes): U32Table | undefined | Refusal {
  const handle = options.u32(TCA_U32_LINK) ?? 0;
  if (handle === 0) return undefined;
  if ((handle & BUCKET_NODE) !== 0) return refusal(EINVAL, 'cls_u32: u32 Link handle must be a hash table');
  const table = tables.find(handle);
  if (!table) return refusal(EINVAL, 'cls_u32: Link hash table not found');
  return table.isRoot ? refusal(EINVAL, 'cls_u32: Not linking to root node') : table;
}

function addTable(classifier: U32, handle: number, divisor: number): number | Refusal {
  const { tables } = classifier;
  if (divisor === 0 || (divisor & (divisor - 1)) !== 0) return refusal(EINVAL, 'cls_u32: Divisor is not a power of 2');
  if (divisor > BUCKETS_MAX) return refusal(EINVAL, 'cls_u32: Exceeded maximum 256 hash buckets');
  if ((handle & BUCKET_NODE) !== 0) return refusal(EINVAL, 'cls_u32: Divisor can only be used on a hash table');
  if (tables.full) return -ENOMEM;
  if (handle !== 0 && tables.find(handle)) return -ENOSPC;
  tables.add(new U32Table(handle || tables.newHandle(), divisor, classifier, false));
  return 0;
}

/** The table and bucket that TCA_U32_HASH names. */
function placeOf({ root, tables }: U32, options: Attributes): { table: U32Table; place: number } | Refusal {
  const asked = options.u32(TCA_U32_HASH);
  if (asked === undefined || tableOf(asked) === U32_ROOT) return { table: root, place: root.handle };
  const table = tables.find(asked);
  if (!table) return refusal(EINVAL, 'cls_u32: Specified hash table not found');
  if (bucketOf(asked) >= table.divisor)
    return refusal(EINVAL, 'cls_u32: Specified hash table buckets exceed configured value');
  return { table, place: asked };
}

function addNode(classifier: U32, handle: number, options: Attributes, flags: number): number | Refusal {
  const at = placeOf(classifier, options);
  if ('error' in at) return at;
  const { table } = at;
  const place = (at.place & ~0xfff) >>> 0;
  if (tableOf(handle) !== 0 && tableOf(handle) !== tableOf(place))
    return refusal(EINVAL, 'cls_u32: Handle specified hash table address mismatch');
  const full = handle === 0 ? table.newNode(place) : (place | nodeOf(handle)) >>> 0;
  if (table.find(full)) return -ENOSPC;
  const given = options.bytes(TCA_U32_SEL);
  if (!given) return refusal(EINVAL, 'cls_u32: Selector not specified');
  const selector = readSelector(given);
  if (!selector) return -EINVAL;
  const link = linkOf(classifier.tables, options);
  if (link && 'error' in link) return link;
  if (link) link.links++;
  const counts = { looked: 0, hits: 0, keyHits: selector.keys.map(() => 0) };
  const mark = readMark(options.bytes(TCA_U32_MARK));
  table.put({
    ...{ handle: full, table, selector, classid: options.u32(TCA_U32_CLASSID) ?? 0, link, mark, flags },
    ...counts,
  });
  return 0;
}

/** What a node looks for stays; where it leads changes. */
function changeNode({ tables }: U32, node: U32Node, options: Attributes, flags: number): number | Refusal {
  if (node.flags !== flags) return refusal(EINVAL, 'cls_u32: Key node flags do not match passed flags');
  if (options.bytes(TCA_U32_LINK)) {
    const link = linkOf(tables, options);
    if (link && 'error' in link) return link;
    if (link) link.links++;
    if (node.link) node.link.links--;
    node.link = link;
  }
  node.classid = options.u32(TCA_U32_CLASSID) ?? node.classid;
  return 0;
}

const u32: FilterKind = {
  make: (block, priority, protocol) => {
    block.tables ??= new U32Tables();
    return new U32(priority, protocol, block.tables);
  },
  change: (of, there, handle, options) => {
    const classifier = of as U32;
    if (!options) return handle === 0 ? 0 : refusal(EINVAL, 'cls_u32: Filter handle requires options');
    const flags = flagsOf(options.u32(TCA_U32_FLAGS));
    if (flags === undefined) return badFlags();
    if (there instanceof U32Table) return refusal(EINVAL, 'cls_u32: Key node id cannot be zero');
    if (options.bytes(TCA_U32_ACT) || options.bytes(TCA_U32_POLICE)) return noActions();
    if (options.bytes(TCA_U32_INDEV)) return -ENODEV;
    if (there) return changeNode(classifier, there as U32Node, options, flags);
    const divisor = options.u32(TCA_U32_DIVISOR);
    if (divisor !== undefined) return addTable(classifier, handle, divisor);
    return addNode(classifier, handle, options, flags);
  },
  removable: (_of, filter) => {
    if (!(filter instanceof U32Table)) return 0;
    if (filter.isRoot) return refusal(EINVAL, 'cls_u32: Not allowed to delete root node');
    return filter.links === 0 ? 0 : refusal(EBUSY, 'cls_u32: Can not delete in-use filter');
  },
  options: (_of, filter) => {
    if (filter instanceof U32Table) return new Body().attribute32(TCA_U32_DIVISOR, filter.divisor).taken;
    const { handle, selector, classid, link, flags, mark, looked, hits, keyHits } = filter as U32Node;
    const body = new Body().attribute(TCA_U32_SEL, selector.bytes);
    body.attribute32(TCA_U32_HASH, (handle & ~0xfff) >>> 0);
    if (classid !== 0) body.attribute32(TCA_U32_CLASSID, classid);
    if (link) body.attribute32(TCA_U32_LINK, link.handle);
    body.attribute32(TCA_U32_FLAGS, flags);
    if (mark) body.attribute(TCA_U32_MARK, new Body().u32(mark.value, mark.mask, mark.hits).taken);
    return body.attribute(TCA_U32_PCNT, new Body().u64(looked, hits, ...keyHits).taken).taken;
  },
};

export const FILTER_KINDS: ReadonlyMap<string, FilterKind> = new Map([
  ['matchall', matchall],
  ['fw', fw],
  ['u32', u32],
  ['flower', flower],
]);
