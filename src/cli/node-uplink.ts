// A node's way out: a card in its first network namespace, on a switch with the gateway that machines have; ports of the host lead in.
// Contract: src/node/uplink.ts.
import { openLan } from '../hosts/node/lan.js';
import type { NodeHost } from '../hosts/node/host.js';
import { NodeNetwork } from '../hosts/node/sockets.js';
import { RT_TABLE_MAIN, RTN_UNICAST, RTPROT_BOOT } from '../kernel/abi/rtnetlink.js';
import type { Kernel } from '../kernel/kernel.js';
import { HostTimers } from '../kernel/task/host-timers.js';
import { stationAt } from '../net/ethernet.js';
import { FIRST_GUEST, GATEWAY, NAME_SERVER } from '../net/private-network.js';
import type { Gateway } from '../net/gateway.js';
import type { Allowed } from '../net/policy.js';
import type { ForwardedPort } from '../net/udp-forward.js';
import type { OpenPort, Uplink } from '../node/uplink.js';
import { plugCard } from '../node/uplink-card.js';
import { Cable } from '../vmm/cable.js';
import { NETWORK_ADDRESS } from '../vmm/layout.js';

/** `allowed`: what of the host's own and private networks may be reached. */
export async function openUplink(kernel: Kernel, host: NodeHost, allowed: readonly Allowed[] = []): Promise<Uplink> {
  const station = stationAt(NETWORK_ADDRESS, 0);
  const wake = (): void => host.wake();
  const cable = new Cable(wake);
  const sockets = new NodeNetwork(wake);
  const random = (): number => new DataView(kernel.randomBytes(4).buffer).getUint32(0);
  const say = (line: string): void => void process.stderr.write(`tabvisor: ${line}\n`);
  const around = { cable, station, random, timers: new HostTimers(kernel), wake, say, sockets };
  const { gateway } = await openLan({ allowed: [...allowed], forwards: [] }, around);
  const card = plugCard(kernel, station, (frame) => cable.transmit(frame));
  cable.deliver = (frame) => card.arrived(frame);
  kernel.netNamespace.routes.add({
    ...{ destination: 0, bits: 0, gateway: GATEWAY, interface: card, metric: 0, table: RT_TABLE_MAIN },
    ...{ protocol: RTPROT_BOOT, scope: 0, type: RTN_UNICAST, flags: 0 },
  });
  return {
    nameServers: [NAME_SERVER],
    publish: (protocol, address, port, to) =>
      (protocol === 'udp' ? publishDatagrams : publishStreams)(sockets, gateway, address, port, to),
  };
}

async function publishStreams(
  sockets: NodeNetwork,
  gateway: Gateway,
  address: string,
  port: number,
  to: number,
): Promise<OpenPort> {
  const server = await sockets.listen(address, port, (attach) => gateway.accept(FIRST_GUEST, to, attach));
  const at = server.address();
  return { port: typeof at === 'object' && at ? at.port : port, close: () => void server.close() };
}

async function publishDatagrams(
  sockets: NodeNetwork,
  gateway: Gateway,
  address: string,
  port: number,
  to: number,
): Promise<OpenPort> {
  let forwarded: ForwardedPort | undefined;
  const socket = await sockets.listenDatagrams(address, port, (from, fromPort, data) =>
    forwarded?.received(from, fromPort, data),
  );
  const way = gateway.forward(FIRST_GUEST, to, socket);
  forwarded = way;
  return {
    port: socket.port,
    close() {
      way.close();
      socket.close();
    },
  };
}
