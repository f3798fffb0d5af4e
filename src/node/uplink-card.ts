// The card by which a node is on a network outside of it, with the address that the gateway there would give it.
// Ours; net/private-network.ts.
import type { Kernel } from '../kernel/kernel.js';
import { Card } from '../kernel/net/link/card.js';
import { FIRST_GUEST, NETWORK_BITS } from '../net/private-network.js';

/** `eth0` of the node's first network namespace; nobody else is on its switch. `transmit` takes what it sends. */
export function plugCard(kernel: Kernel, station: number, transmit: (frame: Uint8Array) => void): Card {
  const { netNamespace } = kernel;
  const card = new Card(netNamespace, netNamespace.newIndex(), 'eth0', station);
  card.output = { transmit };
  netNamespace.add(card);
  const { addressing } = netNamespace;
  addressing.add(card, addressing.plain(FIRST_GUEST, NETWORK_BITS, { label: 'eth0' }));
  addressing.setUp(card, true);
  return card;
}
