// A node in a worker thread of its own: our kernel, and the contract's server on the thread's port.
import { join } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import { NodeHost } from '../hosts/node/host.js';
import { nodePlatform } from '../hosts/node/platform.js';
import { createNode } from '../kernel/node.js';
import type { Allowed } from '../net/policy.js';
import type { ToNode } from '../node/contract.js';
import { NodeServer } from '../node/server.js';
import { nodeFiles } from './node-files.js';
import { openUplink } from './node-uplink.js';
import { wasiThreads } from './wasi-thread.js';

export interface NodeWorkerData {
  /** Bytes of memory. */
  memory: number;
  /** The folder of the store. */
  storage: string;
  hostname: string;
  /** What of the host's own and private networks its programs may reach. */
  allowed: readonly Allowed[];
}

const { memory, storage, hostname, allowed } = workerData as NodeWorkerData;
const port = parentPort!;
const host = new NodeHost();
const { kernel, vcpu } = createNode({
  core: await nodePlatform.core(),
  memory,
  translate: 'in the background',
  clock: host,
  random: (into) => host.random(into),
  hostname,
});
nodePlatform.tune(vcpu);
const outside = {
  files: nodeFiles(storage),
  uplink: await openUplink(kernel, host, allowed),
  wasi: wasiThreads(join(storage, 'wasi'), () => host.wake()),
};
const server = new NodeServer(kernel, host, outside, {
  send: (message) => port.postMessage(message),
  onMessage: (receive) => void port.on('message', (message: ToNode) => receive(message)),
});
await server.run();
