// Routes by netlink: RTM_GETROUTE and its kin. man 7 rtnetlink; Linux net/ipv4/fib_frontend.c, net/ipv6/route.c.
import { EAFNOSUPPORT, EINVAL, EHOSTUNREACH, ENETDOWN, ENETUNREACH, ENODEV } from '../../abi/errno.js';
import {
  NLM_F_CREATE,
  NLM_F_EXCL,
  NLM_F_REPLACE,
  RT_SCOPE_LINK,
  RT_SCOPE_NOWHERE,
  RT_SCOPE_UNIVERSE,
  RT_TABLE_MAIN,
  RTA_CACHEINFO,
  RTA_DST,
  RTA_GATEWAY,
  RTA_OIF,
  RTA_PREF,
  RTA_PREFSRC,
  RTA_PRIORITY,
  RTA_SRC,
  RTA_TABLE,
  RTA_UID,
  RTM_DELROUTE,
  RTM_F_CLONED,
  RTM_NEWROUTE,
  RTN_LOCAL,
  RTN_UNICAST,
  RTNH_F_LINKDOWN,
  RTNH_F_ONLINK,
} from '../../abi/rtnetlink.js';
import { AF_INET, AF_INET6 } from '../../abi/socket.js';
import type { NetNamespace } from '../../ns/net-namespace.js';
import type { Task } from '../../task/task.js';
import { addressBytes, ANY_4, ANY_6, familyOf, networkOf } from '../inet/endpoint.js';
import type { Interface } from '../interface.js';
import type { Route } from '../routes.js';
import { Attributes, Body, type Request } from './message.js';
import { addressIn } from './route-address.js';
import type { Answer } from './route-requests.js';

/** struct rtmsg. */
const FIXED_SIZE = 12;
const METRIC_6 = 1024;
const CACHE_SIZE = 32;
/** The packet stays here. */
const RTCF_LOCAL = 0x80000000;

export function routeMessage(route: Route, gone = false): { type: number; body: Uint8Array } {
  const { destination, bits, gateway, source, metric, table, protocol, scope, type, flags } = route;
  const by = route.interface;
  const six = typeof destination === 'bigint';
  const dead = by?.up && !by.carrier ? RTNH_F_LINKDOWN : 0;
  const body = new Body().u8(familyOf(destination), bits, 0, 0, table, protocol, scope, type).u32(flags | dead);
  body.attribute32(RTA_TABLE, table);
  if (bits > 0) body.attribute(RTA_DST, addressBytes(destination));
  if (metric !== 0 || six) body.attribute32(RTA_PRIORITY, metric);
  if (source !== undefined) body.attribute(RTA_PREFSRC, addressBytes(source));
  if (gateway !== undefined) body.attribute(RTA_GATEWAY, addressBytes(gateway));
  if (by) body.attribute32(RTA_OIF, by.index);
  if (six) {
    body.attribute(RTA_CACHEINFO, new Uint8Array(CACHE_SIZE));
    body.attribute8(RTA_PREF, 0);
  }
  return { type: gone ? RTM_DELROUTE : RTM_NEWROUTE, body: body.taken };
}

export function getRoutes({ routes }: NetNamespace, request: Request): Answer {
  const family = request.body[0] ?? 0;
  const attributes = Attributes.behind(request, FIXED_SIZE);
  const table = attributes.u32(RTA_TABLE) ?? 0;
  // by address, as the trees that Linux keeps them in have it
  const order = (a: Route, b: Route): number =>
    a.table - b.table ||
    (a.destination < b.destination ? -1 : a.destination > b.destination ? 1 : 0) ||
    a.bits - b.bits;
  return routes.all
    .filter(({ destination }) => family === 0 || familyOf(destination) === family)
    .filter((route) => table === 0 || route.table === table)
    .sort(order)
    .map((route) => routeMessage(route));
}

/** `ip route get`: the way that a packet would go. */
export function findRoute(task: Task, namespace: NetNamespace, request: Request): Answer {
  if (request.body.length < FIXED_SIZE) return -EINVAL;
  const family = request.body[0]!;
  const attributes = Attributes.behind(request, FIXED_SIZE);
  const destination = addressIn(family, attributes.bytes(RTA_DST)) ?? (family === AF_INET6 ? ANY_6 : ANY_4);
  const source = addressIn(family, attributes.bytes(RTA_SRC));
  const way = namespace.internet.way(destination, attributes.u32(RTA_OIF) ?? 0, source);
  if (typeof way === 'number') return way;
  const { route } = way;
  const six = family === AF_INET6;
  // IPv4's two tables are one to look in as long as no rule comes between
  const table = six ? route.table : RT_TABLE_MAIN;
  const body = new Body()
    .u8(family, six ? 128 : 32, 0, 0, table, six ? route.protocol : 0, six ? route.scope : 0, route.type)
    .u32(six ? 0 : way.local ? RTCF_LOCAL + RTM_F_CLONED : RTM_F_CLONED);
  body.attribute32(RTA_TABLE, table).attribute(RTA_DST, addressBytes(destination));
  body.attribute32(RTA_OIF, way.interface.index);
  if (route.gateway !== undefined) body.attribute(RTA_GATEWAY, addressBytes(route.gateway));
  if (six) body.attribute32(RTA_PRIORITY, route.metric);
  body.attribute(RTA_PREFSRC, addressBytes(way.source));
  if (!six) body.attribute32(RTA_UID, task.credentials.uid);
  body.attribute(RTA_CACHEINFO, new Uint8Array(CACHE_SIZE));
  if (six) body.attribute8(RTA_PREF, 0);
  return [{ type: RTM_NEWROUTE, body: body.taken }];
}

