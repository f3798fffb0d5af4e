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
import { mountFile } from '../kernel/node.js';
import type { MountNamespace } from '../kernel/ns/mount-namespace.js';
import type { NetNamespace } from '../kernel/ns/net-namespace.js';
import { HostTimers } from '../kernel/task/host-timers.js';
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

/**
 * The network of `--net text` in the namespace of a program, as fast as `rate` says; undefined: none. `pass` lets the kernel run until
 * something may have come. Throws InputError.
 */
export async function openNodeNetwork(
  netNamespace: NetNamespace,
  host: NodeHost,
  text: string,
  rate: ShapeOptions | undefined,
  pass: () => Promise<void>,
): Promise<NodeNetwork | undefined> {
  const { kernel } = netNamespace;
  const random = (): number => new DataView(kernel.randomBytes(4).buffer).getUint32(0);
  const option = parseNet(withAddress(text, () => random() & 0xffffff));
  if (!option) return undefined;
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
  while (client.phase !== 'bound' && host.now() < end) await pass();
  return {
    nameServers: [...client.nameServers, ...card.nameServers].map(formatAddress),
    address: client.address === 0 ? undefined : formatAddress(client.address),
    close: () => network.close(),
  };
}

/** Puts /etc/resolv.conf, /etc/hosts and /etc/hostname over those of the root, as container engines do. */
export function mountNetworkFiles(kernel: Kernel, namespace: MountNamespace, name: string, network: NodeNetwork): void {
  const hosts = [
    '127.0.0.1\tlocalhost',
    '::1\tlocalhost ip6-localhost ip6-loopback',
    'ff02::1\tip6-allnodes',
    'ff02::2\tip6-allrouters',
    `${network.address ?? '127.0.1.1'}\t${name}`,
  ];
  mountText(kernel, namespace, 'hosts', `${hosts.join('\n')}\n`);
  mountText(kernel, namespace, 'hostname', `${name}\n`);
  mountText(kernel, namespace, 'resolv.conf', network.nameServers.map((one) => `nameserver ${one}\n`).join(''));
}

/** A file over /etc/NAME; where the root has none and takes none it is left out. */
function mountText(kernel: Kernel, namespace: MountNamespace, name: string, text: string): void {
  const owner = namespace.owner.rootIds;
  const root = namespace.rootPath;
  let etc = root.inode.lookup(kernel.setup, 'etc');
  if (typeof etc === 'number') etc = root.inode.create(kernel.setup, 'etc', { mode: S_IFDIR | 0o755, ...owner });
  if (typeof etc === 'number' || !etc.isDirectory) return;
  const place = etc.lookup(kernel.setup, name);
  if (typeof place === 'number') etc.create(kernel.setup, name, { mode: S_IFREG | 0o644, ...owner });
  else if (!place.isRegular) return;
  const fs = new Tmpfs(kernel.newDevice(), kernel.frames, { size: 65536, mode: 0o755, ...owner }, kernel.clock);
  fs.source = 'tmpfs';
  const file = fs.root.create(kernel.setup, name, { mode: S_IFREG | 0o644, ...owner });
  if (typeof file === 'number') return;
  const bytes = new TextEncoder().encode(text);
  const { frames } = kernel;
  frames.bytes.set(bytes, frames.hostAddress(file.cache!.get(0)));
  file.size = bytes.length;
  mountFile(kernel, namespace, `/etc/${name}`, fs, file);
}
