// /proc/sys/net: settings of the reader's network namespace. Linux Documentation/networking/ip-sysctl.rst, admin-guide/sysctl/net.rst.
import { EINVAL } from '../../abi/errno.js';
import type { NetSettings } from '../../net/net-settings.js';
import { type Entry, table } from './inodes.js';
import type { SystemSubject } from './subject.js';
import { setting } from './sysctl.js';

type Show = (settings: NetSettings) => string | number;
type Take = (settings: NetSettings, values: readonly number[]) => void;

/** `count` numbers of at least `least` and at most `most`, in ascending order. */
function numbers(
  name: string,
  count: number,
  least: number,
  most: number,
  show: Show,
  take: Take,
): Entry<SystemSubject> {
  return setting(
    name,
    (_subject, reader) => String(show(reader.namespaces.net.settings)),
    (_subject, writer, text) => {
      const words = text.trim().split(/\s+/);
      const values = words.map(Number);
      const wrong = words.some((word, i) => !/^-?\d+$/.test(word) || values[i]! < least || values[i]! > most);
      if (words.length !== count || wrong || values.some((value, i) => i > 0 && value < values[i - 1]!)) return -EINVAL;
      take(writer.namespaces.net.settings, values);
      return 0;
    },
  );
}

const flag = (name: string, field: 'forward4' | 'forward6' | 'bindV6Only' | 'ignoreEcho' | 'bindAnywhere') =>
  numbers(
    name,
    1,
    0,
    1,
    (settings) => (settings[field] ? 1 : 0),
    (settings, [value]) => {
      settings[field] = value !== 0;
    },
  );

const keepAlive = (name: string, field: 'idle' | 'interval' | 'count', most: number) =>
  numbers(
    name,
    1,
    1,
    most,
    (settings) => settings.keepAlive[field],
    (settings, [value]) => {
      settings.keepAlive = { ...settings.keepAlive, [field]: value! };
    },
  );

const constant = (name: string, value: string | number): Entry<SystemSubject> => setting(name, () => String(value));

const core = [
  constant('rmem_default', 212992),
  constant('rmem_max', 212992),
  numbers(
    'somaxconn',
    1,
    0,
    65535,
    (settings) => settings.backlogMax,
    (settings, [value]) => {
      settings.backlogMax = value!;
    },
  ),
  constant('wmem_default', 212992),
  constant('wmem_max', 212992),
];

const ipv4 = [
  table('conf', 0o555, [table('all', 0o555, [flag('forwarding', 'forward4')])]),
  flag('icmp_echo_ignore_all', 'ignoreEcho'),
  constant('ip_default_ttl', 64),
  flag('ip_forward', 'forward4'),
  numbers(
    'ip_local_port_range',
    2,
    1,
    65535,
    ({ localPorts }) => `${localPorts.first}\t${localPorts.last}`,
    (settings, [first, last]) => {
      settings.localPorts = { first: first!, last: last! };
    },
  ),
  flag('ip_nonlocal_bind', 'bindAnywhere'),
  numbers(
    'ip_unprivileged_port_start',
    1,
    0,
    65535,
    (settings) => settings.unprivilegedFrom,
    (settings, [value]) => {
      settings.unprivilegedFrom = value!;
    },
  ),
  numbers(
    'ping_group_range',
    2,
    0,
    2 ** 32 - 2,
    ({ pingGroups }) => `${pingGroups.first}\t${pingGroups.last}`,
    (settings, [first, last]) => {
      settings.pingGroups = { first: first!, last: last! };
    },
  ),
  constant('tcp_available_congestion_control', 'reno'),
  constant('tcp_congestion_control', 'reno'),
  constant('tcp_fin_timeout', 60),
  keepAlive('tcp_keepalive_intvl', 'interval', 32767),
  keepAlive('tcp_keepalive_probes', 'count', 127),
  keepAlive('tcp_keepalive_time', 'idle', 32767),
  constant('tcp_max_tw_buckets', 8192),
];

const ipv6 = [
  flag('bindv6only', 'bindV6Only'),
  table('conf', 0o555, [
    table('all', 0o555, [constant('disable_ipv6', 0), flag('forwarding', 'forward6')]),
    table('default', 0o555, [constant('disable_ipv6', 0)]),
  ]),
];

export const NET_SETTINGS: Entry<SystemSubject> = table('net', 0o555, [
  table('core', 0o555, core),
  table('ipv4', 0o555, ipv4),
  table('ipv6', 0o555, ipv6),
]);
