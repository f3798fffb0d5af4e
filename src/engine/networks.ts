// Networks of containers: which there are, who has which address in them. Docker Engine API, "Networks"; docs, "Networking overview".
// Three are there from the beginning: bridge, host, none. Addresses are given out here, so that they are known before a container begins.
import { type Address, formatAddress, parseAddress } from '../net/address.js';
import type { NodeClient } from '../runtime/node-client.js';
import { Conflict, Forbidden, InvalidParameter, NotFound } from './errors.js';
import type { Events } from './events.js';
import { type EngineHost, randomHex } from './host.js';
import {
  FIRST_POOL,
  freeAddress,
  givable,
  type Pool,
  type PoolRecord,
  poolFrom,
  poolsOf,
  recordOfPool,
  textOf,
} from './ipam.js';
import { Members } from './json-members.js';
import type { StateStore } from './state-store.js';

/** A container's seat in a network while it runs. */
export interface Seat {
  /** Of the endpoint. */
  id: string;
  address: Address;
  address6?: Address;
  /** As 02:42:ac:11:00:02. */
  station: string;
}

type NetworkRecord = Omit<Network, 'seats' | 'pools'> & { pools: PoolRecord[] };

export interface Network {
  id: string;
  name: string;
  driver: 'bridge' | 'host' | 'null';
  internal: boolean;
  attachable: boolean;
  ipv6: boolean;
  labels: Record<string, string>;
  options: Record<string, string>;
  /** Milliseconds since 1970. */
  created: number;
  /** Of a bridge: IPv4's, and IPv6's. */
  pools: Pool[];
  /** Somebody has said which subnet: addresses can be asked for. */
  configured: boolean;
  /** By the ids of containers that run. */
  readonly seats: Map<string, Seat>;
}

const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/;
const BRIDGE_NAME = 'com.docker.network.bridge.name';
const STATION = /^[0-9a-f][02468ace](:[0-9a-f]{2}){5}$/i;
export const NO_SWARM =
  'This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect this node to swarm and try again.';

const MTU = 'com.docker.network.driver.mtu';
const MTU_MIN = 68;
const MTU_MAX = 65_535;
const BINDING = 'com.docker.network.bridge.host_binding_ipv4';
const ICC = 'com.docker.network.bridge.enable_icc';
const MASQUERADE = 'com.docker.network.bridge.enable_ip_masquerade';
const PREFIX = 'com.docker.network.container_iface_prefix';
/** What an interface's number follows. */
const PREFIX_NAME = /^[a-z][a-z0-9.-]{0,11}$/;
/** Docker's, of which there is here what its default says. */
const UNCHANGED: Readonly<Record<string, string>> = {
  'com.docker.network.bridge.inhibit_ipv4': 'false',
  'com.docker.network.bridge.gateway_mode_ipv4': 'nat',
  'com.docker.network.bridge.gateway_mode_ipv6': 'nat',
};

/** As strconv.ParseBool has them. */
const BOOLEANS = /^(1|t|T|TRUE|true|True|0|f|F|FALSE|false|False)$/;
const isOff = ({ options }: Network, name: string): boolean => /^[0fF]/.test(options[name] ?? 'true');

/** Throws InvalidParameter. */
function checkOptions(options: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(options))
    if (Object.hasOwn(UNCHANGED, name) && value !== UNCHANGED[name])
      throw new InvalidParameter(`the option ${name}=${value} is not supported here, only ${UNCHANGED[name]}`);
  const mtu = Number(options[MTU] ?? MTU_MIN);
  if (!Number.isInteger(mtu) || mtu < MTU_MIN || mtu > MTU_MAX)
    throw new InvalidParameter(`invalid value for ${MTU}: ${options[MTU]}`);
  for (const name of [ICC, MASQUERADE])
    if (!BOOLEANS.test(options[name] ?? 'true'))
      throw new InvalidParameter(`strconv.ParseBool: parsing "${options[name]}": invalid syntax`);
  if (!PREFIX_NAME.test(options[PREFIX] ?? 'eth'))
    throw new InvalidParameter(`invalid value for ${PREFIX}: ${options[PREFIX]}`);
  const binding = options[BINDING];
  if (binding !== undefined && typeof parseAddress(binding) !== 'number')
    throw new InvalidParameter(`invalid value for ${BINDING}: ${binding}`);
}

const mtuOf = ({ options }: Network): number | undefined => (options[MTU] ? Number(options[MTU]) : undefined);

/** Where the ports of those that are in it are to be had, unless they say so. */
export const bindingOf = ({ options }: Network): string | undefined => options[BINDING];

