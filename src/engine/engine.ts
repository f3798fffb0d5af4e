// The engine: containers by name and id, exec, volumes, on a node; what the API and a command line of ours speak to.
// Docker Engine API. Several nodes later: a container knows its own.
import type { IdMappings, NamespaceType } from '../base/runtime-spec.js';
import type { NodeClient, ProcessRow, Statistics, VolumeBeginning } from '../runtime/node-client.js';
import { messageOf } from '../base/errors.js';
import { Turns } from '../base/turns.js';
import type { Digest } from '../oci/digest.js';
import { isWasi } from '../oci/platform.js';
import type { Lease } from '../oci/store/image-store.js';
import { BuildCaches } from './build/caches.js';
import { Container } from './container.js';
import type { Surroundings } from './surroundings.js';
import {
  parseConfig,
  parseHostConfig,
  type ContainerConfig,
  type HostConfig,
  type MountRequest,
} from './container-config.js';
import { specOf } from './container-spec.js';
import { Conflict, InvalidParameter, NotFound } from './errors.js';
import type { Events } from './events.js';
import { type Exec, parseExec } from './exec.js';
import { Execs } from './execs.js';
import { connect, disconnect, enter, parseEndpoints, renamed } from './endpoints.js';
import { networkFiles } from './network-files.js';
import { Networks } from './networks.js';
import { portsOf } from './published-ports.js';
import { type HealthConfig, mergeHealth } from './health.js';
import { checkHost } from './host-rules.js';
import { type EngineHost, randomBelow, randomHex } from './host.js';
import type { Image, Images } from './images.js';
import { Members } from './json-members.js';
import { folderOf, mountPointsOf } from './mount-points.js';
import { checkName, inventName } from './names.js';
import { Places } from './places.js';
import { checkResources, warningsOf } from './resources.js';
import { checkPolicy } from './restart-policy.js';
import { StateStore, type VolumeRecord } from './state-store.js';
import { checkUsers, ownersOf } from './user-remap.js';

const SIGKILL = 9;
const NOTHING_ASKED = parseHostConfig(new Members({}, ''));

export type { ProcessRow, Statistics };

export type Volume = VolumeRecord;

export class Engine {
  readonly containers = new Map<string, Container>();
  readonly volumes = new Map<string, Volume>();
  readonly networks: Networks;
  readonly buildCaches = new BuildCaches();
  private readonly state: StateStore;
  private readonly places: Places;
  private closing = false;
  /** What each container needs of the store. */
  private readonly leases = new Map<string, Lease>();
  /** Those that are under way, by container. */
  private readonly removals = new Map<string, Promise<void>>();
  /** Volumes that containers bring which are being made. */
  private readonly coming = new Map<string, Promise<unknown>>();
  private readonly execs: Execs;
  /** What containers see of the engine. */
  private readonly around: Surroundings;

  constructor(
    readonly node: NodeClient,
    readonly images: Images,
    readonly events: Events,
    readonly host: EngineHost,
    readonly name: string,
    /** Told of what fails and is nobody's request. */
    private readonly complain: (what: string) => void,
    /** Whom the users of containers are on the node: --userns-remap. */
    readonly remap?: IdMappings,
  ) {
    this.state = new StateStore(images.store.storage, complain);
    this.execs = new Execs(node, host);
    this.places = new Places(node, images, remap);
    this.networks = new Networks(node, host, events, this.state);
    this.around = {
      ...{ node, host, events, complain, remap },
      state: this.state,
      readers: new Turns(() => host.turn()),
      closing: () => this.closing,
      joined: (container) => this.joined(container),
      prepare: (container) => this.prepare(container),
      enter: (container) => enter(this.networks, container),
      leave: ({ id }) => this.networks.release(id),
      connect: (container, request) => connect(this, container, request),
      disconnect: (container, network) => disconnect(this, container, network),
      files: (container) => networkFiles(this.networkOf(container), (name) => this.container(name)),
      remove: (container) => this.remove(container, false, true),
      exec: (container, config) => this.execs.add(container, config),
    };
    node.onOom = (id) => this.containers.get(id)?.tell('oom');
    images.onLayersGone = (ids) => void node.call('forgetLayers', { ids }).catch(() => {});
  }

