// Neighbours by netlink: RTM_GETNEIGH and its kin. man 7 rtnetlink; Linux net/core/neighbour.c.
import { stationAt, stationBytes } from '../../../net/ethernet.js';
import { EINVAL, ENODEV, ENOENT } from '../../abi/errno.js';
import {
  NDA_CACHEINFO,
  NDA_DST,
  NDA_LLADDR,
  NDA_PROBES,
  NLM_F_CREATE,
  NLM_F_EXCL,
  NLM_F_REPLACE,
  NUD_PERMANENT,
  RTM_DELNEIGH,
  RTM_NEWNEIGH,
} from '../../abi/rtnetlink.js';
import { EEXIST } from '../../abi/errno.js';
import type { NetNamespace } from '../../ns/net-namespace.js';
import { EthernetInterface } from '../ethernet-interface.js';
import { addressBytes, familyOf } from '../inet/endpoint.js';
import type { Neighbour } from '../neighbour-table.js';
import { Attributes, Body, type Request } from './message.js';
import { addressIn } from './route-address.js';
import type { Answer } from './route-requests.js';

/** struct ndmsg. */
const FIXED_SIZE = 12;
/** Hundredths of a second. */
const TICK = 1e7;

export function neighbourMessage(neighbour: Neighbour, gone = false): { type: number; body: Uint8Array } {
  const { address, station, state, probes } = neighbour;
  const now = neighbour.interface.namespace.now();
  const body = new Body().u8(familyOf(address), 0).u16(0).u32(neighbour.interface.index).u16(state).u8(0, 1);
  body.attribute(NDA_DST, addressBytes(address));
  if (station !== undefined) body.attribute(NDA_LLADDR, stationBytes(station));
  body.attribute32(NDA_PROBES, probes);
  const ago = (when: number): number => Math.floor((now - when) / TICK);
  const { confirmed, used, updated } = neighbour;
  body.attribute(NDA_CACHEINFO, new Body().u32(ago(confirmed), ago(used), ago(updated), 0).taken);
  return { type: gone ? RTM_DELNEIGH : RTM_NEWNEIGH, body: body.taken };
}

export function getNeighbours({ interfaces }: NetNamespace, { body, view }: Request): Answer {
  const family = body[0] ?? 0;
  const index = body.length >= FIXED_SIZE ? view.getInt32(4, true) : 0;
  const messages: { type: number; body: Uint8Array }[] = [];
  for (const one of interfaces.values()) {
    if (!(one instanceof EthernetInterface) || (index !== 0 && index !== one.index)) continue;
    for (const neighbour of one.neighbours.all)
      if (family === 0 || family === familyOf(neighbour.address)) messages.push(neighbourMessage(neighbour));
  }
  return messages;
}

/** The card and the address that a request is about. */
function place(namespace: NetNamespace, request: Request) {
  if (request.body.length < FIXED_SIZE) return -EINVAL;
  const one = namespace.interfaces.get(request.view.getInt32(4, true));
  if (!one) return -ENODEV;
  const attributes = Attributes.behind(request, FIXED_SIZE);
  const address = addressIn(request.body[0]!, attributes.bytes(NDA_DST));
  if (address === undefined || !(one instanceof EthernetInterface)) return -EINVAL;
  return { one, address, attributes };
}

/** `ip neigh get`. */
export function findNeighbour(namespace: NetNamespace, request: Request): Answer {
  const found = place(namespace, request);
  if (typeof found === 'number') return found;
  const neighbour = found.one.neighbours.get(found.address);
  return neighbour ? [neighbourMessage(neighbour)] : { error: -ENOENT, message: 'Neighbour entry not found' };
}

export function changeNeighbour(namespace: NetNamespace, request: Request): Answer {
  const found = place(namespace, request);
  if (typeof found === 'number') return found;
  const { one, address, attributes } = found;
  const there = one.neighbours.get(address) !== undefined;
  if (there && (request.flags & NLM_F_EXCL) !== 0) return -EEXIST;
  if (!there && (request.flags & (NLM_F_CREATE | NLM_F_REPLACE)) === 0) return -ENOENT;
  const station = attributes.bytes(NDA_LLADDR);
  if (station && station.length !== 6) return -EINVAL;
  const state = request.view.getUint16(8, true) || NUD_PERMANENT;
  one.neighbours.put(address, station && stationAt(station, 0), state);
  return 0;
}

export function removeNeighbour(namespace: NetNamespace, request: Request): Answer {
  const found = place(namespace, request);
  if (typeof found === 'number') return found;
  return found.one.neighbours.remove(found.address) ? 0 : -ENOENT;
}
