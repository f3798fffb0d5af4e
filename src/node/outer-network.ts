// Puts the interfaces that an engine outside has made into a container's network namespace: with their names, stations, addresses, routes.
// Ours; man 8 ip-address, ip-route.
import { RT_SCOPE_LINK, RT_SCOPE_UNIVERSE, RT_TABLE_MAIN, RTN_UNICAST, RTPROT_BOOT } from '../kernel/abi/rtnetlink.js';
import { Card } from '../kernel/net/link/card.js';
import { checkMtu } from '../kernel/net/link/link-settings.js';
import type { NetNamespace } from '../kernel/ns/net-namespace.js';
import { bitsOf, type Network, parseAddress, parseIpv4 } from '../net/address.js';
import { parseStation } from '../net/ethernet.js';
import type { OuterInterface, OuterNetwork } from './contract.js';
import { checked, Refusal } from './refusal.js';
import type { Wire } from './wire.js';

const INTERFACES_MAX = 32;
const ROUTES_MAX = 1024;
/** IFNAMSIZ with its NUL; dev_valid_name(). */
const NAME = /^(?!\.{1,2}$)[^\s/:]{1,15}$/;

/** Throws Refusal. */
export function attachOuter(
  namespace: NetNamespace,
  { interfaces, routes }: OuterNetwork,
  wireOf: ((name: string) => Wire | undefined) | undefined,
): void {
  if (interfaces.length > INTERFACES_MAX || routes.length > ROUTES_MAX)
    throw new Refusal('invalid', 'the network has too many interfaces or routes');
  for (const one of interfaces) attachCard(namespace, one, wireOf?.(one.name));
  for (const { destination, gateway, metric, interface: name } of routes) {
    const by = namespace.interfaceNamed(name);
    const { network, bits } = networkOf(destination);
    if (!by) throw new Refusal('invalid', `route ${destination}: there is no interface ${name}`);
    const way = gateway === undefined ? undefined : parseAddress(gateway);
    const added = namespace.routes.add({
      ...{ destination: network, bits, gateway: way, interface: by, metric, table: RT_TABLE_MAIN },
      ...{ protocol: RTPROT_BOOT, scope: way === undefined ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE },
      ...{ type: RTN_UNICAST, flags: 0 },
    });
    checked(`route ${destination}`, added);
  }
}

function attachCard(namespace: NetNamespace, one: OuterInterface, wire: Wire | undefined): void {
  const { name, station, mtu, addresses } = one;
  const number = parseStation(station);
  if (!NAME.test(name) || number === undefined || namespace.interfaceNamed(name) || namespace.isFull)
    throw new Refusal('invalid', `interface ${name} of station ${station} can't be made`);
  const card = new Card(namespace, namespace.newIndex(), name, number);
  if (checkMtu(mtu) === 0) card.mtu = mtu;
  if (wire) {
    wire.deliver = (frame) => card.arrived(frame);
    card.output = wire;
  }
  namespace.add(card);
  const { addressing } = namespace;
  for (const { address, broadcast: everybody } of addresses) {
    const { network, bits } = networkOf(address);
    const broadcast = everybody === undefined ? undefined : parseIpv4(everybody);
    const more = typeof network === 'number' ? { label: name, ...(broadcast !== undefined && { broadcast }) } : {};
    checked(`address ${address}`, addressing.add(card, addressing.plain(network, bits, more)));
  }
  addressing.setUp(card, true);
}

/** Of 10.88.0.5/16. Throws Refusal. */
function networkOf(text: string): Network {
  const [address = '', bits = ''] = text.split('/');
  const network = parseAddress(address);
  if (network === undefined || !/^\d{1,3}$/.test(bits) || Number(bits) > bitsOf(network))
    throw new Refusal('invalid', `'${text}' is no network`);
  return { network, bits: Number(bits) };
}
