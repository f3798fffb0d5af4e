// A node as plain data, and a node that goes on from it: the kernel's objects as a graph, and the frames of memory that are not zeros.
// What is not in it is the host's (clock, random numbers, files) and what the processor can make again (decoded code, TLB).
import { assert } from '../../base/assert.js';
import { Clock } from '../clock.js';
import type { Kernel } from '../kernel.js';
import { PAGE_SIZE } from '../mm/frames.js';
import { createNode, type Node as KernelNode, type NodeOptions } from '../node.js';
import { type Anchors, GraphReader, GraphWriter, type Node, type Transient } from './graph.js';
import { MODULES } from './modules.js';
import { Names } from './names.js';

const VERSION = 1;

export interface NodeSnapshot {
  version: number;
  /** Frames that there are. */
  frames: number;
  /** The monotonic clock, in nanoseconds. */
  time: number;
  objects: Node[];
  /** Frames by number, and what they hold. */
  pages: [frame: number, bytes: Uint8Array][];
}

/** Objects of the host's that the kernel holds, by names that the other host has too: folders and blobs behind filesystems. */
export type HostObjects = Readonly<Record<string, unknown>>;

/** What a new node's host sets anew. */
const TRANSIENT: Transient = {
  'kernel/Kernel': [
    ...['random', 'tracer', 'capture', 'tables', 'newestTable', 'runner'],
    ...['onProcessEnded', 'onOutOfMemory'],
  ],
  'fs/host-stream/HostStream': ['onChange'],
  'clock/Clock': ['source', 'origin', 'base'],
  // what is at the other end of its cable
  'net/link/card/Card': ['output'],
};

let names: Names | undefined;
const allNames = (): Names => {
  names ??= new Names(MODULES);
  return names;
};

/** Nothing of the node may be running. Throws TypeError for what can't be written: it says what, and where it hangs. */
export function writeNode({ kernel, vcpu }: KernelNode, host: HostObjects = {}): NodeSnapshot {
  kernel.cpu.park();
  const { frames } = kernel;
  const anchors: Anchors = { memory: frames.bytes.buffer, named: { ...host, vcpu } };
  const objects = new GraphWriter(allNames(), anchors, TRANSIENT).write(kernel);
  const pages: [number, Uint8Array][] = [];
  for (const frame of frames.touched()) {
    const at = frames.hostAddress(frame);
    const words = frames.words.subarray(at >>> 2, (at + PAGE_SIZE) >>> 2);
    if (words.some((word) => word !== 0)) pages.push([frame, frames.bytes.slice(at, at + PAGE_SIZE)]);
  }
  return { version: VERSION, frames: frames.count, time: kernel.clock.monotonic(), objects, pages };
}

/** A new node that goes on from `snapshot`. Throws TypeError when it does not fit. */
export function readNode(snapshot: NodeSnapshot, options: NodeOptions, host: HostObjects = {}): KernelNode {
  const node = createNode(options);
  const fresh = node.kernel;
  if (snapshot.version !== VERSION || snapshot.frames !== fresh.frames.count)
    throw new TypeError(`the snapshot is of version ${snapshot.version} with ${snapshot.frames} frames of memory`);
  // what the fresh kernel has made of its memory is not this one's
  for (const frame of fresh.frames.touched()) {
    const at = fresh.frames.hostAddress(frame);
    fresh.frames.bytes.fill(0, at, at + PAGE_SIZE);
  }
  for (const [frame, bytes] of snapshot.pages) fresh.frames.bytes.set(bytes, fresh.frames.hostAddress(frame));
  const anchors: Anchors = { memory: fresh.frames.bytes.buffer, named: { ...host, vcpu: node.vcpu } };
  const reader = new GraphReader(allNames(), anchors, snapshot.objects);
  const kernel = reader.root as Kernel;
  for (const clock of reader.instances('clock/Clock')) Object.assign(clock, new Clock(options.clock, snapshot.time));
  for (const stream of reader.instances('fs/host-stream/HostStream')) Object.assign(stream, { onChange: () => {} });
  assert(kernel.frames.count === fresh.frames.count, 'the memory is as large as it was');
  kernel.adopt(options);
  return { kernel, vcpu: node.vcpu };
}
