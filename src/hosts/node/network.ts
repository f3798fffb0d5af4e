// The network of one machine as its options ask for it: a switch of its own, or one that it shares with others.
// Ours.
import type { Network, NetworkRequest, Surroundings } from '../../library/platform.js';
import { openLan } from './lan.js';
import { openSharedSwitch } from './shared-switch.js';
import { NodeNetwork } from './sockets.js';

/** Throws InputError. */
export function openNetwork(request: NetworkRequest, around: Surroundings): Promise<Network> {
  const { switchPath } = request;
  const here = { ...around, sockets: new NodeNetwork(around.wake) };
  return switchPath === undefined ? openLan(request, here) : openSharedSwitch(switchPath, request, here);
}
