// Starts a node's worker thread; the engine's end of the way to it.
import { Worker } from 'node:worker_threads';
import { keepYoungGenerationSmall } from '../hosts/node/young-generation.js';
import type { FromNode } from '../node/contract.js';
import { NodeClient } from '../runtime/node-client.js';
import type { NodeWorkerData } from './node-worker.js';

export interface NodeThread {
  node: NodeClient;
  start(): void;
  stop(): Promise<void>;
}

/** The worker starts with the first call. `lost` is told why it has ended by itself. */
export function startNode(workerData: NodeWorkerData, lost: (error: Error) => void): NodeThread {
  let worker: Worker | undefined;
  let stopped = false;
  let receive: (message: FromNode) => void = () => {};
  const end = (error: Error): void => {
    if (stopped) return;
    stopped = true;
    node.lost(error);
    lost(error);
  };
  const start = (): Worker => {
    const started = new Worker(new URL('./node-worker.js', import.meta.url), { workerData });
    started.on('online', keepYoungGenerationSmall);
    started.on('message', (message: FromNode) => receive(message));
    started.on('error', end);
    started.on('exit', (code) => end(new Error(`the node's worker has ended with ${code}`)));
    return started;
  };
  const wake = (): Worker => {
    worker ??= start();
    return worker;
  };
  const node = new NodeClient({
    wake: () => void (stopped || wake()),
    send: (message) => worker?.postMessage(message),
    onMessage(listener) {
      receive = listener;
    },
  });
  return {
    node,
    start: () => void wake(),
    async stop() {
      stopped = true;
      await worker?.terminate();
    },
  };
}
