// The engine: containers by name and id, exec, volumes, on a node; what the API and a command line of ours speak to.
// Docker Engine API. Several nodes later: a container knows its own.
import type { NamespaceType } from '../base/runtime-spec.js';
import type { NodeClient, ProcessRow, Statistics } from '../runtime/node-client.js';
import { Container, type Surroundings } from './container.js';
import { parseConfig, parseHostConfig, type ContainerConfig, type HostConfig } from './container-config.js';
import { specOf } from './container-spec.js';
import { Conflict, InvalidParameter, NotFound } from './errors.js';
import type { Events } from './events.js';
import { Exec, type ExecConfig, parseExec } from './exec.js';
import { connect, disconnect, enter, parseEndpoints } from './endpoints.js';
import { networkFiles } from './network-files.js';
import { gatewayOf, Networks } from './networks.js';
import { portsOf } from './published-ports.js';
import { type HealthConfig, mergeHealth } from './health.js';
import { type EngineHost, randomBelow, randomHex } from './host.js';
import type { Image, Images } from './images.js';
import { Members } from './json-members.js';
import { mountPointsOf } from './mount-points.js';
import { checkName, inventName } from './names.js';

/** Execs that have ended stay so many at a time, to be asked about. */
const ENDED_EXECS = 1000;

export type { ProcessRow, Statistics };

export interface Volume {
  Name: string;
  Labels: Record<string, string>;
  created: number;
  /** Nobody has named it: it goes with its container. */
  anonymous: boolean;
}

export class Engine {
  readonly containers = new Map<string, Container>();
  readonly volumes = new Map<string, Volume>();
  readonly networks: Networks;
  private readonly execs = new Map<string, Exec>();
  private readonly endedExecs: string[] = [];
  /** What containers see of the engine. */
  private readonly around: Surroundings;

  constructor(
    readonly node: NodeClient,
    readonly images: Images,
    readonly events: Events,
    readonly host: EngineHost,
    readonly name: string,
  ) {
    this.networks = new Networks(node, host, events);
    this.around = {
      ...{ node, host, events },
      joined: (container) => this.joined(container),
      enter: (container) => enter(this.networks, container),
      leave: ({ id }) => this.networks.release(id),
      connect: (container, request) => connect(this, container, request),
      disconnect: (container, network) => disconnect(this, container, network),
      files: (container) =>
        networkFiles(container, (name) => this.container(name), gatewayOf(this.networks.find('bridge'))),
      remove: (container) => this.remove(container, false, true),
      exec: (container, config) => this.addExec(container, config),
    };
    node.onOom = (id) => this.containers.get(id)?.tell('oom');
  }

  // ---- containers -----------------------------------------------------------------------------------------------------------------

