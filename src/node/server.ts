// A node's side of the contract: answers calls, carries streams, tells what has ended. One of these runs in a node's worker.
// Ours. Calls are answered in their order; one that fails leaves nothing behind.
import { census } from '../base/census.js';
import { InputError, messageOf } from '../base/errors.js';
import type { Host } from '../base/host.js';
import type { Disk } from '../kernel/block/disk.js';
import { errnoName } from '../kernel/abi/errno.js';
import { drive } from '../kernel/drive.js';
import { Hostfs } from '../kernel/fs/hostfs.js';
import { Layerfs } from '../kernel/fs/layerfs.js';
import { Overlayfs } from '../kernel/fs/overlayfs.js';
import { Storefs } from '../kernel/fs/store/storefs.js';
import { Tmpfs } from '../kernel/fs/tmpfs.js';
import type { Kernel } from '../kernel/kernel.js';
import { PAGE_SIZE } from '../kernel/mm/frames.js';
import { RELEASE, VERSION } from '../kernel/release.js';
import type { UserNamespace } from '../kernel/ns/user-namespace.js';
import type { Process } from '../kernel/task/process.js';
import type { FileSystem } from '../kernel/vfs/file-system.js';
import type { Mount } from '../kernel/vfs/mount.js';
import { indexLayer } from '../oci/layer.js';
import { Archives } from './archives.js';
import { Container, type Running } from './container.js';
import type { ArgumentOf, Channel, Failure, FromNode, Layer, NodeCalls, ProcessName, ToNode } from './contract.js';
import { Files } from './files/files.js';
import { beginVolume } from './fill-volume.js';
import type { LayerBlob, NodeFiles } from './host-files.js';
import { initLayer } from './init-layer.js';
import { mappedNamespace } from './namespaces.js';
import { Networks } from './networks.js';
import { attachOuter } from './outer-network.js';
import type { Uplink } from './uplink.js';
import { Refusal } from './refusal.js';
import { checkMappings, checkProcess, checkResources, checkSpec } from './spec-check.js';
import { processesOf, statisticsOf } from './statistics.js';
import type { StdioEvents } from './stdio.js';
import type { WasiHost } from './wasi/worker-host.js';
import type { Wire } from './wire.js';

const ID = /^[\w.+-]{1,255}$/;

/** A filesystem that is there though no container has it mounted. */
interface Kept {
  fs: FileSystem;
  mount: Mount;
  /** Where it lasts. */
  lasting?: Lasting;
}

/** A filesystem in a store of the host's. */
interface Lasting {
  storefs: Storefs;
  /** The store's name. */
  place: string;
}

/** A layer that roots have had. */
interface KeptLayer {
  id: string;
  fs: Layerfs;
  source: LayerBlob;
}

interface Named {
  container: Container;
  running: Running;
  name: ProcessName;
}

export class NodeServer implements NodeCalls {
  private readonly layers = new Map<string, KeptLayer>();
  /** Layers that the engine has no more: each goes with the last root that has it. */
  private readonly forgotten = new Set<string>();
  private readonly roots = new Map<string, Kept>();
  private readonly volumes = new Map<string, Kept>();
  private readonly containers = new Map<string, Container>();
  private readonly watched = new Map<Process, Named>();
  private readonly networks: Networks;
  private readonly archives: Archives;
  private readonly files: Files;
  private closed = false;

  constructor(
    private readonly kernel: Kernel,
    private readonly host: Host,
    private readonly outside: {
      files: NodeFiles;
      uplink?: Uplink;
      wasi?: WasiHost;
      wireOf?: (name: string) => Wire | undefined;
    },
    private readonly channel: Channel<FromNode, ToNode>,
  ) {
    this.networks = new Networks(kernel, outside.uplink);
    this.archives = new Archives(kernel);
    this.files = new Files(
      kernel,
      this.archives,
      (id) => this.root(id),
      () => this.mountSources,
    );
    kernel.onProcessEnded = (process) => this.processEnded(process);
    channel.onMessage((message) => {
      this.receive(message);
      host.wake();
    });
    channel.send({ ready: true });
  }

  /** Runs the node until close(). */
  run(): Promise<void> {
    return drive(this.kernel, this.host, () => this.closed);
  }

