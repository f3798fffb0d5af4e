// Tables of u32's filters: keys in buckets, shared by all classifiers of a block. man 8 tc-u32, "HASH TABLES"; Linux net/sched/cls_u32.c.
import type { Filter } from './filter.js';

/** A handle is table, bucket, node: 12, 8 and 12 bits. */
const TABLE = 0xfff00000;
export const BUCKET_NODE = 0x000fffff;
const NODE = 0x00000fff;
export const tableOf = (handle: number): number => (handle & TABLE) >>> 0;
export const bucketOf = (handle: number): number => (handle >>> 12) & 0xff;
export const nodeOf = (handle: number): number => handle & NODE;
/** What stands for the classifier's own table. */
export const U32_ROOT = TABLE >>> 0;
/** Nodes that are numbered by the system. */
const FIRST_NODE = 0x800;
/** Tables that are: 800 to fff. */
const FIRST_TABLE = 0x80000000;
const SYSTEM_TABLES = { first: 1, count: 0x7ff };
/** Tables of a block. */
const TABLES_MAX = 64;

export interface U32Key {
  mask: number;
  value: number;
  /** Bytes from the header of the network on. */
  at: number;
  /** Which bits of the variable offset are added. */
  variable: number;
}

/** struct tc_u32_sel. */
export interface U32Selector {
  flags: number;
  /** The offset of what is behind this header: a part of 16 bits at `offsetAt`, and what is added to it. */
  offsetShift: number;
  offsetMask: number;
  offset: number;
  offsetAt: number;
  /** What chooses the bucket of the table that is linked. */
  hashAt: number;
  hashMask: number;
  keys: readonly U32Key[];
  /** As it was given. */
  bytes: Uint8Array;
}

export interface U32Mark {
  value: number;
  mask: number;
  hits: number;
}

export interface U32Node extends Filter {
  readonly table: U32Table;
  readonly selector: U32Selector;
  classid: number;
  link?: U32Table;
  readonly mark?: U32Mark;
  flags: number;
  looked: number;
  hits: number;
  readonly keyHits: number[];
}

export class U32Table implements Filter {
  /** Nodes that link to it. */
  links = 0;
  private readonly buckets = new Map<number, U32Node[]>();

  constructor(
    readonly handle: number,
    /** The number of buckets, a power of two. */
    readonly divisor: number,
    /** Whose table it is: a classifier's. */
    readonly owner: object,
    readonly isRoot: boolean,
  ) {}

  bucket(number: number): readonly U32Node[] {
    return this.buckets.get(number) ?? [];
  }
  /** By bucket and number. */
  get nodes(): U32Node[] {
    return [...this.buckets.keys()].sort((a, b) => a - b).flatMap((bucket) => this.buckets.get(bucket)!);
  }
  find(handle: number): U32Node | undefined {
    return this.bucket(bucketOf(handle)).find((one) => one.handle === handle);
  }
  put(node: U32Node): void {
    const bucket = this.bucket(bucketOf(node.handle)).filter((one) => one.handle !== node.handle);
    const at = bucket.findIndex((one) => nodeOf(one.handle) > nodeOf(node.handle));
    bucket.splice(at < 0 ? bucket.length : at, 0, node);
    this.buckets.set(bucketOf(node.handle), bucket);
  }
  drop(node: U32Node): void {
    const left = this.bucket(bucketOf(node.handle)).filter((one) => one !== node);
    if (left.length > 0) this.buckets.set(bucketOf(node.handle), left);
    else this.buckets.delete(bucketOf(node.handle));
    if (node.link) node.link.links--;
  }
  /** A number for a new node in the bucket of `place`: above 800 first. */
  newNode(place: number): number {
    const taken = new Set(this.bucket(bucketOf(place)).map((one) => nodeOf(one.handle)));
    for (let i = 0; i < NODE; i++) {
      const node = i <= NODE - FIRST_NODE ? FIRST_NODE + i : i - (NODE - FIRST_NODE);
      if (!taken.has(node)) return (place | node) >>> 0;
    }
    return (place | NODE) >>> 0;
  }
}

export class U32Tables {
  /** The newest first. */
  all: U32Table[] = [];
  private newest = SYSTEM_TABLES.first - 1;

  get full(): boolean {
    return this.all.length >= TABLES_MAX;
  }
  find(handle: number): U32Table | undefined {
    return this.all.find((one) => one.handle === tableOf(handle));
  }
  newHandle(): number {
    // the first one has a number of its own
    if (this.all.length === 0) return FIRST_TABLE;
    do this.newest = (this.newest % SYSTEM_TABLES.count) + 1;
    while (this.find(((this.newest | FIRST_NODE) << 20) >>> 0));
    return ((this.newest | FIRST_NODE) << 20) >>> 0;
  }
  add(table: U32Table): void {
    this.all.unshift(table);
  }
  remove(table: U32Table): void {
    for (const node of table.nodes) table.drop(node);
    this.all = this.all.filter((one) => one !== table);
  }
  /** A classifier goes, with its tables. */
  forget(owner: object): void {
    for (const table of this.all) if (table.owner === owner) this.remove(table);
  }
}