  /** By name, id, or the beginning of one. Throws NotFound, Conflict. */
  container(reference: string): Container {
    const whole = this.containers.get(reference);
    if (whole) return whole;
    const name = reference.replace(/^\//, '');
    for (const container of this.containers.values()) if (container.name === name) return container;
    const found = /^[0-9a-f]{1,64}$/.test(reference)
      ? [...this.containers.values()].filter(({ id }) => id.startsWith(reference))
      : [];
    if (found.length > 1) throw new InvalidParameter(`Multiple IDs found with provided prefix: ${reference}`);
    if (!found[0]) throw new NotFound(`No such container: ${reference}`);
    return found[0];
  }

  private named(name: string): Container | undefined {
    return [...this.containers.values()].find((container) => container.name === name);
  }

  /** From the body of a request. */
  async create(given: string | undefined, body: unknown): Promise<{ container: Container; warnings: string[] }> {
    const asked = parseConfig(body);
    const host = parseHostConfig(new Members(body, 'the config').members('HostConfig'));
    const image = await this.images.find(asked.Image);
    const id = randomHex(this.host, 32);
    const name = given
      ? checkName(given)
      : inventName(
          (one) => this.named(one) !== undefined,
          (n) => randomBelow(this.host, n),
        );
    const other = this.named(name);
    if (other)
      throw new Conflict(
        `Conflict. The container name "/${name}" is already in use by container "${other.id}". You have to remove (or rename) that container to be able to reuse that name.`,
      );
    const config = completed(asked, host, image.config.config, id, this.name);
    const args = [...(config.Entrypoint ?? []), ...(config.Cmd ?? [])];
    if (args.length === 0) throw new InvalidParameter('no command specified');
    const wanted: Volume[] = [];
    const mounts = mountPointsOf(config, host, (volume) => {
      const made = volume ?? randomHex(this.host, 32);
      if (!this.volumes.has(made) && !wanted.some(({ Name }) => Name === made))
        wanted.push({ Name: made, Labels: {}, created: this.host.date(), anonymous: volume === undefined });
      return made;
    });
    const endpoints = parseEndpoints(body, host.NetworkMode, this.networks);
    const parts = { id, name, imageId: image.id, config, host, args, mounts, endpoints };
    const container = new Container(parts, this.around);
    portsOf(container);
    // what can't be started is refused now, as far as that can be known
    specOf({ id, config, host, args, mounts, joined: {} });
    this.containers.set(id, container);
    try {
      for (const volume of wanted) await this.createVolume(volume);
      await this.node.call('addRoot', { id, layers: await this.images.layersOf(image) });
    } catch (error) {
      this.containers.delete(id);
      throw error;
    }
    container.tell('create');
    return { container, warnings: warningsOf(host) };
  }

  /** `volumes`: those that nobody has named go with it. */
  async remove(container: Container, force: boolean, volumes: boolean): Promise<void> {
    const { id } = container;
    if (container.running && !force)
      throw new Conflict(
        `cannot remove container "/${container.name}": container is ${container.status}: ${container.status === 'paused' ? 'unpause and then ' : ''}stop the container before removing or force remove`,
      );
    if (container.running) {
      const ended = new Promise<void>((resolve) => container.wait('not-running', () => resolve()));
      await container.kill(9).catch(() => {});
      await ended;
    }
    // a container that removes itself at its end is gone by now
    if (!this.containers.has(id) || container.status === 'removing') return;
    container.status = 'removing';
    this.containers.delete(id);
    for (const exec of container.execIds) this.execs.delete(exec);
    await this.node.call('removeRoot', { id }).catch(() => {});
    if (volumes)
      for (const { Name } of container.mounts)
        if (Name !== undefined && this.volumes.get(Name)?.anonymous && !this.usersOf(Name).length)
          await this.removeVolume(Name);
    container.tell('destroy');
    container.removed();
  }

  rename(container: Container, given: string): void {
    const name = checkName(given);
    if (name === container.name)
      throw new InvalidParameter('Renaming a container with the same name as its current name');
    const other = this.named(name);
    if (other)
      throw new Conflict(`Conflict. The container name "/${name}" is already in use by container "${other.id}".`);
    const old = container.name;
    container.name = name;
    container.tell('rename', { oldName: `/${old}` });
  }

  /** Namespaces of other containers that it is to share. */
  private joined({ host }: Container): Partial<Record<NamespaceType, string>> {
    const found: Partial<Record<NamespaceType, string>> = {};
    const lenders: [NamespaceType, string, string][] = [
      ['network', host.NetworkMode, 'net'],
      ['pid', host.PidMode, 'pid'],
      ['ipc', host.IpcMode, 'ipc'],
    ];
    for (const [type, mode, file] of lenders) {
      if (!mode.startsWith('container:')) continue;
      const lender = this.container(mode.slice('container:'.length));
      if (!lender.running) throw new Conflict(`cannot join ${file} namespace of a non running container: ${lender.id}`);
      found[type] = `/proc/${lender.pid}/ns/${file}`;
    }
    return found;
  }

  // ---- exec -----------------------------------------------------------------------------------------------------------------------

  createExec(container: Container, body: unknown): Exec {
    if (!container.running) throw new Conflict(`container ${container.id} is not running`);
    if (container.status === 'paused')
      throw new Conflict(`Container ${container.id} is paused, unpause the container before exec`);
    return this.addExec(container, parseExec(body));
  }

  private addExec(container: Container, config: ExecConfig): Exec {
    const exec = new Exec(randomHex(this.host, 32), container, config, this.node, (ended) => this.execEnded(ended));
    this.execs.set(exec.id, exec);
    container.execIds.add(exec.id);
    container.tell(`exec_create: ${exec.config.Cmd.join(' ')}`, { execID: exec.id });
    return exec;
  }

  exec(id: string): Exec {
    const exec = this.execs.get(id);
    if (!exec) throw new NotFound(`No such exec instance: ${id}`);
    return exec;
  }

  private execEnded({ id, container }: Exec): void {
    container.execIds.delete(id);
    this.endedExecs.push(id);
    if (this.endedExecs.length > ENDED_EXECS) this.execs.delete(this.endedExecs.shift()!);
  }

  // ---- volumes --------------------------------------------------------------------------------------------------------------------

  volume(name: string): Volume {
    const volume = this.volumes.get(name);
    if (!volume) throw new NotFound(`get ${name}: no such volume`);
    return volume;
  }

  usersOf(volume: string): Container[] {
    return [...this.containers.values()].filter(({ mounts }) => mounts.some(({ Name }) => Name === volume));
  }

  /** One that is there stays as it is. */
  async createVolume(volume: Volume): Promise<Volume> {
    const there = this.volumes.get(volume.Name);
    if (there) return there;
    await this.node.call('addVolume', { id: volume.Name });
    this.volumes.set(volume.Name, volume);
    this.events.tell('volume', 'create', volume.Name, { driver: 'local' });
    return volume;
  }

  async removeVolume(name: string): Promise<void> {
    this.volume(name);
    const users = this.usersOf(name);
    if (users.length > 0)
      throw new Conflict(`remove ${name}: volume is in use - [${users.map(({ id }) => id).join(', ')}]`);
    await this.node.call('removeVolume', { id: name });
    this.volumes.delete(name);
    this.events.tell('volume', 'destroy', name, { driver: 'local' });
  }
}

/** What is asked for, completed by what the image says. Docker's merge: lists that are given replace, variables are added. */
function completed(
  asked: ContainerConfig,
  host: HostConfig,
  image: Image['config']['config'],
  id: string,
  node: string,
): ContainerConfig {
  const nameOf = (entry: string): string => entry.split('=', 1)[0]!;
  const given = new Set(asked.Env.map(nameOf));
  const exposed = { ...Object.fromEntries(image.exposedPorts.map((port) => [port, {}])), ...asked.ExposedPorts };
  const volumes = { ...Object.fromEntries(image.volumes.map((path) => [path, {}])), ...asked.Volumes };
  const health = mergeHealth(asked.Healthcheck, healthOf(image));
  const shell = asked.Shell ?? image.shell;
  // an entrypoint that is given makes the image's command mean nothing
  const own = asked.Entrypoint?.some((word) => word !== '') ?? false;
  const cleared = asked.Entrypoint !== null && !own;
  return {
    ...asked,
    Hostname: asked.Hostname || (host.UTSMode === 'host' || host.NetworkMode === 'host' ? node : id.slice(0, 12)),
    User: asked.User || image.user,
    Env: [...image.env.filter((entry) => !given.has(nameOf(entry))), ...asked.Env],
    Entrypoint: own ? asked.Entrypoint : cleared ? null : (image.entrypoint ?? null),
    Cmd: asked.Cmd ?? (asked.Entrypoint === null ? (image.cmd ?? null) : null),
    Labels: { ...Object.fromEntries(image.labels), ...asked.Labels },
    WorkingDir: asked.WorkingDir || image.workingDir,
    ...(Object.keys(exposed).length > 0 && { ExposedPorts: exposed }),
    Volumes: Object.keys(volumes).length > 0 ? volumes : null,
    ...((asked.StopSignal ?? image.stopSignal) !== undefined && { StopSignal: asked.StopSignal ?? image.stopSignal }),
    ...(health && { Healthcheck: health }),
    ...(shell && { Shell: shell }),
  };
}

function healthOf({ healthcheck }: Image['config']['config']): HealthConfig | undefined {
  if (!healthcheck) return undefined;
  const { test, interval, timeout, startPeriod, startInterval, retries } = healthcheck;
  return {
    ...{ Test: test, Interval: interval, Timeout: timeout, StartPeriod: startPeriod },
    ...{ StartInterval: startInterval, Retries: retries },
  };
}

/** What is taken, and does not do all that it says. */
function warningsOf(host: HostConfig): string[] {
  const warnings: string[] = [];
  if (host.NanoCpus > 1e9) warnings.push('The node has one processor: --cpus above 1 limits nothing.');
  if (host.MemorySwap > 0 && host.MemorySwap > host.Memory)
    warnings.push('Your kernel does not support swap limit capabilities. Limitation discarded.');
  return warnings;
}
