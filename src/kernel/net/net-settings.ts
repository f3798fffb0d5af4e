// What /proc/sys/net sets for one namespace. Linux Documentation/networking/ip-sysctl.rst.
import { PORT_FIRST, PORT_LAST } from './inet/port-table.js';

/** net.ipv4.conf.X, net.ipv6.conf.X. */
export class LinkSettings {
  /** What comes by it and is for others goes on. */
  forward4 = false;
  /** It is a router's: what routers tell is not for it. Packets go on when `all` says so. */
  forward6 = false;
  disabled6 = false;
  /** Routers are believed: never; while it is not one itself; always. */
  acceptRouters = 1;
  /** Must the way back to a sender go by the interface (1), or anywhere (2)? RFC 3704; that of `all` counts too. */
  reversePath = 0;
  /** Neighbours are told of new addresses. */
  arpNotify = false;

  /** What is IPv4's. */
  takeOver4({ forward4, reversePath, arpNotify }: LinkSettings): void {
    Object.assign(this, { forward4, reversePath, arpNotify });
  }

  takeOver({ forward4, forward6, disabled6, acceptRouters, reversePath, arpNotify }: LinkSettings): void {
    Object.assign(this, { forward4, forward6, disabled6, acceptRouters, reversePath, arpNotify });
  }
}

export class NetSettings {
  /** net.ipv4.ip_local_port_range. */
  localPorts = { first: PORT_FIRST, last: PORT_LAST };
  /** net.ipv4.ip_unprivileged_port_start. */
  unprivilegedFrom = 1024;
  /** net.ipv4.ping_group_range; as a Linux has it nobody, as container engines set it everybody. */
  pingGroups = { first: 0, last: 2 ** 31 - 1 };
  /** net.ipv4.conf.all, net.ipv6.conf.all, and what new interfaces begin with. */
  readonly all = new LinkSettings();
  readonly default = new LinkSettings();
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
