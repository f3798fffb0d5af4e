// /proc/net/tcp and its kin: sockets of the reader's network namespace, one a line. man 5 proc; Linux net/ipv4/tcp_ipv4.c, udp.c, raw.c, net/unix/af_unix.c.
import { AF_INET, AF_INET6 } from '../../abi/socket.js';
import { addressBytes, type Endpoint, mapped } from '../../net/inet/endpoint.js';
import { type InetSocketState, inetSockets, LISTEN } from '../../net/socket-list.js';
import type { NetNamespace } from '../../ns/net-namespace.js';

const POINTER = '0000000000000000';

const hex = (value: number, digits: number): string => (value >>> 0).toString(16).toUpperCase().padStart(digits, '0');

/** An address as words in the order of the machine, and the port. */
function endpoint(family: number, end: Endpoint | undefined): string {
  const address = end?.address ?? 0;
  const bytes = family === AF_INET ? addressBytes(Number(address)) : addressBytes(address === 0 ? 0n : mapped(address));
  const view = new DataView(bytes.buffer);
  let text = '';
  for (let at = 0; at < bytes.length; at += 4) text += hex(view.getUint32(at, true), 8);
  return `${text}:${hex(end?.port ?? 0, 4)}`;
}

/** What all protocols have: state, queues, timer, owner. */
function columns(one: InetSocketState): string {
  const { family, local, remote, state, readable, unsent, timer, uid, inode } = one;
  const queues = `${hex(state === LISTEN ? 0 : unsent, 8)}:${hex(readable, 8)}`;
  const due = `${hex(timer.kind, 2)}:${hex(Math.floor(timer.milliseconds / 10), 8)}`;
  const owner = `${String(uid).padStart(5)} ${'0'.padStart(8)} ${inode}`;
  return `${endpoint(family, local)} ${endpoint(family, remote)} ${hex(state, 2)} ${queues} ${due} 00000000 ${owner}`;
}

const HEAD_4 = 'local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode';
const HEAD_6 =
  'local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode';

export function tcp(namespace: NetNamespace, family: number): string {
  const four = family === AF_INET;
  const line = (text: string): string => `${four ? text.padEnd(149) : text}\n`;
  let all = line(`  sl  ${four ? HEAD_4 : HEAD_6}`);
  const rows = inetSockets(namespace, 'tcp').filter((one) => one.family === family);
  for (const [i, one] of rows.entries())
    all += line(
      `${String(i).padStart(4)}: ${columns(one)} 1 ${POINTER} ${one.state === LISTEN ? '100 0 0 10 0' : '20 4 0 10 -1'}`,
    );
  return all;
}

export function datagrams(namespace: NetNamespace, kind: 'udp' | 'raw' | 'icmp', family: number): string {
  const four = family === AF_INET;
  const width = kind === 'udp' || kind === 'icmp' ? 5 : 4;
  const line = (text: string): string => `${four && kind !== 'raw' ? text.padEnd(127) : text}\n`;
  const first = kind === 'raw' || !four ? '  sl  ' : '   sl  ';
  let all = line(`${first}${four ? HEAD_4 : HEAD_6} ref pointer drops`);
  const rows = inetSockets(namespace, kind).filter((one) => one.family === family);
  for (const [i, one] of rows.entries())
    all += line(`${String(i).padStart(width)}: ${columns(one)} 2 ${POINTER} ${one.drops}`);
  return all;
}

/** Linux net/packet/af_packet.c packet_seq_show. */
export function packet({ packets: { sockets } }: NetNamespace): string {
  let text = 'sk               RefCnt Type Proto  Iface R Rmem   User   Inode\n';
  for (const { type, ether, index, waiting, inode } of sockets) {
    const protocol = ether.toString(16).padStart(4, '0');
    const columns = [
      String(type).padEnd(4),
      protocol,
      ` ${String(Math.max(0, index)).padEnd(5)}`,
      ether === 0 ? '0' : '1',
    ];
    text += `${POINTER} 3      ${columns.join(' ')} ${String(waiting).padEnd(6)} ${'0'.padEnd(6)} ${String(inode.ino).padEnd(6)}\n`;
  }
  return text;
}

const UNCONNECTED = 1;
const CONNECTED = 3;
const ACCEPTS = 0x10000;

export function unix({ unix: { all } }: NetNamespace): string {
  let text = 'Num       RefCount Protocol Flags    Type St Inode Path\n';
  for (const socket of all) {
    const { name, peer } = socket.description;
    const state = peer !== 0 ? CONNECTED : UNCONNECTED;
    const flags = hex(socket.listening ? ACCEPTS : 0, 8);
    const path = name === '' ? '' : ` ${name.replaceAll('\0', '@')}`;
    text += `${POINTER}: 00000002 00000000 ${flags} ${hex(socket.type, 4)} ${hex(state, 2).padStart(2, '0')} ${String(socket.inode.ino).padStart(5)}${path}\n`;
  }
  return text;
}

export function sockstat(namespace: NetNamespace, family: number): string {
  const of = (kind: 'tcp' | 'udp' | 'raw'): InetSocketState[] =>
    inetSockets(namespace, kind).filter((one) => one.family === family);
  const connections = of('tcp');
  const waiting = connections.filter(({ timer }) => timer.kind === 3).length;
  const orphans = connections.filter(({ inode, timer }) => inode === 0 && timer.kind !== 3).length;
  const used = connections.length - waiting;
  if (family === AF_INET6)
    return `TCP6: inuse ${used}\nUDP6: inuse ${of('udp').length}\nUDPLITE6: inuse 0\nRAW6: inuse ${of('raw').length}\nFRAG6: inuse 0 memory 0\n`;
  const all =
    namespace.unix.all.size +
    namespace.packets.sockets.size +
    ['tcp', 'udp', 'raw'].reduce((sum, kind) => sum + inetSockets(namespace, kind as 'tcp').length, 0);
  return (
    `sockets: used ${all}\nTCP: inuse ${used} orphan ${orphans} tw ${waiting} alloc ${used} mem 0\n` +
    `UDP: inuse ${of('udp').length} mem 0\nUDPLITE: inuse 0\nRAW: inuse ${of('raw').length}\nFRAG: inuse 0 memory 0\n`
  );
}
