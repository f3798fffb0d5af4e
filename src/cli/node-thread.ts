// Starts a node's worker thread; the engine's end of the way to it.
import { Worker } from 'node:worker_threads';
import type { FromNode } from '../node/contract.js';
import { NodeClient } from '../runtime/node-client.js';
import type { NodeWorkerData } from './node-worker.js';

export interface NodeThread {
  node: NodeClient;
  stop(): Promise<void>;
}

/** `lost` is told why it has ended by itself. */
export function startNode(workerData: NodeWorkerData, lost: (error: Error) => void): NodeThread {
  const worker = new Worker(new URL('./node-worker.js', import.meta.url), { workerData });
  const node = new NodeClient({
    send: (message) => worker.postMessage(message),
    onMessage: (receive) => void worker.on('message', (message: FromNode) => receive(message)),
  });
  let stopped = false;
  const end = (error: Error): void => {
    if (stopped) return;
    stopped = true;
    node.lost(error);
    lost(error);
  };
  worker.on('error', end);
  worker.on('exit', (code) => end(new Error(`the node's worker has ended with ${code}`)));
  return {
    node,
    async stop() {
      stopped = true;
      await worker.terminate();
    },
  };
}
