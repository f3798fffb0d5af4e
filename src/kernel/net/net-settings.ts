// What /proc/sys/net sets for one namespace. Linux Documentation/networking/ip-sysctl.rst.
import { PORT_FIRST, PORT_LAST } from './inet/port-table.js';

export class NetSettings {
  /** net.ipv4.ip_local_port_range. */
  localPorts = { first: PORT_FIRST, last: PORT_LAST };
  /** net.ipv4.ip_unprivileged_port_start. */
  unprivilegedFrom = 1024;
  /** net.ipv4.ping_group_range; as a Linux has it nobody, as container engines set it everybody. */
  pingGroups = { first: 0, last: 2 ** 31 - 1 };
  /** net.ipv4.ip_forward, net.ipv6.conf.all.forwarding. */
  forward4 = false;
  forward6 = false;
  /** net.ipv6.bindv6only. */
  bindV6Only = false;
  /** net.core.somaxconn. */
  backlogMax = 4096;
  /** net.ipv4.icmp_echo_ignore_all. */
  ignoreEcho = false;
  /** Seconds and a count: net.ipv4.tcp_keepalive_*. */
  keepAlive = { idle: 7200, interval: 75, count: 9 };
  /** Seconds: net.ipv4.tcp_fin_timeout. */
  finTimeout = 60;
  /** net.ipv4.ip_nonlocal_bind. */
  bindAnywhere = false;
}
