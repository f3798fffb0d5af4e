// /proc/sys/net: settings of the network namespace of whoever looks; root of its user namespace owns them, and who administers the network
// may change them. Linux Documentation/networking/ip-sysctl.rst, admin-guide/sysctl/net.rst, net/sysctl_net.c.
import { EACCES, EINVAL, ENOENT } from '../../abi/errno.js';
import { S_IFDIR, S_IFREG } from '../../abi/stat.js';
import type { Interface } from '../../net/interface.js';
import type { LinkSettings, NetSettings } from '../../net/net-settings.js';
import type { NetNamespace } from '../../ns/net-namespace.js';
import { CAP_NET_ADMIN } from '../../security/capability.js';
import type { Task } from '../../task/task.js';
import type { Actor } from '../../vfs/actor.js';
import type { DirectoryEntry, Inode } from '../../vfs/inode.js';
import { directory, type Entry, inoBelow, type Place, ProcDirectory, table, TableDirectory } from './inodes.js';
import { SettingInode } from './setting-inode.js';
import { SystemSubject } from './subject.js';
import { whole } from './text.js';

/** The settings of one namespace. */
export class NetSubject extends SystemSubject {
  constructor(
    of: SystemSubject,
    readonly net: NetNamespace,
  ) {
    super(of.namespace);
  }

  override owner(): { uid: number; gid: number } {
    const { uids, gids } = this.net.owner;
    return { uid: uids.inKernel(0) ?? 0, gid: gids.inKernel(0) ?? 0 };
  }
}

export class NetSettingInode extends SettingInode<NetSubject> {
  override allows(task: Task, wanted: number): number {
    if (!task.credentials.capable(this.subject.net.owner, CAP_NET_ADMIN)) return super.allows(task, wanted);
    return (wanted & ~(this.mode >> 6) & 7) === 0 ? 0 : -EACCES;
  }
}

type Value = (net: NetNamespace) => string | number;
/** A write: 0, or a negated errno. */
type Write = (net: NetNamespace, text: string) => number;

function setting(name: string, value: Value, write?: Write): Entry<NetSubject> {
  const mode = S_IFREG | (write ? 0o644 : 0o444);
  const source = {
    record: whole<NetSubject>(({ net }) => `${value(net)}\n`),
    write: write && (({ net }: NetSubject, _writer: Task, text: string) => write(net, text)),
  };
  return { name, mode, make: (place): Inode => new NetSettingInode(place, mode, source) };
}

const constant = (name: string, value: string | number): Entry<NetSubject> => setting(name, () => value);

type Show = (settings: NetSettings) => string | number;
type Take = (settings: NetSettings, values: readonly number[]) => void;

/** The numbers of a text: `count` of at least `least` and at most `most`, in ascending order; undefined: it has others. */
function numbersIn(text: string, count: number, least: number, most: number): number[] | undefined {
  const words = text.trim().split(/\s+/);
  const values = words.map(Number);
  const wrong = words.some((word, i) => !/^-?\d+$/.test(word) || values[i]! < least || values[i]! > most);
  return words.length !== count || wrong || values.some((value, i) => i > 0 && value < values[i - 1]!)
    ? undefined
    : values;
}

function numbers(name: string, count: number, least: number, most: number, show: Show, take: Take): Entry<NetSubject> {
  return setting(
    name,
    ({ settings }) => show(settings),
    ({ settings }, text) => {
      const values = numbersIn(text, count, least, most);
      if (!values) return -EINVAL;
      take(settings, values);
      return 0;
    },
  );
}

const flag = (name: string, field: 'bindV6Only' | 'ignoreEcho' | 'bindAnywhere') =>
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

// ---- conf: of each interface, of those to come, and of all ------------------------------------------------------------------------

/** Sets it for those whom a name of conf means. */
type LinkTake = (net: NetNamespace, name: string, value: number) => void;
type LinkEntry = (name: string) => Entry<NetSubject>;

const interfaceOf = (net: NetNamespace, name: string): Interface | undefined => net.interfaceNamed(name);

function settingsOf(net: NetNamespace, name: string): LinkSettings | undefined {
  if (name === 'all' || name === 'default') return net.settings[name];
  return interfaceOf(net, name)?.settings;
}

function linkSetting(file: string, most: number, show: (of: LinkSettings) => number, take: LinkTake): LinkEntry {
  return (name) =>
    setting(
      file,
      (net) => {
        const of = settingsOf(net, name);
        return of ? show(of) : '';
      },
      (net, text) => {
        const values = numbersIn(text, 1, 0, most);
        if (!values) return -EINVAL;
        if (!settingsOf(net, name)) return -ENOENT;
        take(net, name, values[0]!);
        return 0;
      },
    );
}

