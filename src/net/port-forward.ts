// A port of the host whose connections go to a port of a guest.
// Ours, in the manner of QEMU's hostfwd.
import { InputError } from '../base/errors.js';
import { NETWORK, NETWORK_BITS } from './gateway.js';
import { inNetwork, parseAddress } from './ipv4.js';

export interface Forward {
  host: string;
  port: number;
  /** Undefined: the first guest. */
  guest?: number;
  guestPort: number;
}

/** `[HOST]:PORT-[GUEST]:PORT`; without a host it is the loopback. `label` names the option in messages. Throws InputError. */
export function parseForward(text: string, label: string): Forward {
  const match = /^([\w.]*):(\d{1,5})-([\d.]*):(\d{1,5})$/.exec(text);
  const port = Number(match?.[2]);
  const guestPort = Number(match?.[4]);
  const guest = match?.[3] ? parseAddress(match[3]) : undefined;
  if (!match || port > 65535 || guestPort < 1 || guestPort > 65535 || (match[3] && guest === undefined))
    throw new InputError(`${label}${text}: not a forwarded port`, 'Write it as forward=127.0.0.1:8080-:80.');
  if (guest !== undefined && !inNetwork(guest, NETWORK, NETWORK_BITS))
    throw new InputError(`${label}${text}: ${match[3]} is no guest's address`, 'Guests are in 10.0.2.0/24.');
  return { host: match[1] || '127.0.0.1', port, guest, guestPort };
}
