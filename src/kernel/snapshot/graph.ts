// A graph of objects as plain data: each object once, by its number, with its class's name and its fields. Cycles are numbers that come again.
// Ours. Code is not written: a function or a class without a name is an error, which says where it hangs.
import type { Names } from './names.js';

export type Slot =
  | number
  | string
  | boolean
  | bigint
  | null
  | { is: 'undefined' }
  | { is: 'object'; id: number }
  /** Something of the host's, which the reader has another one of. */
  | { is: 'anchor'; name: string }
  | { is: 'constant'; name: string };

export type Node =
  | { kind: 'object' | 'array' | 'set'; frozen?: true; slots: Slot[]; keys?: string[] }
  | { kind: 'instance'; class: string; frozen?: true; keys: string[]; slots: Slot[] }
  | { kind: 'map'; slots: [Slot, Slot][] }
  | WeakMapNode
  | { kind: 'weak-ref'; slots: Slot[] }
  | { kind: 'buffer'; bytes: Uint8Array }
  /** A view of a buffer (`of`), or of the node's memory. */
  | { kind: 'view'; type: string; of: Slot; offset: number; length: number };

interface WeakMapNode {
  kind: 'weak-map';
  slots: [Slot, Slot][];
}

const VIEWS = {
  Uint8Array,
  Int8Array,
  Uint16Array,
  Int16Array,
  Uint32Array,
  Int32Array,
  Float64Array,
  BigUint64Array,
  BigInt64Array,
  DataView,
} as const;
/** Of what is told. */
const PROBLEMS_MAX = 20;

type ViewType = keyof typeof VIEWS;

/** What the graph ends at: objects of the host's, by name, and the memory whose bytes are written apart. */
export interface Anchors {
  memory: ArrayBufferLike;
  named: Readonly<Record<string, unknown>>;
}

/** Fields that are not written: the reader sets them, by class and name. */
export type Transient = Readonly<Record<string, readonly string[]>>;

export class GraphWriter {
  private readonly ids = new Map<object, number>();
  private readonly waiting: { object: object; path: string }[] = [];
  private readonly nodes: Node[] = [];
  private readonly weakMaps: { map: WeakMap<object, unknown>; node: WeakMapNode; seen: Set<object> }[] = [];
  private readonly problems: string[] = [];
  private readonly anchorNames = new Map<unknown, string>();

  constructor(
    private readonly names: Names,
    private readonly anchors: Anchors,
    private readonly transient: Transient,
  ) {
    for (const [name, value] of Object.entries(anchors.named)) this.anchorNames.set(value, name);
  }

  /** Objects are numbered from 0, which `root` is. Throws TypeError for what can't be written. */
  write(root: object): Node[] {
    this.slot(root, 'kernel');
    do this.drain();
    while (this.followWeakMaps());
    if (this.problems.length > 0) throw new TypeError(this.problems.slice(0, PROBLEMS_MAX).join('; '));
    return this.nodes;
  }

  /** Something can't be written: all of them are told at once. */
  private refuse(what: string): { is: 'undefined' } {
    this.problems.push(what);
    return { is: 'undefined' };
  }

  private drain(): void {
    for (let next = this.waiting.shift(); next; next = this.waiting.shift())
      this.nodes[this.ids.get(next.object)!] = this.node(next.object, next.path);
  }

  /** Of a weak map what is there for other reasons counts. Was there more of it? */
  private followWeakMaps(): boolean {
    let more = false;
    for (const { map, node, seen } of this.weakMaps)
      for (const object of [...this.ids.keys()]) {
        if (seen.has(object) || !map.has(object)) continue;
        seen.add(object);
        node.slots.push([this.slot(object, 'weak'), this.slot(map.get(object), 'weak')]);
        more = true;
      }
    return more;
  }

  private slot(value: unknown, path: string): Slot {
    switch (typeof value) {
      case 'number':
      case 'string':
      case 'boolean':
      case 'bigint':
        return value;
      case 'undefined':
        return { is: 'undefined' };
      case 'symbol':
        return this.refuse(`${path} is a symbol, which is no plain data`);
    }
    if (value === null) return null;
    const anchor = this.anchorNames.get(value);
    if (anchor !== undefined) return { is: 'anchor', name: anchor };
    const constant = this.names.constantName(value);
    if (constant !== undefined) return { is: 'constant', name: constant };
    if (typeof value === 'function') return this.refuse(`${path} is a function, which is no plain data`);
    const object = value as object;
    let id = this.ids.get(object);
    if (id === undefined) {
      id = this.ids.size;
      this.ids.set(object, id);
      this.waiting.push({ object, path });
    }
    return { is: 'object', id };
  }

  private node(object: object, path: string): Node {
    const frozen = Object.isFrozen(object) ? ({ frozen: true } as const) : {};
    if (Array.isArray(object))
      return { kind: 'array', ...frozen, slots: Array.from(object, (value, i) => this.slot(value, `${path}[${i}]`)) };
    if (object instanceof Map) {
      const slots = [...object].map(([key, value]): [Slot, Slot] => [
        this.slot(key, `${path}.key`),
        this.slot(value, `${path}[${typeof key === 'object' ? '' : String(key)}]`),
      ]);
      return { kind: 'map', slots };
    }
    if (object instanceof Set) return { kind: 'set', slots: [...object].map((value) => this.slot(value, `${path}{}`)) };
    if (object instanceof WeakMap) {
      const node: WeakMapNode = { kind: 'weak-map', slots: [] };
      this.weakMaps.push({ map: object, node, seen: new Set() });
      return node;
    }
    if (object instanceof WeakRef) return { kind: 'weak-ref', slots: [this.slot(object.deref(), path)] };
    if (object instanceof ArrayBuffer) return { kind: 'buffer', bytes: new Uint8Array(object.slice(0)) };
    if (ArrayBuffer.isView(object)) return this.view(object, path);
    const prototype = Object.getPrototypeOf(object);
    if (prototype === Object.prototype || prototype === null)
      return { kind: 'object', ...frozen, ...this.fields(object, path, []) };
    const name = this.names.classOf(object);
    if (name === undefined) {
      this.refuse(`${path} is a ${prototype.constructor?.name ?? '?'}, a class that snapshots do not know`);
      return { kind: 'object', keys: [], slots: [] };
    }
    return { kind: 'instance', class: name, ...frozen, ...this.fields(object, path, this.transient[name] ?? []) };
  }

