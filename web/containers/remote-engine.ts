// The page's end of the container engine that runs in a worker: its start, and Docker's Engine API as calls.
// Ours; contract.ts.
import { InputError } from '../../src/base/errors.js';
import type { FromServer, ToServer } from '../../src/http/carried.js';
import { CarriedClient } from '../../src/http/carried-client.js';
import type { Dial } from '../ports/wire.js';
import type { EngineStart, FromEngine, ToEngine } from './contract.js';

export interface EngineListener {
  /** Another tab has the containers, and this one waits for it to be gone. */
  held(): void;
  /** Why it can't begin, or has ended. */
  lost(error: InputError): void;
  /** What fails and is nobody's request. */
  complain(what: string): void;
}

export interface RemoteEngine {
  api: CarriedClient;
  /** Nothing was kept from before. */
  anew: boolean;
  /** Leads a connection to a published port. */
  dial(asked: Dial, channel: MessagePort): void;
}

/** Rejects with InputError when it can't begin. */
export function startEngine(start: EngineStart, { held, lost, complain }: EngineListener): Promise<RemoteEngine> {
  const worker = new Worker(new URL('../worker/engine-worker.ts', import.meta.url), { type: 'module' });
  const send = (message: ToEngine): void => worker.postMessage(message);
  const dial = (asked: Dial, channel: MessagePort): void => worker.postMessage(asked, [channel]);
  let receive: (message: FromServer) => void = () => {};
  const api = new CarriedClient({
    send: (message: ToServer) => send(message),
    onMessage(taker) {
      receive = taker;
    },
  });
  return new Promise((resolve, reject) => {
    const fail = (error: InputError): void => {
      worker.terminate();
      api.lost(error);
      reject(error);
      lost(error);
    };
    worker.onerror = (event) =>
      fail(new InputError(event.message || "the engine's worker could not be loaded", 'Reload the page.'));
    worker.onmessage = ({ data }: MessageEvent<FromEngine>) => {
      if ('ready' in data) resolve({ api, anew: data.anew, dial });
      else if ('held' in data) held();
      else if ('complaint' in data) complain(data.complaint);
      else if ('failed' in data && !('end' in data)) fail(new InputError(data.failed, data.advice));
      else receive(data as FromServer);
    };
    document.addEventListener('visibilitychange', () => {
      if (document.hidden) send({ sync: true });
    });
    send({ start });
  });
}
