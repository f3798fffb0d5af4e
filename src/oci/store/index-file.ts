// A layer's index as bytes: what was found while the layer came has not to be found again at each start.
// Ours. JSON of lists, each node once: a hard link is the number of the node it is another name of. A file of another version is no index.
import { fromLatin1, latin1 } from '../../base/bytes.js';
import type { LayerIndex, LayerNode, LayerPiece } from '../../base/layer-index.js';
import { decodeText, encodeText } from '../../base/text.js';

const VERSION = 1;

/** mode, uid, gid, links, size, major, minor, seconds, nanoseconds, target, pieces in one list, attributes, children. */
type Row = [
  mode: number,
  uid: number,
  gid: number,
  links: number,
  size: number,
  device: number | [number, number],
  seconds: number,
  nanoseconds: number,
  target: string | 0,
  pieces: number[],
  xattrs: Record<string, string> | 0,
  children: [string, Row | number][] | 0,
];

export function writeIndex(index: LayerIndex): Uint8Array {
  const numbers = new Map<LayerNode, number>();
  const row = (node: LayerNode): Row | number => {
    const known = numbers.get(node);
    if (known !== undefined) return known;
    numbers.set(node, numbers.size);
    const { mode, uid, gid, links, size, major, minor, seconds, nanoseconds, target, pieces, xattrs, children } = node;
    return [
      mode,
      uid,
      gid,
      links,
      size,
      major === 0 && minor === 0 ? 0 : [major, minor],
      seconds,
      nanoseconds,
      target ?? 0,
      pieces.flatMap(({ offset, at, length }) => [offset, at, length]),
      xattrs ? Object.fromEntries([...xattrs].map(([name, value]) => [name, fromLatin1(value)])) : 0,
      children ? [...children].map(([name, child]) => [name, row(child)] as [string, Row | number]) : 0,
    ];
  };
  return encodeText(JSON.stringify({ version: VERSION, entries: index.entries, root: row(index.root) }));
}

/** Undefined when the bytes are not what `writeIndex` writes for a tar of `size` bytes: then the tar itself says. */
export function readIndex(bytes: Uint8Array, size: number): LayerIndex | undefined {
  try {
    const { version, entries, root } = JSON.parse(decodeText(bytes) ?? '');
    if (version !== VERSION || !Number.isSafeInteger(entries)) return undefined;
    const nodes: LayerNode[] = [];
    return { root: nodeOf(root, nodes, size), entries };
  } catch {
    return undefined;
  }
}

function nodeOf(row: Row | number, nodes: LayerNode[], size: number): LayerNode {
  if (typeof row === 'number') {
    const known = nodes[row];
    if (!known) throw new RangeError('no such node');
    return known;
  }
  const [mode, uid, gid, links, length, device, seconds, nanoseconds, target, numbers, xattrs, children] = row;
  const pieces: LayerPiece[] = [];
  for (let i = 0; i < numbers.length; i += 3) {
    const piece = { offset: numbers[i]!, at: numbers[i + 1]!, length: numbers[i + 2]! };
    if (!(piece.at >= 0 && piece.length >= 0 && piece.at + piece.length <= size))
      throw new RangeError('behind the tar');
    pieces.push(piece);
  }
  const [major, minor] = device === 0 ? [0, 0] : (device as [number, number]);
  const node: LayerNode = { mode, uid, gid, links, size: length, major, minor, seconds, nanoseconds, pieces };
  nodes.push(node);
  if (target !== 0) node.target = target;
  if (xattrs !== 0) node.xattrs = new Map(Object.entries(xattrs).map(([name, value]) => [name, latin1(value)]));
  if (children !== 0) node.children = new Map(children.map(([name, child]) => [name, nodeOf(child, nodes, size)]));
  return node;
}
