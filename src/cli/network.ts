// The network of one machine as its options ask for it: a switch, the card's cable, the gateway, forwarded ports.
// Ours.
import type { Timers } from '../devices/device.js';
import { FIRST_GUEST, Gateway } from '../net/gateway.js';
import { Switch } from '../net/switch.js';
import type { Cable } from '../vmm/cable.js';
import type { NetOption } from './net-option.js';
import type { NodeNetwork } from './node-network.js';

export interface Network {
  /** Port by port, where connections are taken. */
  listening: readonly string[];
  close(): void;
}

/** Throws InputError when a port cannot be listened on. */
export async function openNetwork(
  { allowed, forwards }: NetOption,
  cable: Cable,
  timers: Timers,
  network: NodeNetwork,
  random: () => number,
): Promise<Network> {
  const wire = new Switch();
  const gateway = new Gateway(wire, { timers, network, allowed, random });
  // the switch may hand one frame to several
  const port = wire.plug((frame) => cable.receive(frame));
  cable.onTransmit = (frame) => port.send(frame);
  const closers: (() => void)[] = [() => gateway.close()];
  const listening: string[] = [];
  const close = (): void => closers.forEach((one) => void one());
  try {
    for (const { host, port, guest = FIRST_GUEST, guestPort } of forwards) {
      const server = await network.listen(host, port, (attach) => gateway.accept(guest, guestPort, attach));
      closers.push(() => server.close());
      const at = server.address();
      listening.push(`${host}:${typeof at === 'object' && at ? at.port : port} is the guest's port ${guestPort}`);
    }
  } catch (error) {
    close();
    throw error;
  }
  return { listening, close };
}