  close(): void {
    this.closed = true;
    this.host.wake();
  }

  // ---- messages -----------------------------------------------------------------------------------------------------------------

  private receive(message: ToNode): void {
    if ('call' in message) this.answer(message.call, message.name, message.argument);
    else if ('input' in message) this.named(message.input)?.stdio.input(message.bytes);
    else if ('inputEnd' in message) this.named(message.inputEnd)?.stdio.inputEnd();
    else this.named(message.taken)?.stdio.taken(message.stream, message.count);
  }

  private named({ id, exec }: ProcessName): Running | undefined {
    return this.containers.get(id)?.running(exec);
  }

  private answer(call: number, name: keyof NodeCalls, argument: unknown): void {
    try {
      const result = (this[name] as (argument: unknown) => unknown)(argument);
      if (result instanceof Promise)
        void result.then(
          (value: unknown) => this.channel.send({ answer: call, result: value }),
          (error: unknown) => this.channel.send({ answer: call, failure: failureOf(error) }),
        );
      else this.channel.send({ answer: call, result });
    } catch (error) {
      this.channel.send({ answer: call, failure: failureOf(error) });
    }
  }

  private eventsOf(name: ProcessName): StdioEvents {
    return {
      output: (stream, bytes) => this.channel.send({ output: name, stream, bytes }),
      inputTaken: (count) => this.channel.send({ inputTaken: name, count }),
    };
  }

  /** Told in the middle of what the kernel does: others hear of it when that is done. */
  private processEnded(process: Process): void {
    this.noteOom(process);
    const named = this.watched.get(process);
    if (!named) return;
    this.watched.delete(process);
    void Promise.resolve().then(() => this.tellEnd(named, process));
  }

  private noteOom(process: Process): void {
    for (const [id, container] of this.containers) {
      const kills = container.cgroup.states.memory?.events.oom_kill ?? 0;
      if (kills <= container.oomKills || !process.leader.cgroup.isWithin(container.cgroup)) continue;
      container.oomKills = kills;
      this.channel.send({ oom: id });
    }
  }

  private tellEnd({ container, running, name }: Named, process: Process): void {
    if (name.exec === undefined) container.programEnded();
    running.stdio.finish();
    if (name.exec !== undefined) container.execs.delete(name.exec);
    const status = process.exitStatus ?? 0;
    this.channel.send({ exited: name, status, oomKilled: container.oomKills > 0 });
  }

  // ---- roots and volumes ----------------------------------------------------------------------------------------------------------

  info() {
    const { frames } = this.kernel;
    return {
      memory: frames.count * PAGE_SIZE,
      free: (frames.free + frames.cachedOnly) * PAGE_SIZE,
      release: RELEASE,
      version: VERSION,
    };
  }

  census() {
    const { frames } = this.kernel;
    return { ...census(this), frames: frames.count - frames.free - frames.cachedOnly };
  }

  private keep(into: Map<string, Kept>, id: string, what: string, make: () => Omit<Kept, 'mount'>): void {
    if (!ID.test(id)) throw new Refusal('invalid', `${what} '${id}': letters, digits and _.+- are taken`);
    if (into.has(id)) throw new Refusal('conflict', `${what} ${id} is there already`);
    const made = make();
    const { fs } = made;
    into.set(id, { ...made, mount: this.kernel.newMount(fs, fs.rootDentry, 0) });
  }

  /** Ends what is there. Its store stays with `keep`, and then all that has changed is in it. */
  private drop(from: Map<string, Kept>, id: string, what: string, keep: boolean): void {
    const kept = from.get(id);
    if (!kept) throw new Refusal('missing', `there is no ${what} ${id}`);
    from.delete(id);
    const { mount, lasting } = kept;
    const failed = keep ? (lasting?.storefs.close() ?? 0) : 0;
    if (!keep) lasting?.storefs.abandon();
    mount.discard();
    if (lasting && !keep) this.outside.files.removeStore(lasting.place);
    if (failed !== 0) throw new Refusal('invalid', `${what} ${id}: the last changes are lost: ${errnoName(failed)}`);
  }

