// An engine of this process: the folder's images and containers under their lock, a node that starts when it is first asked, and the API
// before them. Who finds the folder locked speaks to whom it is locked by, at the address that stands in it.
import { hostname } from 'node:os';
import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { engineApi } from '../api/api.js';
import { parseSize } from '../base/bytes.js';
import { InputError } from '../base/errors.js';
import type { IdMappings } from '../base/runtime-spec.js';
import { Engine } from '../engine/engine.js';
import { Events } from '../engine/events.js';
import type { EngineHost } from '../engine/host.js';
import { Images } from '../engine/images.js';
import { NodeHost } from '../hosts/node/host.js';
import { nodeHttp2 } from '../hosts/node/http2.js';
import { PublicWeb } from '../hosts/node/public-web.js';
import type { Handler } from '../http/message.js';
import { parseAllowed } from '../net/policy.js';
import { dataFolder } from './data-folder.js';
import { parseUserMap } from './kernel-isolation.js';
import { type RegistryOptions, withImages } from './images.js';
import { startNode } from './node-thread.js';

/** Milliseconds that what is being brought has to end. */
const PATIENCE = 5000;
const LONGEST = 2 ** 31 - 1;

export interface EngineOptions extends RegistryOptions {
  nodeMemory: string;
  debug?: boolean;
  /** UID:HOST:COUNT,... or default. */
  usernsRemap?: string;
  /** ADDRESS[/BITS][:PORT] each. */
  netAllow?: string[];
}

export interface OwnEngine {
  engine: Engine;
  api: Handler;
  /** The node, before it is asked for anything. */
  start(): void;
  /** Takes what no handler should have thrown. */
  bug(error: unknown): void;
}

/** Does something with an engine. `lost` is told that its node has ended by itself; `startNodeOf` gives it its node. Rejects with InputError. */
export async function withEngine<Result>(
  options: EngineOptions,
  version: string,
  lost: (error: Error) => void,
  work: (own: OwnEngine) => Promise<Result>,
  patience?: number,
  startNodeOf = startNode,
): Promise<Result> {
  const memory = parseSize(options.nodeMemory);
  if (memory === undefined || memory < 32 << 20)
    throw new InputError(`--node-memory ${options.nodeMemory}: is no size of 32M and more`, 'For example 2G.');
  const allowed = (options.netAllow ?? []).map((text) => parseAllowed(text, '--net-allow '));
  return withImages(
    options,
    async ({ store, registryFor }) => {
      const name = hostname();
      const storage = dataFolder(options);
      const { node, start, stop } = startNodeOf({ memory, storage, hostname: name, allowed }, lost);
      try {
        const host = engineHost();
        const events = new Events(() => host.date());
        const complain = (what: string): void => void process.stderr.write(`tabvisor: ${what}\n`);
        // whoever asks is who he says, or nobody; never the user that this process belongs to
        const anonymous = registryFor(async () => undefined);
        const images = new Images(store, (who) => (who ? registryFor(who) : anonymous), events);
        const engine = new Engine(node, images, events, host, name, complain, remapOf(options.usernsRemap));
        const bug = (error: unknown): void =>
          void process.stderr.write(
            `tabvisor: this is a bug: ${error instanceof Error ? error.stack : String(error)}\n`,
          );
        await engine.open();
        try {
          return await work({
            engine,
            api: engineApi(engine, { version, root: storage, debug: options.debug }, bug, nodeHttp2),
            start,
            bug,
          });
        } finally {
          await engine.close();
          // who is left has lost interest, and what it brought goes before the folder is another's
          await Promise.race([store.images.settled(), delay(PATIENCE)]);
        }
      } finally {
        await stop();
      }
    },
    patience,
  );
}

/** Throws InputError. */
function remapOf(text: string | undefined): IdMappings | undefined {
  const extents = parseUserMap(text === 'default' ? true : text, '--userns-remap');
  const mappings = extents?.map(({ first, lower, count }) => ({ containerID: first, hostID: lower, size: count }));
  return mappings && { uidMappings: mappings, gidMappings: mappings };
}

function engineHost(): EngineHost {
  const host = new NodeHost();
  const origin = Date.now() - performance.now();
  return {
    // finer than a millisecond, and never behind what it was
    date: () => origin + performance.now(),
    random: (into) => host.random(into),
    turn: () => host.turn(),
    web: new PublicWeb(),
    after(milliseconds, action) {
      const timer = setTimeout(action, Math.min(LONGEST, milliseconds));
      return () => clearTimeout(timer);
    },
  };
}