  // ---- from one process to the next ---------------------------------------------------------------------------------------------

  /** Takes up what the last process left. */
  async open(): Promise<void> {
    const { containers, volumes } = await this.state.load();
    await this.networks.load();
    for (const volume of volumes) this.volumes.set(volume.Name, volume);
    const gone: Container[] = [];
    for (const { state, ...parts } of containers) {
      // what an earlier one did not know of was not asked for
      const container = new Container({ ...parts, host: { ...NOTHING_ASKED, ...parts.host } }, this.around);
      this.hold(container);
      this.containers.set(container.id, container);
      const ran = container.restore(state);
      if (container.passing || (ran && container.host.AutoRemove)) gone.push(container);
      else if (container.status !== state.status) await container.save();
    }
    for (const container of gone) await this.remove(container, false, true);
  }

  /** Starts those whose policy says so. */
  resume(): void {
    for (const container of this.containers.values()) void container.resumeByPolicy();
  }

  /** The node has its root and volumes when this resolves: before anything is asked of them. */
  prepare(container: Container): Promise<void> {
    return this.places.prepare(container);
  }

  /** Ends all containers, as each wants to be ended; what they were is kept. `hurry` resolves when nobody waits any longer. */
  async close(hurry: Promise<void> = new Promise(() => {})): Promise<void> {
    this.closing = true;
    void hurry.then(() => {
      for (const container of this.containers.values()) void container.kill(SIGKILL).catch(() => {});
    });
    const end = async (container: Container): Promise<void> => {
      await container.endRestart();
      if (container.running) await container.stop(undefined, undefined);
      await container.settled();
    };
    await Promise.all(
      [...this.containers.values()].map((container) =>
        end(container).catch((error) => this.complain(`${container.name}: ${messageOf(error)}`)),
      ),
    );
    if (this.places.used) await this.node.call('sync').catch((error) => this.complain(messageOf(error)));
  }

