// A switch with the gateway on it, this machine's card, and the host's forwarded ports.
// Ours.
import { formatStation } from '../../net/ethernet.js';
import { FIRST_GUEST, Gateway } from '../../net/gateway.js';
import type { Allowed } from '../../net/policy.js';
import { Switch } from '../../net/switch.js';
import type { Timers } from '../../devices/device.js';
import type { Cable } from '../../vmm/cable.js';
import type { NodeNetwork } from './sockets.js';

/** A port of the host whose connections go to a port of the guest. */
export interface Forward {
  host: string;
  port: number;
  /** Undefined: the first guest. */
  guest?: number;
  guestPort: number;
}

/** What network a machine asks for. */
export interface NetOption {
  /** Undefined: what suits the mode. */
  card?: 'ne2000' | 'virtio';
  /** The card's address; undefined: the one that all machines have that are alone. */
  station?: number;
  /** Unix-domain socket of a switch that several machines are plugged into. */
  switchPath?: string;
  allowed: Allowed[];
  forwards: Forward[];
}

/** Addresses that are told of: a guest that makes them up must not fill the terminal. */
const DOUBLES_TOLD = 16;

export interface Network {
  close(): void;
}

/** What a network needs of the machine and of its process. */
export interface Surroundings {
  /** Of the machine's card. */
  cable: Cable;
  /** The card's address. */
  station: number;
  timers: Timers;
  sockets: NodeNetwork;
  /** 32 random bits. */
  random: () => number;
  say: (line: string) => void;
  /** Something has happened while the machine sleeps. */
  wake: () => void;
}

/** A switch, and on it the machine's card, the gateway and forwarded ports. */
export interface Lan extends Network {
  wire: Switch;
  gateway: Gateway;
}

/** `firstGuest`: see GatewayOptions. Throws InputError when a port cannot be listened on. */
export async function openLan(
  { allowed, forwards }: Pick<NetOption, 'allowed' | 'forwards'>,
  { cable, timers, sockets, random, say }: Surroundings,
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
  const gateway: Gateway = new Gateway(wire, { timers, network: sockets, allowed, random, firstGuest });
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
      say(`${host}:${typeof at === 'object' && at ? at.port : port} is the guest's port ${guestPort}`);
    }
  } catch (error) {
    close();
    throw error;
  }
  return { wire, gateway, close };
}
