// A port of the host whose connections go to a port of a guest.
// Ours, in the manner of QEMU's hostfwd.
import { InputError } from '../base/errors.js';
import { type Address, inNetwork, parseAddress } from './address.js';
import { NETWORK, NETWORK_BITS, PREFIX, PREFIX_BITS } from './private-network.js';

export interface Forward {
  host: string;
  port: number;
  /** Undefined: the first guest. */
  guest?: Address;
  guestPort: number;
}

/** `[HOST]:PORT-[GUEST]:PORT`, IPv6 addresses in brackets; without a host it is the loopback. `label` names the option in messages. Throws InputError. */
export function parseForward(text: string, label: string): Forward {
  const match = /^([\w.]*|\[[\da-f:.]+\]):(\d{1,5})-([\d.]*|\[[\da-f:.]+\]):(\d{1,5})$/i.exec(text);
  const [host, guestText] = [match?.[1], match?.[3]].map((one) => one?.replace(/^\[(.*)\]$/, '$1'));
  const [port, guestPort] = [Number(match?.[2]), Number(match?.[4])];
  const guest = guestText ? parseAddress(guestText) : undefined;
  const known = !guestText || guest !== undefined;
  if (!match || port > 65535 || guestPort < 1 || guestPort > 65535 || !known)
    throw new InputError(`${label}${text}: not a forwarded port`, 'Write it as forward=127.0.0.1:8080-:80.');
  if (guest !== undefined && !inNetwork(guest, NETWORK, NETWORK_BITS) && !inNetwork(guest, PREFIX, PREFIX_BITS)) {
    const advice = 'Guests are in 10.0.2.0/24 and fd00::/64.';
    throw new InputError(`${label}${text}: ${guestText} is no guest's address`, advice);
  }
  return { host: host || '127.0.0.1', port, guest, guestPort };
}