/** What a request says of a route; undefined fields are not in it. */
function wanted(namespace: NetNamespace, request: Request) {
  const { body, view } = request;
  if (body.length < FIXED_SIZE) return -EINVAL;
  const [family, bits] = [body[0]!, body[1]!];
  if (family !== AF_INET && family !== AF_INET6) return -EAFNOSUPPORT;
  if (bits > (family === AF_INET ? 32 : 128)) return -EINVAL;
  const attributes = Attributes.behind(request, FIXED_SIZE);
  const any = family === AF_INET ? ANY_4 : ANY_6;
  const destination = addressIn(family, attributes.bytes(RTA_DST)) ?? any;
  if (networkOf(destination, bits) !== destination) return -EINVAL;
  const index = attributes.u32(RTA_OIF);
  const by = index === undefined ? undefined : namespace.interfaces.get(index);
  if (index !== undefined && !by) return -ENODEV;
  return {
    ...{ family, destination, bits, interface: by, table: attributes.u32(RTA_TABLE) ?? (body[4]! || RT_TABLE_MAIN) },
    gateway: addressIn(family, attributes.bytes(RTA_GATEWAY)),
    source: addressIn(family, attributes.bytes(RTA_PREFSRC)),
    metric: attributes.u32(RTA_PRIORITY),
    ...{ protocol: body[5]!, scope: body[6]!, type: body[7]!, flags: view.getUint32(8, true) },
  };
}

export function addRoute(namespace: NetNamespace, request: Request): Answer {
  const said = wanted(namespace, request);
  if (typeof said === 'number') return said;
  const { family, gateway, metric, type, flags, ...rest } = said;
  let by: Interface | undefined = said.interface;
  if (type === RTN_UNICAST) {
    if (gateway !== undefined && (flags & RTNH_F_ONLINK) === 0) {
      const near = namespace.routes.lookup(gateway, by?.index ?? 0);
      const isNear =
        typeof near !== 'number' &&
        near.gateway === undefined &&
        (near.type === RTN_UNICAST || near.type === RTN_LOCAL);
      if (!isNear)
        return { error: family === AF_INET ? -ENETUNREACH : -EHOSTUNREACH, message: 'Nexthop has invalid gateway' };
      by ??= near.interface;
    }
    if (!by) return -ENODEV;
    if (!by.up) return -ENETDOWN;
    if (said.source !== undefined && !namespace.isOwn(said.source)) return -EINVAL;
  }
  const scope =
    family === AF_INET6
      ? RT_SCOPE_UNIVERSE
      : gateway === undefined && type === RTN_UNICAST
        ? said.scope || RT_SCOPE_LINK
        : said.scope;
  const route: Route = {
    ...rest,
    ...{ gateway, type, interface: by, flags: flags & RTNH_F_ONLINK },
    metric: metric || (family === AF_INET6 ? METRIC_6 : 0),
    scope: scope === RT_SCOPE_NOWHERE ? RT_SCOPE_UNIVERSE : scope,
  };
  const failed = namespace.routes.add(route, {
    exclusive: (request.flags & NLM_F_EXCL) !== 0,
    replace: (request.flags & NLM_F_REPLACE) !== 0,
    create: (request.flags & NLM_F_CREATE) !== 0,
  });
  if (failed === 0) namespace.changes.routeChanged(route, false);
  return failed;
}

export function removeRoute(namespace: NetNamespace, request: Request): Answer {
  const said = wanted(namespace, request);
  if (typeof said === 'number') return said;
  const { destination, bits, table, gateway, source, metric, scope, type, protocol } = said;
  const gone = namespace.routes.remove({
    ...{ destination, bits, table, gateway, source, interface: said.interface },
    metric: metric || undefined,
    type: type || undefined,
    protocol: protocol || undefined,
    scope: scope === RT_SCOPE_NOWHERE || said.family === AF_INET6 ? undefined : scope,
  });
  if (typeof gone === 'number') return gone;
  namespace.changes.routeChanged(gone, true);
  return 0;
}