  /** A filesystem for changes, of `owner`: in the store `place`, or without one in memory. */
  private changes(device: number, place: string | undefined, owner = this.kernel.userNamespace) {
    const { kernel } = this;
    const root = { mode: 0o755, ...owner.rootIds };
    let lasting: Lasting | undefined;
    if (place !== undefined)
      lasting = { storefs: new Storefs(device, kernel, this.outside.files.openStore(place), root), place };
    const fs = lasting?.storefs.fs ?? new Tmpfs(device, kernel.frames, { size: this.wholeSize, ...root }, kernel.clock);
    fs.owner = owner;
    return { fs, lasting };
  }

  addRoot({ id, ...from }: ArgumentOf<'addRoot'>): void {
    const { kernel } = this;
    this.keep(this.roots, id, 'root', () => {
      if ('folder' in from) {
        const { tree } = this.outside.files.openTree(from.folder, false);
        const disk = kernel.disks.add();
        const fs = new Hostfs(disk.device, kernel.frames, tree, { live: true, readOnly: false });
        disk.hold(fs);
        return { fs };
      }
      checkMappings(from.owners);
      const owner = from.owners ? mappedNamespace(kernel, from.owners) : kernel.userNamespace;
      const { fs: upper, lasting } = this.changes(kernel.newDevice(), from.upper, owner);
      if (lasting) this.storeDisk.hold(upper);
      const image = from.layers.map((layer) => this.layer(layer, owner)).reverse();
      const init = initLayer(kernel, image, owner.rootIds, from.places);
      const lowers = init ? [init, ...image] : image;
      return { fs: new Overlayfs(kernel.newDevice(), kernel.setup, upper, lowers), lasting };
    });
  }

  /** What all layers lie on, and what changes of them. */
  private store?: Disk;

  private get storeDisk(): Disk {
    this.store ??= this.kernel.disks.add();
    return this.store;
  }

  /** One filesystem of a layer serves all that have it with the same owners. */
  private layer({ id, blob, index }: Layer, owner: UserNamespace): Layerfs {
    const { kernel } = this;
    const owners = owner.parent ? owner : undefined;
    const key = owners ? JSON.stringify([id, owners.uids.extents, owners.gids.extents]) : id;
    this.forgotten.delete(id);
    let layer = this.layers.get(key);
    if (!layer) {
      const source = this.outside.files.openBlob(blob);
      const fs = new Layerfs(kernel.newDevice(), kernel.frames, source, index ?? indexLayer(source), owners);
      layer = { id, fs, source };
      this.layers.set(key, layer);
      this.storeDisk.hold(fs);
    }
    return layer.fs;
  }

  forgetLayers({ ids }: ArgumentOf<'forgetLayers'>): void {
    for (const id of ids) this.forgotten.add(id);
    this.sweepLayers();
  }

  private sweepLayers(): void {
    if (this.forgotten.size === 0) return;
    const kept = [...this.roots.values(), ...this.volumes.values()];
    const used = new Set(kept.flatMap(({ fs }) => (fs instanceof Overlayfs ? fs.lowers : [])));
    const left = new Set<string>();
    for (const [key, { id, fs, source }] of this.layers) {
      if (!this.forgotten.has(id)) continue;
      if (used.has(fs)) {
        left.add(id);
        continue;
      }
      this.layers.delete(key);
      this.store?.letGo(fs);
      fs.unmounted();
      source.close?.();
    }
    for (const id of this.forgotten) if (!left.has(id)) this.forgotten.delete(id);
  }

  removeRoot({ id, keep = false }: ArgumentOf<'removeRoot'>): void {
    const lasting = this.roots.get(id)?.lasting;
    if (lasting) this.store?.letGo(lasting.storefs.fs);
    const fs = this.roots.get(id)?.fs;
    if (fs instanceof Hostfs) this.kernel.disks.removeOf(fs);
    try {
      this.drop(this.roots, id, 'root', keep);
    } finally {
      this.sweepLayers();
    }
  }

  private root(id: string): FileSystem {
    const kept = this.roots.get(id);
    if (!kept) throw new Refusal('missing', `there is no root ${id}`);
    return kept.fs;
  }

