// The network of one machine as its options ask for it: a switch of its own, or one that it shares with others.
// Ours.
import { type NetOption, type Network, openLan, type Surroundings } from './lan.js';
import { openSharedSwitch } from './shared-switch.js';

/** Throws InputError. */
export function openNetwork(option: NetOption, around: Surroundings): Promise<Network> {
  const { switchPath } = option;
  return switchPath === undefined ? openLan(option, around) : openSharedSwitch(switchPath, option, around);
}
