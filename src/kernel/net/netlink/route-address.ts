// Addresses by netlink: RTM_GETADDR and its kin. man 7 rtnetlink; Linux net/ipv4/devinet.c, net/ipv6/addrconf.c.
import type { Address } from '../../../net/address.js';
import { u32, u128 } from '../../../net/big-endian.js';
import { EADDRNOTAVAIL, EAFNOSUPPORT, EEXIST, EINVAL, ENODEV } from '../../abi/errno.js';
import {
  IFA_ADDRESS,
  IFA_BROADCAST,
  IFA_CACHEINFO,
  IFA_F_PERMANENT,
  IFA_FLAGS,
  IFA_LABEL,
  IFA_LOCAL,
  IFA_PROTO,
  IFA_RT_PRIORITY,
  RTM_DELADDR,
  RTM_NEWADDR,
} from '../../abi/rtnetlink.js';
import { AF_INET, AF_INET6 } from '../../abi/socket.js';
import type { NetNamespace } from '../../ns/net-namespace.js';
import { addressBytes, familyOf } from '../inet/endpoint.js';
import type { Interface, InterfaceAddress } from '../interface.js';
import { Attributes, Body, type Request } from './message.js';
import type { Answer } from './route-requests.js';

/** struct ifaddrmsg. */
const FIXED_SIZE = 8;
const FOR_EVER = 0xffffffff;

export function addressMessage(of: Interface, own: InterfaceAddress, gone = false): { type: number; body: Uint8Array } {
  const { address, bits, peer, broadcast, scope, label, flags, preferred, valid, protocol, metric } = own;
  const body = new Body().u8(familyOf(address), bits, flags & 0xff, scope).u32(of.index);
  body.attribute(IFA_ADDRESS, addressBytes(peer));
  if (typeof address === 'number') {
    body.attribute(IFA_LOCAL, addressBytes(address));
    if (broadcast !== undefined) body.attribute(IFA_BROADCAST, addressBytes(broadcast));
    body.attributeText(IFA_LABEL, label || of.name);
  } else if (peer !== address) body.attribute(IFA_LOCAL, addressBytes(address));
  if (metric !== 0) body.attribute32(IFA_RT_PRIORITY, metric);
  const created = Math.floor(own.created / 10);
  body.attribute(IFA_CACHEINFO, new Body().u32(preferred, valid, created, created).taken);
  body.attribute32(IFA_FLAGS, flags);
  if (protocol !== 0) body.attribute8(IFA_PROTO, protocol);
  return { type: gone ? RTM_DELADDR : RTM_NEWADDR, body: body.taken };
}

export function getAddresses({ interfaces }: NetNamespace, { body, view }: Request): Answer {
  const family = body[0] ?? 0;
  // with an index in the request it is about one interface
  const index = body.length >= FIXED_SIZE ? view.getUint32(4, true) : 0;
  const messages: { type: number; body: Uint8Array }[] = [];
  for (const wanted of [AF_INET, AF_INET6])
    for (const one of interfaces.values())
      for (const own of one.addresses) {
        if (familyOf(own.address) !== wanted || (family !== 0 && family !== wanted)) continue;
        if (index === 0 || index === one.index) messages.push(addressMessage(one, own));
      }
  return messages;
}

/** An address in an attribute, of the family that a request has; undefined: there is none. */
export function addressIn(family: number, bytes: Uint8Array | undefined): Address | undefined {
  if (family === AF_INET) return bytes && bytes.length >= 4 ? u32(bytes, 0) : undefined;
  return bytes && bytes.length >= 16 ? u128(bytes, 0) : undefined;
}

export function addAddress(namespace: NetNamespace, request: Request): Answer {
  const { body, view } = request;
  if (body.length < FIXED_SIZE) return -EINVAL;
  const [family, bits] = [body[0]!, body[1]!];
  if (family !== AF_INET && family !== AF_INET6) return -EAFNOSUPPORT;
  const one = namespace.interfaces.get(view.getUint32(4, true));
  if (!one) return -ENODEV;
  const attributes = Attributes.behind(request, FIXED_SIZE);
  const peer = addressIn(family, attributes.bytes(IFA_ADDRESS));
  const address = addressIn(family, attributes.bytes(IFA_LOCAL)) ?? peer;
  if (address === undefined || bits > (family === AF_INET ? 32 : 128)) return -EINVAL;
  const broadcast = addressIn(family, attributes.bytes(IFA_BROADCAST));
  const times = attributes.bytes(IFA_CACHEINFO);
  const life = times && times.length >= 8 ? new DataView(times.buffer, times.byteOffset) : undefined;
  const valid = life?.getUint32(4, true) ?? FOR_EVER;
  const { addressing } = namespace;
  const failed = addressing.add(
    one,
    addressing.plain(address, bits, {
      peer: peer ?? address,
      broadcast: typeof broadcast === 'number' ? broadcast : undefined,
      scope: family === AF_INET ? body[3]! : addressing.plain(address, bits).scope,
      label: attributes.text(IFA_LABEL) ?? (family === AF_INET ? one.name : ''),
      flags: (attributes.u32(IFA_FLAGS) ?? body[2]!) | (valid === FOR_EVER ? IFA_F_PERMANENT : 0),
      preferred: life?.getUint32(0, true) ?? FOR_EVER,
      valid,
      metric: attributes.u32(IFA_RT_PRIORITY) ?? 0,
    }),
  );
  return failed === -EEXIST && family === AF_INET
    ? { error: failed, message: 'ipv4: Address already assigned' }
    : failed;
}

export function removeAddress(namespace: NetNamespace, request: Request): Answer {
  const { body, view } = request;
  if (body.length < FIXED_SIZE) return -EINVAL;
  const one = namespace.interfaces.get(view.getUint32(4, true));
  if (!one) return -ENODEV;
  const attributes = Attributes.behind(request, FIXED_SIZE);
  const address =
    addressIn(body[0]!, attributes.bytes(IFA_LOCAL)) ?? addressIn(body[0]!, attributes.bytes(IFA_ADDRESS));
  return address === undefined ? -EADDRNOTAVAIL : namespace.addressing.remove(one, address, body[1]!);
}
