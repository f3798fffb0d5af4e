// A switch with the gateway on it, this machine's card, and the host's forwarded ports.
// Ours.
import type { Network, NetworkRequest, Surroundings } from '../../library/platform.js';
import { formatStation } from '../../net/ethernet.js';
import { Gateway } from '../../net/gateway.js';
import { FIRST_GUEST } from '../../net/private-network.js';
import { Switch } from '../../net/switch.js';
import { endpoint, type NodeNetwork } from './sockets.js';

/** Addresses that are told of: a guest that makes them up must not fill the terminal. */
const DOUBLES_TOLD = 16;

/** What a network needs of the machine and of its process. */
export interface SocketSurroundings extends Surroundings {
  sockets: NodeNetwork;
}

/** A switch, and on it the machine's card, the gateway and forwarded ports. */
export interface Lan extends Network {
  wire: Switch;
  gateway: Gateway;
}

/** `firstGuest`: see GatewayOptions. Throws InputError when a port cannot be listened on. */
export async function openLan(
  { allowed, forwards, bootFile }: Omit<NetworkRequest, 'switchPath'>,
  { cable, timers, sockets, random, say }: SocketSurroundings,
  firstGuest?: number,
): Promise<Lan> {
  const doubles = new Set<number>();
  const wire: Switch = new Switch({
    gone: (station) => gateway.gone(station),
    moved: (station) => {
      if (doubles.has(station) || doubles.size >= DOUBLES_TOLD) return;
      doubles.add(station);
      say(`two machines on the switch have the address ${formatStation(station)}: give each its own by mac=`);
    },
  });
  const gateway: Gateway = new Gateway(wire, { timers, network: sockets, allowed, random, firstGuest, bootFile });
  // the switch may hand one frame to several
  const port = wire.plug((frame) => cable.receive(frame));
  cable.onTransmit = (frame) => port.send(frame);
  const closers: (() => void)[] = [
    () => {
      cable.onTransmit = () => {};
      port.unplug();
      gateway.close();
    },
  ];
  const close = (): void => closers.forEach((one) => void one());
  try {
    for (const { host, port, guest = FIRST_GUEST, guestPort } of forwards) {
      const server = await sockets.listen(host, port, (attach) => gateway.accept(guest, guestPort, attach));
      closers.push(() => server.close());
      const at = server.address();
      say(`${endpoint(host, typeof at === 'object' && at ? at.port : port)} is the guest's port ${guestPort}`);
    }
  } catch (error) {
    close();
    throw error;
  }
  return { wire, gateway, close };
}