/** Kinds of networks that are not here. Throws EngineError. */
function checkKind(given: Members): void {
  if (given.flag('Ingress') || given.text('Scope') === 'swarm') throw new Forbidden(NO_SWARM);
  if (given.flag('ConfigOnly') || given.members('ConfigFrom').text('Network') !== '')
    throw new InvalidParameter(
      'networks that are but a configuration are not supported here: give the options to each',
    );
  const driver = given.members('IPAM').text('Driver');
  if (driver !== '' && driver !== 'default')
    throw new NotFound(`could not find plugin ${driver} in v1 plugin registry: plugin not found`);
}

export const isPredefined = ({ name }: Pick<Network, 'name'>): boolean => ['bridge', 'host', 'none'].includes(name);

export class Networks {
  private readonly networks = new Map<string, Network>();
  /** Bridges that the node has. */
  private readonly made = new Set<string>();

  constructor(
    private readonly node: NodeClient,
    private readonly host: EngineHost,
    private readonly events: Events,
    private readonly state: StateStore,
  ) {
    this.add({ name: 'bridge', pools: [FIRST_POOL] });
    this.add({ name: 'host', driver: 'host' });
    this.add({ name: 'none', driver: 'null' });
  }

  /** As the last process had them. */
  async load(): Promise<void> {
    const kept = await this.state.networks<NetworkRecord>();
    if (kept.length === 0) return this.save();
    this.networks.clear();
    for (const { pools, ...network } of kept)
      this.networks.set(network.id, { ...network, pools: pools.map(poolFrom), seats: new Map() });
  }

  private saving: Promise<unknown> = Promise.resolve();

  private save(frees = false): Promise<void> {
    const next = this.saving.then(() =>
      this.state.saveNetworks(
        this.list().map(({ seats: _, pools, ...network }) => ({ ...network, pools: pools.map(recordOfPool) })),
        frees,
      ),
    );
    this.saving = next.catch(() => {});
    return next;
  }

  private add(given: Partial<Network> & { name: string }): Network {
    const network: Network = {
      ...{ id: randomHex(this.host, 32), driver: 'bridge', internal: false, attachable: false, ipv6: false },
      ...{ labels: {}, options: {}, created: this.host.date(), pools: [], configured: false },
      ...given,
      seats: new Map(),
    };
    this.networks.set(network.id, network);
    return network;
  }

  list(): Network[] {
    return [...this.networks.values()];
  }

  /** By name, id, or the beginning of one. Throws NotFound. */
  find(reference: string): Network {
    const wanted = reference === 'default' ? 'bridge' : reference;
    const all = this.list();
    const found =
      all.find(({ id, name }) => id === wanted || name === wanted) ?? all.find(({ id }) => id.startsWith(wanted));
    if (!found || reference === '') throw new NotFound(`network ${reference} not found`);
    return found;
  }

  /** The name of a network, however it is referred to; of one that is not there what it was called. */
  nameOf(reference: string): string {
    try {
      return this.find(reference).name;
    } catch {
      return reference;
    }
  }

  /** From the body of a request. Throws InvalidParameter, Conflict. */
  async create(body: unknown): Promise<Network> {
    const given = new Members(body, 'the network');
    const name = given.text('Name');
    if (!NAME.test(name)) throw new InvalidParameter(`invalid network name: '${name}'`);
    if (isPredefined({ name })) throw new Forbidden(`operation is not permitted on predefined ${name} network `);
    if (this.list().some((network) => network.name === name))
      throw new Conflict(`network with name ${name} already exists`);
    this.checkDriver(given.text('Driver') || 'bridge');
    checkKind(given);
    if (given.has('EnableIPv4') && !given.flag('EnableIPv4'))
      throw new InvalidParameter('IPv4 cannot be disabled: leave --ipv4=false away');
    const ipam = given.members('IPAM');
    const ipv6 = given.flag('EnableIPv6');
    const taken = this.list().flatMap(({ pools }) => pools);
    const pools = poolsOf(ipam, ipv6, taken, () => BigInt(`0x${randomHex(this.host, 8)}`));
    const options = given.map('Options');
    checkOptions(options);
    const bridge = options[BRIDGE_NAME];
    if (bridge !== undefined && (bridge === '' || this.list().some((other) => bridgeOf(other) === bridge)))
      throw new Conflict(`bridge name ${bridge} is in use already`);
    const network = this.add({
      ...{ name, pools, options, ipv6, internal: given.flag('Internal'), attachable: given.flag('Attachable') },
      ...{ labels: given.map('Labels'), configured: ipam.list('Config').length > 0 },
    });
    try {
      await this.save();
    } catch (error) {
      this.networks.delete(network.id);
      throw error;
    }
    this.events.tell('network', 'create', network.id, { name, type: 'bridge' });
    return network;
  }