  private hold({ id, layers, mounts }: Container): void {
    const lease = this.images.store.images.lease();
    lease.hold(...([...layers, ...mounts.flatMap(({ image }) => image?.layers ?? [])] as Digest[]));
    this.leases.set(id, lease);
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

  /** One that is asked for beside another. Throws InvalidParameter. */
  private present(reference: string): Container {
    try {
      return this.container(reference);
    } catch (error) {
      throw new InvalidParameter(messageOf(error), { cause: error });
    }
  }

  private named(name: string): Container | undefined {
    return [...this.containers.values()].find((container) => container.name === name);
  }

  /** From the body of a request; `platform`: what the image must be for; `passing`: it goes with this process at the latest. */
  async create(
    given: string | undefined,
    body: unknown,
    platform?: string,
    passing = false,
  ): Promise<{ container: Container; warnings: string[] }> {
    const asked = parseConfig(body);
    const host = parseHostConfig(new Members(body, 'the config').members('HostConfig'));
    const image = await this.images.find(asked.Image, platform);
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
    checkResources(host);
    const warnings = [...checkHost(asked, host), ...warningsOf(host)];
    checkPolicy(host.RestartPolicy, host.AutoRemove);
    const mounted = await this.mountedImages(host.Mounts);
    const wanted: Volume[] = [];
    const mounts = mountPointsOf(config, host, {
      // an image that is not there is the one thing that clients take for absent
      mountsOf: (container) => this.present(container).mounts,
      image: (reference) => ({ name: `image-${randomHex(this.host, 16)}`, layers: mounted.get(reference)! }),
      volume: ({ name, labels = {}, options = {} }) => {
        const made = name ?? randomHex(this.host, 32);
        const known = this.volumes.get(made) ?? wanted.find(({ Name }) => Name === made);
        const volume = known ?? volumeOf(made, labels, options, name === undefined, this.host.date());
        if (!known) wanted.push(volume);
        return { name: made, folder: volume.folder };
      },
    });
    const endpoints = parseEndpoints(body, host.NetworkMode, this.networks);
    const layers: string[] = image.config.diffIds;
    const wasi = isWasi(image.config.platform);
    const kind = { ...(wasi && { wasi }), ...(passing && { passing }) };
    const parts = { id, name, imageId: image.id, config, host, args, mounts, endpoints, layers, ...kind };
    const container = new Container({ ...parts, created: this.host.date() }, this.around);
    portsOf(container);
    // what can't be started is refused now, as far as that can be known
    checkUsers(this.remap, host);
    specOf({ id, config, host, args, mounts, joined: {} });
    this.containers.set(id, container);
    const before = wanted.map(({ Name }) => this.coming.get(Name));
    const making = this.make(container, wanted, before);
    for (const { Name } of wanted) this.coming.set(Name, making);
    try {
      await making;
    } finally {
      for (const { Name } of wanted) this.coming.delete(Name);
    }
    container.tell('create');
    return { container, warnings };
  }

  /** Layers of the images that are to be mounted in a container, by what they are called. Throws InvalidParameter. */
  private async mountedImages(mounts: readonly MountRequest[]): Promise<Map<string, string[]>> {
    const found = new Map<string, string[]>();
    for (const { Type, Source } of mounts)
      if (Type === 'image' && Source !== '')
        try {
          found.set(Source, (await this.images.find(Source)).config.diffIds);
        } catch (error) {
          // the image that is not there is for clients the one that the container is of
          throw new InvalidParameter(`mount of type image: ${messageOf(error)}: pull it first`, { cause: error });
        }
    return found;
  }

  /** It is there, with the volumes that it brings, when its record is. */
  private async make(container: Container, asked: readonly Volume[], before: readonly unknown[]): Promise<void> {
    await Promise.allSettled(before);
    // one that another container brought meanwhile is there
    const wanted = asked.filter(({ Name }) => !this.volumes.has(Name));
    this.hold(container);
    try {
      if (wanted.length > 0)
        await this.state.markHalf(
          container.id,
          wanted.map(({ Name }) => Name),
        );
      for (const volume of wanted) await this.addVolume(volume);
      await container.save();
    } catch (error) {
      await this.unmake(container);
      for (const { Name } of wanted) if (!this.usersOf(Name).length) await this.dropVolume(Name).catch(() => {});
      throw error;
    }
  }

  private async unmake({ id, imageId, layers, mounts }: Container): Promise<void> {
    this.containers.delete(id);
    await this.state.forgetContainer(id).catch(() => {});
    await this.places.dropRoot({ id, mounts });
    await this.state.removeContainer(id).catch((error) => this.complain(messageOf(error)));
    this.leases.get(id)?.release();
    this.leases.delete(id);
    // its image went by force, or became another one
    const others = mounts.flatMap(({ image }) => image?.layers ?? []);
    if (others.length > 0 || !this.images.store.images.ids.includes(imageId as Digest))
      await this.images.dropUnneeded([...layers, ...others]).catch((error) => this.complain(messageOf(error)));
  }

  /** `volumes`: those that nobody has named go with it. */
  async remove(container: Container, force: boolean, volumes: boolean): Promise<void> {
    const { id } = container;
    if (container.restarting && force) await container.endRestart();
    if ((container.running || container.restarting) && !force)
      throw new Conflict(
        `cannot remove container "/${container.name}": container is ${container.status}: ${container.status === 'paused' ? 'unpause and then ' : ''}stop the container before removing or force remove`,
      );
    if (container.running) {
      const ended = container.toEnd();
      await container.kill(9).catch(() => {});
      await ended;
    }
    // one that removes itself at its end is on its way by now
    if (!this.removals.has(id) && this.containers.has(id))
      this.removals.set(
        id,
        this.removeNow(container, volumes).finally(() => this.removals.delete(id)),
      );
    await this.removals.get(id);
  }

  private async removeNow(container: Container, volumes: boolean): Promise<void> {
    const { id } = container;
    container.status = 'removing';
    this.containers.delete(id);
    this.execs.forget(container);
    const names = new Set(container.mounts.map(({ Name }) => Name ?? ''));
    const going = [...names].filter(
      (name) => volumes && this.volumes.get(name)?.anonymous && !this.usersOf(name).length,
    );
    await container.settled();
    // on a disk that is full nothing can be said of it, and it goes all the same
    if (going.length > 0) await this.state.markHalf(id, going).catch(() => {});
    else await this.state.forgetContainer(id);
    for (const name of going) await this.removeVolume(name).catch((error) => this.complain(messageOf(error)));
    await this.unmake(container);
    container.tell('destroy');
    container.removed();
  }

  async rename(container: Container, given: string): Promise<void> {
    const name = checkName(given);
    if (name === container.name)
      throw new InvalidParameter('Renaming a container with the same name as its current name');
    const other = this.named(name);
    if (other)
      throw new Conflict(`Conflict. The container name "/${name}" is already in use by container "${other.id}".`);
    const old = container.name;
    container.name = name;
    try {
      await container.save();
    } catch (error) {
      container.name = old;
      throw error;
    }
    container.tell('rename', { oldName: `/${old}` });
    await renamed(this.node, container);
  }

  /** Whose network it is in: its own, or that of the container that it joins. */
  private networkOf(container: Container): Container {
    const mode = container.host.NetworkMode;
    return mode.startsWith('container:') ? this.container(mode.slice('container:'.length)) : container;
  }

  /** Namespaces of other containers that it is to share. */
  private joined({ host, config }: Container): Partial<Record<NamespaceType, string>> {
    const found: Partial<Record<NamespaceType, string>> = {};
    const lenders: [NamespaceType, string, string][] = [
      ['network', host.NetworkMode, 'net'],
      ['pid', host.PidMode, 'pid'],
      ['ipc', host.IpcMode, 'ipc'],
    ];
    for (const [type, mode, file] of lenders) {
      if (!mode.startsWith('container:')) continue;
      const lender = this.container(mode.slice('container:'.length));
      if (type === 'ipc' && lender.host.IpcMode !== 'shareable' && lender.host.IpcMode !== 'host')
        throw new InvalidParameter(
          `cannot join IPC of a container ${lender.id}: non-shareable IPC (hint: use IpcMode:shareable for the donor container)`,
        );
      // by Docker it is then also called what that is called
      if (type === 'network') {
        config.Hostname = lender.config.Hostname;
        config.Domainname = lender.config.Domainname;
      }
      if (!lender.running) throw new Conflict(`cannot join ${file} namespace of a non running container: ${lender.id}`);
      found[type] = `/proc/${lender.pid}/ns/${file}`;
      // what belongs to its users is of use to them alone
      if (ownersOf(this.remap, lender.host)) found.user ??= `/proc/${lender.pid}/ns/user`;
    }
    return found;
  }

  // ---- exec -----------------------------------------------------------------------------------------------------------------------

  createExec(container: Container, body: unknown): Exec {
    container.mustRun();
    if (container.status === 'paused')
      throw new Conflict(`Container ${container.id} is paused, unpause the container before exec`);
    return this.execs.add(container, parseExec(body));
  }

  exec(id: string): Exec {
    return this.execs.find(id);
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
  /** `begins`: what is in it at first, or it has itself. */
  async createVolume(volume: Volume, begins?: VolumeBeginning): Promise<Volume> {
    // what a container brings is there for others when the container is
    await this.coming.get(volume.Name)?.catch(() => {});
    const there = this.volumes.get(volume.Name);
    if (there) return there;
    await this.addVolume(volume);
    if (begins) await this.places.volume(volume.Name, begins);
    return volume;
  }

  private async addVolume(volume: Volume): Promise<void> {
    await this.state.saveVolume(volume);
    this.volumes.set(volume.Name, volume);
    this.events.tell('volume', 'create', volume.Name, { driver: 'local' });
  }

  private async dropVolume(name: string): Promise<void> {
    this.volumes.delete(name);
    await this.state.forgetVolume(name);
    await this.places.dropVolume(name);
    await this.state.removeVolume(name);
  }

  async removeVolume(name: string): Promise<void> {
    this.volume(name);
    const users = this.usersOf(name);
    if (users.length > 0)
      throw new Conflict(`remove ${name}: volume is in use - [${users.map(({ id }) => id).join(', ')}]`);
    await this.dropVolume(name);
    this.events.tell('volume', 'destroy', name, { driver: 'local' });
  }
}

/** A new one. Throws InvalidParameter. */
export function volumeOf(
  Name: string,
  Labels: Record<string, string>,
  Options: Record<string, string>,
  anonymous: boolean,
  created: number,
): Volume {
  const folder = folderOf(Options);
  return { Name, Labels, created, anonymous, ...(folder !== undefined && { Options, folder }) };
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
