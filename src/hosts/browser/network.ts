// The network of a machine in a tab: a switch with the gateway on it, and no farther.
// Ours.
import { Gateway } from '../../net/gateway.js';
import { Switch } from '../../net/switch.js';
import type { Network, Surroundings } from '../../library/platform.js';
import { ClosedNetwork } from './closed-network.js';

export function openNetwork({ cable, timers, random, wake }: Surroundings): Network {
  const wire = new Switch();
  const port = wire.plug((frame) => cable.receive(frame));
  cable.onTransmit = (frame) => port.send(frame);
  const gateway = new Gateway(wire, { timers, network: new ClosedNetwork(wake), allowed: [], random });
  return {
    close() {
      port.unplug();
      gateway.close();
    },
  };
}
