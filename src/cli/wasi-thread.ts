// WASI programs on Node: a worker thread for each, ended with its process.
// Contract: src/node/wasi/worker-host.ts.
import { Worker } from 'node:worker_threads';
import type { WasiHost, WasiStart } from '../node/wasi/worker-host.js';

export interface WasiWorkerData extends WasiStart {
  /** The folder that transpiled programs are kept in. */
  cache: string;
}

/** Megabytes of JavaScript's own heap: generated code and its handles. The program's memory is beside it. */
const HEAP = 256;

/** `wake`: the node is to look at what its processes can read. */
export function wasiThreads(cache: string, wake: () => void): WasiHost {
  return {
    start(program, { called, gone }) {
      const workerData: WasiWorkerData = { ...program, cache };
      const worker = new Worker(new URL('./wasi-worker.js', import.meta.url), {
        workerData,
        env: {},
        stdin: false,
        resourceLimits: { maxOldGenerationSizeMb: HEAP },
        transferList: [program.program.buffer as ArrayBuffer],
      });
      let stopped = false;
      const end = (why: string, outOfMemory: boolean): void => {
        if (stopped) return;
        stopped = true;
        gone(why, outOfMemory);
        wake();
      };
      worker.on('message', () => {
        called();
        wake();
      });
      worker.on('error', (error: Error & { code?: string }) =>
        end(`its worker has ended: ${error.message}`, error.code === 'ERR_WORKER_OUT_OF_MEMORY'),
      );
      worker.on('exit', (code) => end(`its worker has ended with ${code}`, false));
      return {
        stop() {
          stopped = true;
          void worker.terminate();
        },
      };
    },
  };
}