  private get mountSources() {
    return { files: this.outside.files, volumes: new Map([...this.volumes].map(([name, { fs }]) => [name, fs])) };
  }

  openChanges({ id }: ArgumentOf<'openChanges'>) {
    const root = this.root(id);
    const upper = root instanceof Overlayfs ? root.upper : undefined;
    if (!upper) throw new Refusal('invalid', `root ${id} is a folder of the host's: there are no changes of it`);
    const { owner } = upper;
    return { archive: this.archives.layer(upper.root, owner?.parent ? owner : undefined) };
  }

  readArchive({ archive }: ArgumentOf<'readArchive'>) {
    return this.archives.read(archive);
  }

  closeArchive({ archive }: ArgumentOf<'closeArchive'>): void {
    this.archives.close(archive);
  }

  statFile(file: ArgumentOf<'statFile'>) {
    return this.files.status(file);
  }

  openTree(tree: ArgumentOf<'openTree'>) {
    return this.files.openTree(tree);
  }

  openUnpacking(into: ArgumentOf<'openUnpacking'>) {
    return this.files.openUnpacking(into);
  }

  writeArchive({ archive, bytes }: ArgumentOf<'writeArchive'>): void {
    this.archives.write(archive, bytes);
  }

  endArchive({ archive }: { archive: number }): void {
    this.archives.end(archive);
  }

  listChanges(root: { root: string }) {
    return this.files.changes(root);
  }

  usage(of: ArgumentOf<'usage'>) {
    const fs = 'root' in of ? this.root(of.root) : this.volumes.get(of.volume)?.fs;
    if (!fs) throw new Refusal('missing', `there is no such volume`);
    return this.files.usage(fs);
  }

  addNetwork(network: ArgumentOf<'addNetwork'>): void {
    this.networks.add(network);
  }

  removeNetwork({ id }: { id: string }): void {
    this.networks.remove(id);
  }

  /** One that lasts is a disk of its own to programs. */
  addVolume({ id, store, layers, owners, begins }: ArgumentOf<'addVolume'>): void {
    checkMappings(owners);
    const owner = owners ? mappedNamespace(this.kernel, owners) : undefined;
    const { disks } = this.kernel;
    const shown = (what: Layer[]): FileSystem => {
      const { fs: upper } = this.changes(this.kernel.newDevice(), undefined, owner);
      const lowers = what.map((layer) => this.layer(layer, owner ?? this.kernel.userNamespace)).reverse();
      return new Overlayfs(this.kernel.newDevice(), this.kernel.setup, upper, lowers);
    };
    this.keep(this.volumes, id, 'volume', () => {
      if (layers) return { fs: shown(layers) };
      if (store === undefined) return this.changes(this.kernel.newDevice(), undefined, owner);
      // the first is that of the layers, whatever comes first
      void this.storeDisk;
      const disk = disks.add();
      try {
        const made = this.changes(disk.device, store, owner);
        disk.hold(made.fs);
        made.fs.source = `/dev/${disk.name}`;
        if (begins) beginVolume(this.kernel, made.fs, begins, shown);
        return made;
      } catch (error) {
        disks.remove(disk);
        throw error;
      }
    });
  }

  removeVolume({ id, keep = false }: ArgumentOf<'removeVolume'>): void {
    const volume = this.volumes.get(id);
    this.drop(this.volumes, id, 'volume', keep);
    if (volume) this.kernel.disks.removeOf(volume.fs);
    this.sweepLayers();
  }

  /** What has changed is on the host's storage. Throws Refusal. */
  sync(): void {
    let first: Refusal | undefined;
    for (const [id, { lasting }] of [...this.roots, ...this.volumes]) {
      const failed = lasting?.storefs.commit(true) ?? 0;
      if (failed !== 0) first ??= new Refusal('invalid', `${id}: writing back has failed: ${errnoName(failed)}`);
    }
    if (first) throw first;
  }

  private get wholeSize(): number {
    return this.kernel.frames.count * PAGE_SIZE;
  }

  // ---- containers -----------------------------------------------------------------------------------------------------------------

  private container(id: string): Container {
    const container = this.containers.get(id);
    if (!container) throw new Refusal('missing', `there is no container ${id}`);
    return container;
  }