function setForwarding(field: 'forward4' | 'forward6'): LinkTake {
  return (net, name, value) => {
    const on = value !== 0;
    if (name === 'all') net.setForwarding(field, on);
    else settingsOf(net, name)![field] = on;
  };
}

function disable6(net: NetNamespace, name: string, value: number): void {
  const off = value !== 0;
  const one = interfaceOf(net, name);
  if (name === 'all' || name === 'default') net.settings[name].disabled6 = off;
  if (name === 'all') net.settings.default.disabled6 = off;
  for (const other of name === 'all' ? net.interfaces.values() : one ? [one] : []) net.addressing.setIpv6(other, !off);
}

const forward4 = setForwarding('forward4');
const LINK_4: readonly LinkEntry[] = [
  linkSetting(
    'arp_notify',
    1,
    (of) => (of.arpNotify ? 1 : 0),
    (net, name, value) => {
      settingsOf(net, name)!.arpNotify = value !== 0;
    },
  ),
  linkSetting('forwarding', 1, (of) => (of.forward4 ? 1 : 0), forward4),
  () => constant('mc_forwarding', 0),
  () => constant('proxy_arp', 0),
  linkSetting(
    'rp_filter',
    2,
    (of) => of.reversePath,
    (net, name, value) => {
      settingsOf(net, name)!.reversePath = value;
    },
  ),
  () => constant('send_redirects', 0),
];
const LINK_6: readonly LinkEntry[] = [
  linkSetting(
    'accept_ra',
    2,
    (of) => of.acceptRouters,
    (net, name, value) => {
      settingsOf(net, name)!.acceptRouters = value;
    },
  ),
  linkSetting('disable_ipv6', 1, (of) => (of.disabled6 ? 1 : 0), disable6),
  linkSetting('forwarding', 1, (of) => (of.forward6 ? 1 : 0), setForwarding('forward6')),
];

export class LinkDirectory extends ProcDirectory {
  private readonly subject: NetSubject;

  constructor(
    place: Place<NetSubject>,
    private readonly six: boolean,
  ) {
    super(place.fs, place.ino, S_IFDIR | 0o555, place.subject.owner());
    this.subject = place.subject;
  }

  override lookup(_actor: Actor, name: string): Inode | number {
    const { net } = this.subject;
    const index = name === 'all' ? 0 : name === 'default' ? -1 : interfaceOf(net, name)?.index;
    if (index === undefined) return -ENOENT;
    const place = { fs: this.fs, ino: inoBelow(this.ino, index + 1), subject: this.subject };
    return new TableDirectory(
      place,
      0o555,
      (this.six ? LINK_6 : LINK_4).map((make) => make(name)),
    );
  }

  override entries(_task: Task, position: number, see: (entry: DirectoryEntry, next: number) => boolean): number {
    const names = ['all', 'default', ...[...this.subject.net.interfaces.values()].map(({ name }) => name)];
    for (let i = position; i < names.length; i++)
      if (!see({ name: names[i]!, ino: inoBelow(this.ino, i + 1), mode: S_IFDIR | 0o555 }, i + 1)) break;
    return 0;
  }
}

const conf = (six: boolean): Entry<NetSubject> => directory('conf', 0o555, (place) => new LinkDirectory(place, six));

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
  conf(false),
  flag('icmp_echo_ignore_all', 'ignoreEcho'),
  constant('ip_default_ttl', 64),
  setting(
    'ip_forward',
    ({ settings }) => (settings.all.forward4 ? 1 : 0),
    (net, text) => {
      const values = numbersIn(text, 1, 0, 1);
      if (!values) return -EINVAL;
      forward4(net, 'all', values[0]!);
      return 0;
    },
  ),
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

const ipv6 = [flag('bindv6only', 'bindV6Only'), conf(true)];

const ENTRIES: readonly Entry<NetSubject>[] = [
  table('core', 0o555, core),
  table('ipv4', 0o555, ipv4),
  table('ipv6', 0o555, ipv6),
];

/** What is below is about the namespace of whoever has come by here. */
export class NetDirectory extends TableDirectory<SystemSubject> {
  override lookup(actor: Actor, name: string): Inode | number {
    const net = (actor as Partial<Task>).namespaces?.net ?? actor.kernel.netNamespace;
    const place = { fs: this.fs, ino: this.ino, subject: new NetSubject(this.subject, net) };
    return new TableDirectory(place, 0o555, ENTRIES).lookup(actor, name);
  }
}

export const NET_SETTINGS: Entry<SystemSubject> = directory(
  'net',
  0o555,
  (place) => new NetDirectory(place, 0o555, ENTRIES as readonly Entry<SystemSubject>[]),
);
