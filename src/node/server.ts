// A node's side of the contract: answers calls, carries streams, tells what has ended. One of these runs in a node's worker.
// Ours. Calls are answered in their order; one that fails leaves nothing behind.
import { census } from '../base/census.js';
import { InputError, messageOf } from '../base/errors.js';
import type { Host } from '../base/host.js';
import { drive } from '../kernel/drive.js';
import { Overlayfs } from '../kernel/fs/overlayfs.js';
import type { Kernel } from '../kernel/kernel.js';
import { PAGE_SIZE } from '../kernel/mm/frames.js';
import { RELEASE, VERSION } from '../kernel/release.js';
import type { Process } from '../kernel/task/process.js';
import { Archives } from './archives.js';
import { Container, type Running } from './container.js';
import type { ArgumentOf, Channel, Failure, FromNode, NodeCalls, ProcessName, ToNode } from './contract.js';
import { Files } from './files/files.js';
import { Filesystems, ID } from './filesystems.js';
import type { NodeFiles } from './host-files.js';
import { Networks } from './networks.js';
import { attachOuter } from './outer-network.js';
import type { Uplink } from './uplink.js';
import { Refusal } from './refusal.js';
import { checkProcess, checkResources, checkSpec } from './spec-check.js';
import { processesOf, statisticsOf } from './statistics.js';
import type { StdioEvents } from './stdio.js';
import type { WasiHost } from './wasi/worker-host.js';
import type { Wire } from './wire.js';

interface Named {
  container: Container;
  running: Running;
  name: ProcessName;
}

export class NodeServer implements NodeCalls {
  private readonly filesystems: Filesystems;
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
    this.filesystems = new Filesystems(kernel, outside.files);
    this.files = new Files(kernel, this.archives, this.filesystems);
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

  addRoot(root: ArgumentOf<'addRoot'>): void {
    this.filesystems.addRoot(root);
  }

  removeRoot(root: ArgumentOf<'removeRoot'>): void {
    this.filesystems.removeRoot(root);
  }

  addVolume(volume: ArgumentOf<'addVolume'>): void {
    this.filesystems.addVolume(volume);
  }

  removeVolume(volume: ArgumentOf<'removeVolume'>): void {
    this.filesystems.removeVolume(volume);
  }

  forgetLayers({ ids }: ArgumentOf<'forgetLayers'>): void {
    this.filesystems.forgetLayers(ids);
  }

  sync(): void {
    this.filesystems.sync();
  }

  openChanges({ id }: ArgumentOf<'openChanges'>) {
    const root = this.filesystems.root(id);
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
    const { filesystems } = this;
    return this.files.usage('root' in of ? filesystems.root(of.root) : filesystems.volume(of.volume));
  }

  addNetwork(network: ArgumentOf<'addNetwork'>): void {
    this.networks.add(network);
  }

  removeNetwork({ id }: { id: string }): void {
    this.networks.remove(id);
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
    const fs = this.filesystems.root(root);
    checkSpec(spec);
    const sources = { ...this.filesystems.sources, mounted: files };
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
