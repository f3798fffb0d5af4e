// /sys/class/net: the interfaces of the namespace that the mount shows. Linux Documentation/ABI/testing/sysfs-class-net.
import { EINVAL } from '../../abi/errno.js';
import type { Interface, Traffic } from '../../net/interface.js';
import { directory, link, type SysNode, value } from './node.js';
import type { Sysfs } from './sysfs.js';

/** A station's number as six pairs of digits. */
function station(number: number): string {
  const hex = number.toString(16).padStart(12, '0');
  return hex.match(/../g)!.join(':');
}

function traffic(prefix: 'rx' | 'tx', { bytes, packets, errors, dropped }: Traffic): [string, SysNode][] {
  return [
    [`${prefix}_bytes`, value(bytes)],
    [`${prefix}_dropped`, value(dropped)],
    [`${prefix}_errors`, value(errors)],
    [`${prefix}_packets`, value(packets)],
  ];
}

const ETHERNET = 1;

function nodeOf(one: Interface): SysNode {
  return directory({
    addr_len: value(6),
    address: value(station(one.station)),
    broadcast: value(one.type === ETHERNET ? 'ff:ff:ff:ff:ff:ff' : '00:00:00:00:00:00'),
    // of an interface that is down nobody knows
    carrier: { show: () => (one.up ? `${one.carrier ? 1 : 0}\n` : -EINVAL) },
    dev_id: value('0x0'),
    flags: value(`0x${(one.configured >>> 0).toString(16)}`),
    ifalias: { show: () => (one.alias === undefined ? '' : `${one.alias}\n`) },
    ifindex: value(one.index),
    iflink: value(one.hasLower ? (one.lower?.index ?? 0) : one.index),
    mtu: value(one.mtu),
    operstate: value(one.operState),
    speed: { show: () => -EINVAL },
    statistics: directory(
      Object.fromEntries([
        ['multicast', value(one.received.multicast)],
        ...traffic('rx', one.received),
        ...traffic('tx', one.sent),
      ]),
    ),
    subsystem: link('../../../../class/net'),
    tx_queue_len: value(one.queueLength),
    type: value(one.type),
    uevent: value(`INTERFACE=${one.name}\nIFINDEX=${one.index}`, 0o644),
  });
}

export function* interfaces({ net }: Sysfs): Generator<[string, SysNode]> {
  for (const one of net.interfaces.values()) yield [one.name, nodeOf(one)];
}

export function* interfaceLinks({ net }: Sysfs): Generator<[string, SysNode]> {
  for (const { name } of net.interfaces.values()) yield [name, link(`../../devices/virtual/net/${name}`)];
}
