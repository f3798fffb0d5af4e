// The address of a network card, as a person writes it.
// IEEE 802 (group and locally administered addresses).
import { InputError } from '../base/errors.js';
import { isGroup, parseStation } from './ethernet.js';
import { GATEWAY_STATION } from './private-network.js';

/** `label` names the option in messages. Throws InputError. */
export function parseCardAddress(text: string, label: string): number {
  const station = parseStation(text);
  if (station === undefined)
    throw new InputError(`${label}${text}: not a card's address`, 'Write it as mac=52:54:00:00:00:02.');
  if (station === 0 || isGroup(station)) {
    throw new InputError(
      `${label}${text}: a card's address is not zero, and its first byte is even (an odd one is a group's)`,
      'Write it as mac=52:54:00:00:00:02.',
    );
  }
  if (station === GATEWAY_STATION)
    throw new InputError(`${label}${text}: this is the gateway's address`, 'Choose another one.');
  return station;
}
