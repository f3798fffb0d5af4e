// The two ends of a node's contract in one thread. Messages come once what is being done is done; what they carry is not copied.
import type { Channel, FromNode, ToNode } from './contract.js';

export function localChannel(): { engine: Channel<ToNode, FromNode>; node: Channel<FromNode, ToNode> } {
  let toEngine: (message: FromNode) => void = () => {};
  let toNode: (message: ToNode) => void = () => {};
  return {
    engine: {
      send: (message) => void Promise.resolve().then(() => toNode(message)),
      onMessage: (receive) => {
        toEngine = receive;
      },
    },
    node: {
      send: (message) => void Promise.resolve().then(() => toEngine(message)),
      onMessage: (receive) => {
        toNode = receive;
      },
    },
  };
}
