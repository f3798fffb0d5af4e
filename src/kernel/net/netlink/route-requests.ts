// Routing netlink: which request does what. man 7 rtnetlink; Linux net/core/rtnetlink.c.
import { EOPNOTSUPP, EPERM } from '../../abi/errno.js';
import {
  NLM_F_DUMP,
  RT_TABLE_LOCAL,
  RT_TABLE_MAIN,
  RTM_DELADDR,
  RTM_DELLINK,
  RTM_DELNEIGH,
  RTM_DELQDISC,
  RTM_DELTCLASS,
  RTM_DELROUTE,
  RTM_GETADDR,
  RTM_GETLINK,
  RTM_GETNEIGH,
  RTM_GETNSID,
  RTM_GETQDISC,
  RTM_GETROUTE,
  RTM_GETRULE,
  RTM_GETTCLASS,
  RTM_DELTFILTER,
  RTM_GETTFILTER,
  RTM_NEWTFILTER,
  RTM_NEWADDR,
  RTM_NEWLINK,
  RTM_NEWNEIGH,
  RTM_NEWNSID,
  RTM_NEWQDISC,
  RTM_NEWTCLASS,
  RTM_NEWROUTE,
  RTM_NEWRULE,
  RTM_SETLINK,
} from '../../abi/rtnetlink.js';
import { AF_BRIDGE, AF_INET, AF_INET6 } from '../../abi/socket.js';
import type { NetNamespace } from '../../ns/net-namespace.js';
import { CAP_NET_ADMIN } from '../../security/capability.js';
import type { Task } from '../../task/task.js';
import { Body, type Request } from './message.js';
import { addAddress, getAddresses, removeAddress } from './route-address.js';
import { getLinks } from './route-link.js';
import { changeLink, removeLink } from './route-link-change.js';
import { getNumber, setNumber } from './route-namespace.js';
import { changeQdisc, getQdiscs, removeQdisc } from './route-qdisc.js';
import { changeClass, getClasses, removeClass } from './route-class.js';
import { changeFilter, getFilter, getFilters, removeFilter } from './route-filter.js';
import { changeNeighbour, findNeighbour, getNeighbours, removeNeighbour } from './route-neighbour.js';
import { changeStation, findStation, getStations, removeStation } from './route-station.js';
import { addRoute, findRoute, getRoutes, removeRoute } from './route-route.js';

/** Why not, in words besides: what NETLINK_EXT_ACK asks for. */
export interface Refusal {
  /** Negated errno. */
  error: number;
  message?: string;
}

/** Messages of an answer, or 0, or a negated errno. */
export type Answer = number | Refusal | { type: number; body: Uint8Array }[];

export function routeRequest(task: Task, namespace: NetNamespace, request: Request): Answer {
  const { type, flags } = request;
  const dump = (flags & NLM_F_DUMP) === NLM_F_DUMP;
  const isBridge = request.body[0] === AF_BRIDGE;
  // of each four types the third one asks
  if ((type & 3) !== 2 && !task.credentials.capable(namespace.owner, CAP_NET_ADMIN)) return -EPERM;
  switch (type) {
    case RTM_GETLINK:
      return getLinks(namespace, request, dump);
    case RTM_NEWLINK:
    case RTM_SETLINK:
      return changeLink(task, namespace, request);
    case RTM_DELLINK:
      return removeLink(namespace, request);
    case RTM_GETADDR:
      return dump ? getAddresses(namespace, request) : -EOPNOTSUPP;
    case RTM_NEWADDR:
      return addAddress(namespace, request);
    case RTM_DELADDR:
      return removeAddress(namespace, request);
    case RTM_GETROUTE:
      return dump ? getRoutes(namespace, request) : findRoute(task, namespace, request);
    case RTM_NEWROUTE:
      return addRoute(namespace, request);
    case RTM_DELROUTE:
      return removeRoute(namespace, request);
    case RTM_GETNEIGH:
      if (!dump) return isBridge ? findStation(namespace, request) : findNeighbour(namespace, request);
      return isBridge ? getStations(namespace, request) : getNeighbours(namespace, request);
    case RTM_NEWNEIGH:
      return isBridge ? changeStation(namespace, request) : changeNeighbour(namespace, request);
    case RTM_DELNEIGH:
      return isBridge ? removeStation(namespace, request) : removeNeighbour(namespace, request);
    case RTM_GETNSID:
      return getNumber(task, namespace, request, dump);
    case RTM_NEWNSID:
      return setNumber(task, namespace, request);
    case RTM_GETQDISC:
      return dump ? getQdiscs(namespace) : -EOPNOTSUPP;
    case RTM_NEWQDISC:
      return changeQdisc(namespace, request);
    case RTM_DELQDISC:
      return removeQdisc(namespace, request);
    case RTM_GETTCLASS:
      return dump ? getClasses(namespace, request) : -EOPNOTSUPP;
    case RTM_NEWTCLASS:
      return changeClass(namespace, request);
    case RTM_DELTCLASS:
      return removeClass(namespace, request);
    case RTM_GETTFILTER:
      return dump ? getFilters(namespace, request) : getFilter(namespace, request);
    case RTM_NEWTFILTER:
      return changeFilter(namespace, request);
    case RTM_DELTFILTER:
      return removeFilter(namespace, request);
    case RTM_GETRULE:
      return dump ? rules(request) : -EOPNOTSUPP;
    default:
      return -EOPNOTSUPP;
  }
}

const RT_TABLE_DEFAULT = 253;
const FR_ACT_TO_TBL = 1;
const FRA_PRIORITY = 6;
const FRA_TABLE = 15;
/** The rules that there always are; others can't be made. */
const RULES: readonly (readonly [priority: number, table: number])[] = [
  [0, RT_TABLE_LOCAL],
  [32766, RT_TABLE_MAIN],
  [32767, RT_TABLE_DEFAULT],
];

function rules({ body }: Request): Answer {
  const asked = body[0] ?? 0;
  const messages: { type: number; body: Uint8Array }[] = [];
  for (const family of [AF_INET, AF_INET6])
    for (const [priority, table] of RULES) {
      if ((asked !== 0 && asked !== family) || (family === AF_INET6 && table === RT_TABLE_DEFAULT)) continue;
      const rule = new Body().u8(family, 0, 0, 0, table, 0, 0, FR_ACT_TO_TBL).u32(0);
      rule.attribute32(FRA_TABLE, table);
      if (priority !== 0) rule.attribute32(FRA_PRIORITY, priority);
      messages.push({ type: RTM_NEWRULE, body: rule.taken });
    }
  return messages;
}