  private view(object: ArrayBufferView, path: string): Node {
    const type = object.constructor.name as ViewType;
    // Node's Buffer is a Uint8Array to us
    const known: ViewType = type in VIEWS ? type : 'Uint8Array';
    const isMemory = object.buffer === this.anchors.memory;
    const of: Slot = isMemory ? { is: 'anchor', name: 'memory' } : this.slot(object.buffer, `${path}.buffer`);
    const length = object instanceof DataView ? object.byteLength : (object as Uint8Array).length;
    return { kind: 'view', type: known, of, offset: object.byteOffset, length };
  }

  private fields(object: object, path: string, left: readonly string[]): { keys: string[]; slots: Slot[] } {
    if (Object.getOwnPropertySymbols(object).length > 0) this.refuse(`${path} has fields that are symbols`);
    const keys: string[] = [];
    const slots: Slot[] = [];
    for (const [key, descriptor] of Object.entries(Object.getOwnPropertyDescriptors(object))) {
      if (left.includes(key)) continue;
      keys.push(key);
      if (!('value' in descriptor)) this.refuse(`${path}.${key} is computed, which is no plain data`);
      slots.push(this.slot(descriptor.value, `${path}.${key}`));
    }
    return { keys, slots };
  }
}

export class GraphReader {
  private readonly objects: object[];

  constructor(
    private readonly names: Names,
    private readonly anchors: Anchors,
    private readonly nodes: readonly Node[],
  ) {
    // all of them are there before any has its fields; views need their buffers
    this.objects = nodes.map((node) => this.empty(node));
    for (const [i, node] of nodes.entries()) if (node.kind === 'view') this.objects[i] = this.view(node);
    for (const [i, node] of nodes.entries()) if (node.kind === 'weak-ref') this.objects[i] = this.weakRef(node);
    for (const [i, node] of nodes.entries()) this.fill(this.objects[i]!, node);
    for (const [i, node] of nodes.entries()) if ('frozen' in node && node.frozen) Object.freeze(this.objects[i]!);
  }

  get root(): object {
    return this.objects[0]!;
  }

  /** All objects of a class. */
  *instances(name: string): Generator<object> {
    for (const [i, node] of this.nodes.entries())
      if (node.kind === 'instance' && node.class === name) yield this.objects[i]!;
  }

  private empty(node: Node): object {
    switch (node.kind) {
      case 'array':
        return [];
      case 'map':
        return new Map();
      case 'set':
        return new Set();
      case 'weak-map':
        return new WeakMap();
      case 'buffer':
        return node.bytes.slice().buffer;
      case 'instance': {
        const prototype = this.names.prototypeOf(node.class);
        if (!prototype) throw new TypeError(`the snapshot has a ${node.class}, a class that is not there`);
        return Object.create(prototype);
      }
      default:
        return {};
    }
  }

  private view({ type, of, offset, length }: Extract<Node, { kind: 'view' }>): object {
    if (!Object.hasOwn(VIEWS, type)) throw new TypeError(`the snapshot has a view of type ${type}`);
    const buffer =
      typeof of === 'object' && of?.is === 'anchor' ? this.anchors.memory : (this.value(of) as ArrayBuffer);
    const View = VIEWS[type as ViewType] as new (buffer: ArrayBufferLike, offset: number, length: number) => object;
    return new View(buffer, offset, length);
  }

  private weakRef({ slots }: Extract<Node, { kind: 'weak-ref' }>): object {
    return new WeakRef((this.value(slots[0]!) as object | undefined) ?? {});
  }

  private value(slot: Slot): unknown {
    if (typeof slot !== 'object' || slot === null) return slot;
    if (slot.is === 'undefined') return undefined;
    if (slot.is === 'object') {
      const object = this.objects[slot.id];
      if (object === undefined) throw new TypeError(`the snapshot has no object ${slot.id}`);
      return object;
    }
    if (slot.is === 'anchor') {
      if (!Object.hasOwn(this.anchors.named, slot.name))
        throw new TypeError(`the snapshot needs '${slot.name}' of its host`);
      return this.anchors.named[slot.name];
    }
    const constant = this.names.constant(slot.name);
    if (constant === undefined) throw new TypeError(`the snapshot needs ${slot.name}, which is not there`);
    return constant;
  }

  private fill(object: object, node: Node): void {
    switch (node.kind) {
      case 'array':
        for (const slot of node.slots) (object as unknown[]).push(this.value(slot));
        break;
      case 'set':
        for (const slot of node.slots) (object as Set<unknown>).add(this.value(slot));
        break;
      case 'map':
      case 'weak-map':
        for (const [key, value] of node.slots)
          (object as Map<unknown, unknown>).set(this.value(key), this.value(value));
        break;
      case 'object':
      case 'instance':
        for (const [i, key] of node.keys!.entries())
          Object.defineProperty(object, key, {
            value: this.value(node.slots[i]!),
            writable: true,
            enumerable: true,
            configurable: true,
          });
    }
  }
}