  create({ id, root, spec, files = {}, reaper, ...network }: ArgumentOf<'create'>) {
    if (!ID.test(id)) throw new Refusal('invalid', `container '${id}': letters, digits and _.+- are taken`);
    if (this.containers.has(id)) throw new Refusal('conflict', `container ${id} is there already`);
    const fs = this.root(root);
    checkSpec(spec);
    const sources = { ...this.mountSources, mounted: files };
    const { wasi } = this.outside;
    const container = new Container(this.kernel, id, fs, spec, sources, this.eventsOf({ id }), reaper, wasi);
    try {
      this.networks.attach(id, container.init.task.namespaces.net, network);
    } catch (error) {
      container.destroy();
      container.release();
      throw error;
    }
    this.containers.set(id, container);
    this.watch(container, container.init, { id });
    return { pid: container.pid };
  }

  private watch(container: Container, running: Running, name: ProcessName): void {
    this.watched.set(running.task.process, { container, running, name });
  }

  plug({ id, network }: ArgumentOf<'plug'>): void {
    attachOuter(this.container(id).init.task.namespaces.net, network, this.outside.wireOf);
  }

  connect({ id, endpoint }: ArgumentOf<'connect'>): void {
    this.container(id);
    this.networks.connect(id, endpoint);
  }

  disconnect({ id, network }: ArgumentOf<'disconnect'>): void {
    this.container(id);
    this.networks.disconnect(id, network);
  }

  rename({ id, network, names }: ArgumentOf<'rename'>): void {
    this.container(id);
    this.networks.rename(id, network, names);
  }

  publish({ id }: { id: string }) {
    this.container(id);
    return this.networks.publish(id);
  }

  start({ id }: { id: string }): void {
    this.container(id).start();
  }

  kill({ id, exec, signal, all }: ProcessName & { signal: number; all?: boolean }): void {
    this.container(id).kill(exec, signal, all ?? false);
  }

  delete({ id, force }: { id: string; force?: boolean }): void {
    const container = this.container(id);
    if (container.status !== 'stopped') {
      if (!force && container.status !== 'created')
        throw new Refusal('conflict', `container ${id} is ${container.status}: stop it first`);
    }
    if (container.status === 'created' || container.cgroup.populated) {
      container.destroy();
      // who is killed ends as soon as the kernel lets it run
      this.kernel.run(this.kernel.clock.monotonic() + KILL_TIME);
    }
    for (const [process, { container: of }] of this.watched) if (of === container) this.watched.delete(process);
    this.networks.detach(id);
    container.release();
    this.containers.delete(id);
  }

  pause({ id }: { id: string }): void {
    this.container(id).pause();
  }

  resume({ id }: { id: string }): void {
    this.container(id).resume();
  }

  update({ id, resources }: { id: string; resources: unknown }): void {
    checkResources(resources);
    this.container(id).update(resources);
  }

  exec({ id, exec, process }: { id: string; exec: string; process: unknown }) {
    checkProcess(process);
    const container = this.container(id);
    const running = container.exec(exec, process, this.eventsOf({ id, exec }));
    this.watch(container, running, { id, exec });
    return { pid: running.task.pid.in(this.kernel.pidNamespace) };
  }

  resize({ id, exec, rows, columns }: ProcessName & { rows: number; columns: number }): void {
    const running = this.container(id).running(exec);
    const cells = (value: number): number => Math.max(0, Math.min(65535, Math.floor(value)));
    running?.stdio.resize?.(cells(rows), cells(columns));
  }

  stats({ id }: { id: string }) {
    return statisticsOf(this.kernel, this.container(id));
  }

  processes({ id }: { id: string }) {
    return processesOf(this.kernel, this.container(id).cgroup);
  }
}

/** Nanoseconds that the killed of a container have to end in. */
const KILL_TIME = 50e6;

function failureOf(error: unknown): Failure {
  if (error instanceof Refusal) return { kind: error.kind, message: error.message };
  if (error instanceof InputError) return { kind: 'invalid', message: error.message };
  return { kind: 'bug', message: error instanceof Error ? (error.stack ?? error.message) : messageOf(error) };
}
