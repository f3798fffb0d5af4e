// What every interface can be told, by rtnetlink and by ioctls alike: its name, its address, how long its packets are.
// man 7 netdevice; Linux net/core/dev.c dev_change_name, dev_set_mac_address, dev_set_mtu.
import { stationAt } from '../../../net/ethernet.js';
import { EADDRINUSE, EADDRNOTAVAIL, EBUSY, EEXIST, EINVAL } from '../../abi/errno.js';
import { ARPHRD_LOOPBACK } from '../../abi/inet.js';
import { isName } from '../../ns/net-namespace.js';
import type { Interface } from '../interface.js';
import type { Refusal } from '../netlink/route-requests.js';
import { Bridge } from './bridge.js';
import { isTaken } from './link-kinds.js';
import { Macvlan } from './macvlan.js';

const MTU_LEAST = 68;
const MTU_MOST = 65535;
const MTU_LOOPBACK = 0x7fffffff;
const STATION_SIZE = 6;

/** As it is made: 0, or why not. */
export function checkMtu(mtu: number, loopback = false): number | Refusal {
  const [least, most] = loopback ? [0, MTU_LOOPBACK] : [MTU_LEAST, MTU_MOST];
  if (mtu < least) return { error: -EINVAL, message: 'mtu less than device minimum' };
  return mtu > most ? { error: -EINVAL, message: 'mtu greater than device maximum' } : 0;
}

export function setMtu(one: Interface, mtu: number): number | Refusal {
  const refused = checkMtu(mtu, one.type === ARPHRD_LOOPBACK);
  if (refused !== 0) return refused;
  if (one instanceof Macvlan && mtu > one.below.mtu) return -EINVAL;
  one.mtu = mtu;
  for (const upper of one.uppers) upper.mtu = Math.min(upper.mtu, mtu);
  if (one instanceof Bridge) one.mtuSet = true;
  one.port?.bridge.adapt();
  return 0;
}

/** Of a station's bytes. */
export function setStation(one: Interface, bytes: Uint8Array): number {
  if (bytes.length < STATION_SIZE) return -EINVAL;
  const station = stationAt(bytes, 0);
  if ((bytes[0]! & 1) !== 0 || station === 0) return -EADDRNOTAVAIL;
  if (one instanceof Macvlan && station !== one.station && isTaken(one.below, station)) return -EADDRINUSE;
  one.setStation(station);
  return 0;
}

export function setName(one: Interface, name: string): number {
  const { namespace } = one;
  if (!isName(name)) return -EINVAL;
  if (name === one.name) return 0;
  if (one.up) return -EBUSY;
  if (namespace.interfaceNamed(name)) return -EEXIST;
  namespace.rename(one, name);
  return 0;
}
