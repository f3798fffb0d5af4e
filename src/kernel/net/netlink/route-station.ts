// A bridge's stations by netlink: RTM_GETNEIGH and its kin of AF_BRIDGE. man 8 bridge; Linux net/bridge/br_fdb.c, net/core/rtnetlink.c.
import { isGroup, stationAt, stationBytes } from '../../../net/ethernet.js';
import { EEXIST, EINVAL, ENODEV, ENOENT, ENOSPC, EOPNOTSUPP } from '../../abi/errno.js';
import * as rt from '../../abi/rtnetlink.js';
import { AF_BRIDGE } from '../../abi/socket.js';
import type { NetNamespace } from '../../ns/net-namespace.js';
import { EthernetInterface } from '../ethernet-interface.js';
import { Bridge } from '../link/bridge.js';
import type { BridgePort } from '../link/bridge-port.js';
import type { StationEntry } from '../link/bridge-table.js';
import { Attributes, Body, type Request } from './message.js';
import type { Answer, Refusal } from './route-requests.js';

/** struct ndmsg. */
const FIXED_SIZE = 12;
const STATION_SIZE = 6;
/** Hundredths of a second. */
const TICK = 1e7;

export function stationMessage(bridge: Bridge, entry: StationEntry, gone = false): { type: number; body: Uint8Array } {
  const { station, port, local, used, updated } = entry;
  const now = bridge.namespace.now();
  const state = local ? rt.NUD_PERMANENT : entry.static ? rt.NUD_NOARP : rt.NUD_REACHABLE;
  const body = new Body()
    .u8(AF_BRIDGE, 0)
    .u16(0)
    .u32((port?.of ?? bridge).index)
    .u16(state)
    .u8(0, 0);
  body.attribute(rt.NDA_LLADDR, stationBytes(station));
  if (port) body.attribute32(rt.NDA_MASTER, bridge.index);
  const ago = (when: number): number => Math.max(0, Math.floor((now - when) / TICK));
  body.attribute(rt.NDA_CACHEINFO, new Body().u32(ago(used), 0, ago(updated), 0).taken);
  return { type: gone ? rt.RTM_DELNEIGH : rt.RTM_NEWNEIGH, body: body.taken };
}

/** The index in a request to list: behind struct ndmsg, or, of older programs, struct ifinfomsg. */
export function getStations({ interfaces }: NetNamespace, request: Request): Answer {
  const { body, view } = request;
  const index = body.length >= FIXED_SIZE ? view.getInt32(4, true) : 0;
  const attributes = body.length > FIXED_SIZE ? Attributes.behind(request, FIXED_SIZE) : undefined;
  const master = attributes?.u32(rt.NDA_MASTER) ?? 0;
  const messages: { type: number; body: Uint8Array }[] = [];
  for (const one of interfaces.values()) {
    if (!(one instanceof Bridge) || (master !== 0 && master !== one.index)) continue;
    for (const entry of one.table.all)
      if (index === 0 || index === (entry.port?.of ?? one).index) messages.push(stationMessage(one, entry));
  }
  return messages;
}

interface Place {
  bridge: Bridge;
  port: BridgePort | undefined;
  station: number;
}

/** The bridge, and the port of it or undefined, that a request is about, and which station. */
function place(namespace: NetNamespace, request: Request, what: string): Place | Refusal | number {
  const { body, view } = request;
  if (body.length < FIXED_SIZE) return -EINVAL;
  const one = namespace.interfaces.get(view.getInt32(4, true));
  if (!one) return -ENODEV;
  if (!(one instanceof EthernetInterface))
    return { error: -EINVAL, message: `FDB ${what} only supported for Ethernet devices` };
  const bytes = Attributes.behind(request, FIXED_SIZE).bytes(rt.NDA_LLADDR);
  if (bytes?.length !== STATION_SIZE) return -EINVAL;
  const station = stationAt(bytes, 0);
  const { port } = one;
  const bridge = port?.bridge ?? (one instanceof Bridge ? one : undefined);
  // addresses that a card itself listens to are not set here
  if (!bridge || (port && (body[10]! & rt.NTF_SELF) !== 0 && (body[10]! & rt.NTF_MASTER) === 0)) return -EOPNOTSUPP;
  return { bridge, port, station };
}

/** `bridge fdb get`. */
export function findStation(namespace: NetNamespace, request: Request): Answer {
  const { body, view } = request;
  if (body.length < FIXED_SIZE) return -EINVAL;
  const attributes = Attributes.behind(request, FIXED_SIZE);
  const bytes = attributes.bytes(rt.NDA_LLADDR);
  if (bytes?.length !== STATION_SIZE) return { error: -EINVAL, message: 'Missing FDB address' };
  const one = namespace.interfaces.get(view.getInt32(4, true) || (attributes.u32(rt.NDA_MASTER) ?? 0));
  if (!one) return -ENODEV;
  const bridge = one.port?.bridge ?? one;
  if (!(bridge instanceof Bridge)) return -EOPNOTSUPP;
  const entry = bridge.table.find(stationAt(bytes, 0), namespace.now());
  return entry ? [stationMessage(bridge, entry)] : { error: -ENOENT, message: 'Fdb entry not found' };
}

export function changeStation(namespace: NetNamespace, request: Request): Answer {
  const found = place(namespace, request, 'add');
  if (typeof found === 'number' || 'error' in found) return found;
  const { bridge, port, station } = found;
  const state = request.view.getUint16(8, true);
  if (isGroup(station) || station === 0 || (state & (rt.NUD_PERMANENT | rt.NUD_NOARP | rt.NUD_REACHABLE)) === 0)
    return -EINVAL;
  const there = bridge.table.get(station);
  if (there && (request.flags & rt.NLM_F_EXCL) !== 0) return -EEXIST;
  if (!there && (request.flags & rt.NLM_F_CREATE) === 0) return -ENOENT;
  const local = (state & rt.NUD_PERMANENT) !== 0 || !port;
  const now = namespace.now();
  return bridge.table.put({
    ...{ station, port, local, static: local || (state & rt.NUD_NOARP) !== 0, added: true },
    ...{ updated: now, used: now },
  })
    ? 0
    : -ENOSPC;
}

export function removeStation(namespace: NetNamespace, request: Request): Answer {
  const found = place(namespace, request, 'delete');
  if (typeof found === 'number' || 'error' in found) return found;
  const entry = found.bridge.table.get(found.station);
  if (!entry || entry.port !== found.port) return -ENOENT;
  found.bridge.table.remove(entry);
  return 0;
}
