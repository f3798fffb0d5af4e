// A node in a worker of the browser's: our kernel, and the contract's server. Made by the engine's worker.
// Ours; the browser's counterpart of src/cli/node-worker.ts.
import { BrowserHost } from '../../src/hosts/browser/host.js';
import { createNode } from '../../src/kernel/node.js';
import type { FromNode, ToNode } from '../../src/node/contract.js';
import { NodeServer } from '../../src/node/server.js';
import type { WasmModule } from '../../src/vcpu/engine.js';
import type { GivenLayer, NodeStart } from '../containers/contract.js';
import { TabUplink } from '../ports/tab-uplink.js';
import type { Dial } from '../ports/wire.js';
import { PrivateFiles } from './private-files.js';

const scope = self as unknown as DedicatedWorkerGlobalScope;

async function run({ core, memory, folder }: NodeStart): Promise<void> {
  const host = new BrowserHost();
  const { kernel } = createNode({
    ...{ core: core as WasmModule, memory, translate: 'in the background', clock: host, hostname: 'tab' },
    random: (into) => host.random(into),
  });
  const files = await PrivateFiles.open(folder);
  const uplink = new TabUplink(kernel, () => host.wake());
  let order = Promise.resolve();
  // what has been removed is gone when the engine hears of it
  let held: FromNode[] | undefined;
  const post = (message: FromNode): void => {
    if (held) held.push(message);
    else if (!files.settled) scope.postMessage(message);
    else {
      held = [message];
      void files.settled.then(() => {
        const all = held ?? [];
        held = undefined;
        for (const one of all) post(one);
      });
    }
  };
  const server = new NodeServer(
    kernel,
    host,
    { files, uplink },
    {
      send: post,
      onMessage(receive) {
        // files open in their own time, and calls stay in their order
        scope.onmessage = ({ data, ports: [channel] }: MessageEvent<ToNode | GivenLayer | Dial>) => {
          if ('dial' in data) return uplink.dial(data.dial, channel!);
          order = order.then(async () => {
            if ('given' in data) return files.give(data);
            await files.prepare(data);
            receive(data);
          });
        };
      },
    },
  );
  await server.run();
}

scope.onmessage = ({ data }: MessageEvent<NodeStart>) => {
  // the browser tells the engine's worker as an error of this one
  run(data).catch((error: unknown) => setTimeout(() => reportError(error)));
};
