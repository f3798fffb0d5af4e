// `--net` of `tabvisor kernel run`: a card in the kernel's first network namespace on the same switch and gateway that machines have, and
// the files of the root that name the name servers and the host.
import type { NodeHost } from '../hosts/node/host.js';
import { openNetwork } from '../hosts/node/network.js';
import { S_IFDIR, S_IFREG } from '../kernel/abi/stat.js';
import { Tmpfs } from '../kernel/fs/tmpfs.js';
import type { Kernel } from '../kernel/kernel.js';
import { DhcpClient } from '../kernel/net/dhcp-client.js';
import { Card } from '../kernel/net/link/card.js';
import { type ShapeOptions, Shaper } from '../kernel/net/queue/shaper.js';
import type { MountNamespace } from '../kernel/ns/mount-namespace.js';
import { HostTimers } from '../kernel/task/host-timers.js';
import { Dentry } from '../kernel/vfs/dentry.js';
import { formatAddress } from '../net/address.js';
import { type FrameSink, stationAt } from '../net/ethernet.js';
import { Cable } from '../vmm/cable.js';
import { NETWORK_ADDRESS } from '../vmm/layout.js';
import { parseNet, withAddress } from './net-option.js';

/** The card of a node that is alone on its network. */
const STATION = stationAt(NETWORK_ADDRESS, 0);
/** Nanoseconds that a node waits for its address before its first program starts. */
const PATIENCE = 5e9;

export interface NodeNetwork {
  nameServers: string[];
  address?: string;
  close(): void;
}

/** The network of `--net text`, as fast as `rate` says; undefined: none. Throws InputError. */
export async function openNodeNetwork(
  kernel: Kernel,
  host: NodeHost,
  text: string,
  rate?: ShapeOptions,
): Promise<NodeNetwork | undefined> {
  const random = (): number => new DataView(kernel.randomBytes(4).buffer).getUint32(0);
  const option = parseNet(withAddress(text, () => random() & 0xffffff));
  if (!option) return undefined;
  const { netNamespace } = kernel;
  const station = option.station ?? STATION;
  const card = new Card(netNamespace, netNamespace.newIndex(), 'eth0', station);
  const cable = new Cable(() => host.wake());
  // beyond the card, where root's `tc` does not reach
  const shaped = (onward: FrameSink): FrameSink => {
    if (!rate) return onward;
    const shaper = new Shaper(kernel.timers, kernel.clock, rate, onward);
    return (frame) => shaper.send(frame);
  };
  cable.deliver = shaped((frame) => card.arrived(frame));
  card.output = { transmit: shaped((frame) => cable.transmit(frame)) };
  netNamespace.add(card);
  const network = await openNetwork(option, {
    ...{ cable, station, random, timers: new HostTimers(kernel), wake: () => host.wake() },
    say: (line) => process.stderr.write(`tabvisor: ${line}\n`),
  });
  netNamespace.addressing.setUp(card, true);
  const client = new DhcpClient(card);
  client.start();
  const end = host.now() + PATIENCE;
  while (client.phase !== 'bound' && host.now() < end) {
    kernel.run(kernel.clock.monotonic() + 1e6);
    await host.sleep(Math.min(1e8, Math.max(0, kernel.nextTimer - kernel.clock.monotonic())));
  }
  return {
    nameServers: [...client.nameServers, ...card.nameServers].map(formatAddress),
    address: client.address === 0 ? undefined : formatAddress(client.address),
    close: () => network.close(),
  };
}

/** Puts /etc/resolv.conf, /etc/hosts and /etc/hostname over those of the root, as container engines do. */
export function mountNetworkFiles(kernel: Kernel, namespace: MountNamespace, network: NodeNetwork): void {
  const name = kernel.utsNamespace.hostname;
  const hosts = [
    '127.0.0.1\tlocalhost',
    '::1\tlocalhost ip6-localhost ip6-loopback',
    'ff02::1\tip6-allnodes',
    'ff02::2\tip6-allrouters',
    `${network.address ?? '127.0.1.1'}\t${name}`,
  ];
  mountFile(kernel, namespace, 'hosts', `${hosts.join('\n')}\n`);
  mountFile(kernel, namespace, 'hostname', `${name}\n`);
  mountFile(kernel, namespace, 'resolv.conf', network.nameServers.map((one) => `nameserver ${one}\n`).join(''));
}

/** A file over /etc/NAME; where the root has none and takes none it is left out. */
function mountFile(kernel: Kernel, namespace: MountNamespace, name: string, text: string): void {
  const owner = { uid: 0, gid: 0 };
  const root = namespace.rootPath;
  let etc = root.inode.lookup(kernel.setup, 'etc');
  if (typeof etc === 'number') etc = root.inode.create(kernel.setup, 'etc', { mode: S_IFDIR | 0o755, ...owner });
  if (typeof etc === 'number' || !etc.isDirectory) return;
  let place = etc.lookup(kernel.setup, name);
  if (typeof place === 'number') place = etc.create(kernel.setup, name, { mode: S_IFREG | 0o644, ...owner });
  if (typeof place === 'number' || !place.isRegular) return;
  const fs = new Tmpfs(kernel.newDevice(), kernel.frames, { size: 65536, mode: 0o755 }, kernel.clock);
  fs.source = 'tmpfs';
  const file = fs.root.create(kernel.setup, name, { mode: S_IFREG | 0o644, ...owner });
  if (typeof file === 'number') return;
  const bytes = new TextEncoder().encode(text);
  const { frames } = kernel;
  frames.bytes.set(bytes, frames.hostAddress(file.cache!.get(0)));
  file.size = bytes.length;
  const directory = root.dentry.child('etc') ?? new Dentry('etc', root.dentry, etc);
  root.dentry.add(directory);
  const dentry = directory.child(name) ?? new Dentry(name, directory, place);
  directory.add(dentry);
  root.mount.attach(kernel.newMount(fs, new Dentry(name, undefined, file), 0), dentry);
}