  private checkDriver(driver: string): void {
    if (driver === 'bridge') return;
    if (driver === 'host' || driver === 'null')
      throw new Forbidden(`only one instance of "${driver}" network is allowed`);
    if (driver === 'overlay') throw new Forbidden(NO_SWARM);
    throw new NotFound(`could not find plugin ${driver} in v1 plugin registry: plugin not found`);
  }

  async remove(network: Network): Promise<void> {
    if (isPredefined(network)) throw new Forbidden(`${network.name} is a pre-defined network and cannot be removed`);
    if (network.seats.size > 0)
      throw new Forbidden(`error while removing network: network ${network.name} has active endpoints`);
    this.networks.delete(network.id);
    try {
      await this.save(true);
    } catch (error) {
      this.networks.set(network.id, network);
      throw error;
    }
    if (this.made.delete(network.id)) await this.node.call('removeNetwork', { id: network.id });
    this.events.tell('network', 'destroy', network.id, { name: network.name, type: network.driver });
  }

  /** The node has the network's bridge from now on. */
  async prepare(network: Network): Promise<void> {
    const { id, internal } = network;
    const [first, second] = network.pools.map((pool) => ({
      subnet: textOf(pool),
      gateway: formatAddress(pool.gateway),
    }));
    if (!first || this.made.has(id)) return;
    this.made.add(id);
    try {
      await this.node.call('addNetwork', {
        id,
        bridge: bridgeOf(network),
        ...first,
        ipv6: second,
        internal,
        mtu: mtuOf(network),
        isolated: isOff(network, ICC),
        keepsAddresses: isOff(network, MASQUERADE),
        prefix: network.options[PREFIX],
      });
    } catch (error) {
      this.made.delete(id);
      throw error;
    }
  }

  // ---- seats ----------------------------------------------------------------------------------------------------------------------

  /** What is asked for can be had, as far as that is known before. Throws InvalidParameter. */
  check(network: Network, asked: { address: string; address6: string }): void {
    const wanted = [asked.address, asked.address6].filter((text) => text !== '');
    if (wanted.length === 0) return;
    const refuse = (why: string): never => {
      throw new InvalidParameter(`invalid config for network ${network.name}: invalid endpoint settings:\n${why}`);
    };
    if (isPredefined(network)) refuse('user specified IP address is supported on user defined networks only');
    if (!network.configured)
      refuse('user specified IP address is supported only when connecting to networks with user configured subnets');
    for (const text of wanted) {
      const address = parseAddress(text);
      if (address === undefined || !network.pools.some((pool) => givable(pool, address)))
        refuse(`no configured subnet contains IP address ${text}`);
    }
  }

  /** A seat for a container, which has it until release(). Throws InvalidParameter, Conflict. */
  seat(network: Network, container: string, asked: { address: string; address6: string; station: string }): Seat {
    this.check(network, asked);
    const [first, second] = network.pools;
    const address = this.allocate(network, first!, asked.address);
    const seat: Seat = {
      ...{ id: randomHex(this.host, 32), address },
      ...(second && { address6: this.allocate(network, second, asked.address6) }),
      station: stationOf(asked.station, address),
    };
    network.seats.set(container, seat);
    this.tell('connect', network, container);
    return seat;
  }

  private allocate(network: Network, pool: Pool, asked: string): Address {
    const taken = new Set([...network.seats.values()].flatMap(({ address, address6 }) => [address, address6 ?? 0]));
    const address = asked ? parseAddress(asked)! : freeAddress(pool, taken);
    if (address === undefined)
      throw new Conflict(
        `no available IPv${typeof pool.network === 'number' ? 4 : 6} addresses on this network's address pools: ${network.name} (${network.id})`,
      );
    if (taken.has(address)) throw new Forbidden('Address already in use');
    return address;
  }

  /** A container leaves a network, or all that it is in. */
  release(container: string, only?: Network): void {
    for (const network of only ? [only] : this.list())
      if (network.seats.delete(container)) this.tell('disconnect', network, container);
  }

  private tell(action: string, { id, name, driver }: Network, container: string): void {
    this.events.tell('network', action, id, { container, name, type: driver });
  }
}

function bridgeOf({ id, name, options }: Network): string {
  return options[BRIDGE_NAME] ?? (name === 'bridge' ? 'docker0' : `br-${id.slice(0, 12)}`);
}

/** What is asked for, or one that follows from the address, so that neighbours' tables stay true when a container begins again. */
function stationOf(asked: string, address: Address): string {
  if (asked) {
    if (!STATION.test(asked)) throw new InvalidParameter(`invalid MAC address: ${asked}`);
    return asked.toLowerCase();
  }
  const bytes = [24, 16, 8, 0].map((shift) => Math.floor(Number(address) / 2 ** shift) % 256);
  return ['02', '42', ...bytes.map((byte) => byte.toString(16).padStart(2, '0'))].join(':');
}
