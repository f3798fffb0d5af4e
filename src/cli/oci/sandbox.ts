// A sandbox: a process of the host with a node that holds a container, and others that share namespaces with it. Its standard streams are the
// first one's; it ends as that does, with its status. Others ask it things over a socket.
// Ours; what is asked is OCI runtime-spec, runtime.md, "Operations".
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import type { Writable } from 'node:stream';
import { InputError, messageOf } from '../../base/errors.js';
import type { ProcessSpec, ResourcesSpec, RuntimeSpec } from '../../base/runtime-spec.js';
import { NodeHost } from '../../hosts/node/host.js';
import { nodePlatform } from '../../hosts/node/platform.js';
import { createNode } from '../../kernel/node.js';
import { SIGHUP, SIGINT, SIGKILL, SIGTERM } from '../../kernel/abi/signal.js';
import { localChannel } from '../../node/local-channel.js';
import { NodeServer } from '../../node/server.js';
import { NodeClient } from '../../runtime/node-client.js';
import { ERRORS, INPUT, INPUT_END, OUTPUT } from '../kernel-frames.js';
import { nodeFiles } from '../node-files.js';
import { openUplink } from '../node-uplink.js';
import { dataFolder } from '../data-folder.js';
import { wasiThreads } from '../wasi-thread.js';
import { type Hooks, isBind, openBundle } from './bundle.js';
import { isOverlay, shownOverlay } from './entry.js';
import { framesOf, sendFrame, sendJson } from './frames.js';
import { hookFailure, hookState, processOfHook, runHooks } from './hooks.js';
import { hasInterfaces, type OpenNetwork, openOuterNetwork } from './outer-network.js';
import type { Place } from './place.js';
import type { Kept } from './state-folder.js';

export type Status = 'creating' | 'created' | 'running' | 'paused' | 'stopped';

/** What a sandbox is asked of a container; `exec` and `create` go on with frames of streams. */
export type Question =
  | { ask: 'start' | 'createContainerHooks' | 'pause' | 'resume' | 'status' | 'stats' | 'processes' }
  | { ask: 'kill'; signal: number; all: boolean }
  | { ask: 'update'; resources: ResourcesSpec }
  | { ask: 'exec'; process: ProcessSpec }
  | { ask: 'create'; kept: Kept; place: Place }
  | { ask: 'resize'; exec?: string; rows: number; columns: number };

export interface SandboxOptions {
  kept: Kept;
  place: Place;
  socket: string;
  /** Bytes of the node's memory. */
  memory: number;
}

interface Held {
  status: Status;
  /** It is there for the others of a pod: its program, which would do no more than wait, does not run. */
  holds: boolean;
  kept: Kept;
  hooks: Hooks;
  /** Of the node's. */
  pid: number;
  /** It has ended, with a status as wait4 gives it. */
  end(status: number): void;
}

const QUESTIONS_MAX = 64;
const EVERYTHING = [
  { network: 0, bits: 0 },
  { network: 0n, bits: 0 },
];
const CONTAINERS_MAX = 64;
/** Annotations of Kubernetes' engines, containerd and CRI-O, that say what a container of a pod is. */
const SANDBOX_TYPES = ['io.kubernetes.cri.container-type', 'io.kubernetes.cri-o.ContainerType'];
const ENDING = [SIGHUP, SIGINT, SIGKILL, SIGTERM];
/** Characters that a hook says of why it failed. */
const HOOK_WORDS_MAX = 4096;

/** A status of wait4's as a shell has it. */
export const exitStatus = (status: number): number =>
  (status & 0x7f) === 0 ? (status >> 8) & 0xff : 128 + (status & 0x7f);

export class Sandbox {
  private readonly containers = new Map<string, Held>();
  private readonly sockets = new Set<Socket>();
  private door?: Server;
  private network?: OpenNetwork;
  /** The first container's interfaces are still to come. */
  private unplugged = false;
  private nextExec = 0;
  private over!: Promise<number>;

  private constructor(
    private readonly id: string,
    private readonly node: NodeClient,
    private readonly server: NodeServer,
    private readonly host: NodeHost,
  ) {}

  /** Creates the container of a bundle. Throws InputError or NodeFailure. */
  static async open({ kept, place, socket, memory }: SandboxOptions): Promise<Sandbox> {
    const { id, bundle } = kept;
    const { spec } = openBundle(bundle);
    const host = new NodeHost();
    const { kernel, vcpu } = createNode({
      core: await nodePlatform.core(),
      memory,
      translate: 'in the background',
      clock: host,
      random: (into) => host.random(into),
    });
    nodePlatform.tune(vcpu);
    const { engine, node } = localChannel();
    const client = new NodeClient(engine);
    const wasi = wasiThreads(join(dataFolder({}), 'wasi'), () => host.wake());
    const outside = { files: nodeFiles(bundle), wasi, wireOf: (name: string) => sandbox.network?.wireOf(name) };
    const server = new NodeServer(kernel, host, outside, node);
    void server.run();
    const sandbox = new Sandbox(id, client, server, host);
    // whoever has been given the host's network may reach what the host does
    if (place.host) await openUplink(kernel, host, EVERYTHING);
    const output = sandbox.streams(process.stdout, process.stderr);
    const plugged = place.outer && hasInterfaces() ? sandbox.openNetwork() : undefined;
    plugged?.catch(() => {});
    sandbox.over = (await sandbox.create(kept, place, output)).ended;
    await plugged;
    sandbox.unplugged = place.outer;
    sandbox.takeInput(spec.process?.terminal === true);
    await sandbox.serve(socket);
    return sandbox;
  }

  /** Waits for the container's end: its status as a shell has it. */
  async run(): Promise<number> {
    const status = await this.over;
    this.door?.close();
    for (const socket of this.sockets) socket.destroy();
    this.server.close();
    return status;
  }

  /** Where a process's output goes. */
  private streams(output: Writable, errors: Writable) {
    for (const stream of [output, errors]) stream.on('error', () => {});
    return (stream: 1 | 2, bytes: Uint8Array): void | Promise<void> => {
      const to = stream === 1 ? output : errors;
      if (to.destroyed || to.write(bytes)) return;
      return new Promise((resolve) => {
        to.once('drain', resolve);
        to.once('close', resolve);
        to.once('error', resolve);
      });
    };
  }

  private takeInput(terminal: boolean): void {
    const { id } = this;
    const { stdin, stdout } = process;
    if (terminal && stdin.isTTY) {
      // the container's terminal does the rest
      stdin.setRawMode(true);
      const resize = (): void =>
        void this.node.call('resize', { id, rows: stdout.rows ?? 24, columns: stdout.columns ?? 80 });
      stdout.on('resize', resize);
      resize();
    }
    void (async () => {
      try {
        for await (const bytes of stdin) await this.node.input({ id }, bytes as Uint8Array);
      } catch {
        // a terminal that is hung up
      }
      this.node.endInput({ id });
    })();
  }

  // ---- containers -----------------------------------------------------------------------------------------------------------------

  /** Throws InputError or NodeFailure. `ended` is its status as a shell has it. */
  private async create(
    kept: Kept,
    place: Place,
    output: (stream: 1 | 2, bytes: Uint8Array) => void | Promise<void>,
  ): Promise<{ ended: Promise<number>; spec: RuntimeSpec }> {
    const { id, bundle } = kept;
    if (this.containers.has(id)) throw new InputError(`container with given ID already exists: ${id}`);
    if (this.containers.size >= CONTAINERS_MAX) throw new InputError(`the sandbox has ${CONTAINERS_MAX} containers`);
    // what the host has mounted since our namespace was made is there for the process that stands for the container
    const view = kept.sandbox === undefined ? '' : `/proc/${kept.pid}/root`;
    const { spec, rootfs } = openBundle(`${view}${bundle}`, view);
    for (const mount of spec.mounts ?? [])
      if (isBind(mount) && mount.source?.startsWith('/')) mount.source = `${view}${mount.source}`;
    spec.mounts = spec.mounts?.map((mount) => (isOverlay(mount) ? shownOverlay(rootfs, mount) : mount));
    this.settle(spec, place);
    const holds = SANDBOX_TYPES.some((name) => spec.annotations?.[name] === 'sandbox');
    const held: Held = { status: 'creating', holds, pid: 0, kept, hooks: spec.hooks ?? {}, end: () => {} };
    this.containers.set(id, held);
    const ended = new Promise<number>((resolve) => {
      held.end = (status) => {
        held.status = 'stopped';
        resolve(exitStatus(status));
      };
    });
    try {
      await this.node.call('addRoot', { id, folder: rootfs });
      this.node.listen({ id }, { output, exited: held.end });
      ({ pid: held.pid } = await this.node.call('create', { id, root: id, spec, reaper: holds }));
    } catch (error) {
      this.node.forget({ id });
      this.containers.delete(id);
      await this.node.call('removeRoot', { id }).catch(() => {});
      throw error;
    }
    held.status = 'created';
    return { ended, spec };
  }

  /** What carries its frames begins while the node goes on. */
  private async openNetwork(): Promise<void> {
    this.network = await openOuterNetwork(() => this.host.wake());
  }

  /** Interfaces may come as late as between create and start, as podman's do in a user namespace. */
  private async plug(): Promise<void> {
    if (!this.network && hasInterfaces()) await this.openNetwork();
    this.unplugged = false;
    if (this.network) await this.node.call('plug', { id: this.id, network: this.network.network });
  }

  /** What the config says of the host becomes the node's own: of its namespaces there are no more than the interfaces. */
  private settle(spec: RuntimeSpec, { within, host }: Place): void {
    spec.linux ??= {};
    const { linux } = spec;
    // no group of the host's is shown: each has its own for the root of all, as engines on hosts with cgroup v1 ask for none
    spec.mounts = spec.mounts?.filter(({ source }) => !/^(\/proc\/\d+\/root)?\/sys\/fs\/cgroup\//.test(source ?? ''));
    const asked = linux.namespaces ?? [];
    if (!asked.some(({ type }) => type === 'cgroup')) asked.push({ type: 'cgroup' });
    linux.namespaces = asked.flatMap(({ type, path }) => {
      if (type === 'network' && host) return [];
      const owner = within[type];
      if (owner === undefined) return [{ type }];
      const of = this.containers.get(owner);
      if (!of || of.status === 'stopped')
        throw new InputError(`namespaces: ${path}: container ${owner} is not running`);
      return [{ type, path: `/proc/${of.pid}/ns/${type}` }];
    });
  }

  /** Its end, whatever it does. */
  private async remove(id: string): Promise<void> {
    await this.node.call('delete', { id, force: true }).catch(() => {});
    await this.node.call('removeRoot', { id }).catch(() => {});
    this.containers.delete(id);
  }

  private held(id: string): Held {
    const held = this.containers.get(id);
    if (!held) throw new InputError(`container does not exist: ${id}`);
    return held;
  }

  // ---- questions ------------------------------------------------------------------------------------------------------------------

  private serve(path: string): Promise<void> {
    this.door = createServer({ allowHalfOpen: true }, (socket) => {
      if (this.sockets.size >= QUESTIONS_MAX) return void socket.destroy();
      this.sockets.add(socket);
      socket.on('close', () => this.sockets.delete(socket));
      socket.on('error', () => {});
      void this.answer(socket);
    });
    return new Promise((resolve, reject) => {
      this.door!.once('error', reject);
      const mask = process.umask(0o177);
      this.door!.listen(path, () => {
        process.umask(mask);
        resolve();
      });
    });
  }

  private async answer(socket: Socket): Promise<void> {
    const frames = framesOf(socket);
    try {
      const first = await frames.next();
      if (first.done || !('json' in first.value)) return void socket.destroy();
      const { of: id = this.id, ...question } = first.value.json as Question & { of?: string };
      if (question.ask === 'exec') await this.exec(socket, frames, id, question.process);
      else if (question.ask === 'create') await this.share(socket, frames, id, question);
      else await sendJson(socket, { result: (await this.asked(id, question)) ?? null });
    } catch (error) {
      await sendJson(socket, { error: messageOf(error) });
    }
    socket.end();
  }

  private async asked(id: string, question: Exclude<Question, { ask: 'exec' | 'create' }>): Promise<unknown> {
    const { node } = this;
    const held = this.held(id);
    switch (question.ask) {
      case 'status':
        return held.status;
      case 'start':
        if (id === this.id && this.unplugged) await this.plug();
        await this.startContainerHooks(id, held);
        if (!held.holds) await node.call('start', { id });
        held.status = 'running';
        return;
      case 'createContainerHooks':
        // its namespaces are ours, as far as the host has any
        return runHooks(held.hooks.createContainer, held.kept, 'creating');
      case 'pause':
        await node.call('pause', { id });
        held.status = 'paused';
        return;
      case 'resume':
        await node.call('resume', { id });
        held.status = 'running';
        return;
      case 'kill': {
        // who has not begun handles nothing
        const { signal } = question;
        if (held.status === 'created' || held.holds) {
          // whoever waits in a pod ends well when he is asked to
          const status = held.holds && signal !== SIGKILL ? 0 : signal;
          if (ENDING.includes(signal)) endLater(held, status);
          return;
        }
        if (signal === 0) return;
        return await node.call('kill', { id, signal, all: question.all });
      }
      case 'update':
        return await node.call('update', { id, resources: question.resources });
      case 'resize':
        return await node.call('resize', { ...question, id });
      case 'stats':
        return await node.call('stats', { id });
      case 'processes':
        return await node.call('processes', { id });
      default:
        throw new Error('it is not known what is asked');
    }
  }

  /** Programs of the container, before its own. Throws InputError when one fails: the container ends. */
  private async startContainerHooks(id: string, held: Held): Promise<void> {
    for (const hook of held.hooks.startContainer ?? []) {
      const exec = `hook${this.nextExec++}`;
      let said = '';
      let late: NodeJS.Timeout | undefined;
      const ended = new Promise<number>((resolve) => {
        const output = (_: number, bytes: Uint8Array): void => {
          if (said.length < HOOK_WORDS_MAX) said += Buffer.from(bytes).toString();
        };
        this.node.listen({ id, exec }, { output, exited: (status) => resolve(exitStatus(status)) });
      });
      try {
        await this.node.call('exec', { id, exec, process: processOfHook(hook) });
        const kill = (): void => void this.node.call('kill', { id, exec, signal: SIGKILL }).catch(() => {});
        if (hook.timeout !== undefined) late = setTimeout(kill, hook.timeout * 1000);
        void this.node.input({ id, exec }, Buffer.from(hookState(held.kept, 'created')));
        this.node.endInput({ id, exec });
        const status = await ended;
        if (status !== 0) throw hookFailure(hook.path, said.trim(), status);
      } catch (error) {
        this.node.forget({ id, exec });
        endLater(held, SIGKILL);
        throw error;
      } finally {
        clearTimeout(late);
      }
    }
  }

  /** A process more, whose streams are the socket's frames. First its answer comes, last its status. */
  private async exec(
    socket: Socket,
    frames: ReturnType<typeof framesOf>,
    id: string,
    process: ProcessSpec,
  ): Promise<void> {
    const exec = `exec${this.nextExec++}`;
    const name = { id, exec };
    let exited!: (status: number) => void;
    const over = new Promise<number>((resolve) => {
      exited = resolve;
    });
    this.node.listen(name, { output: outputTo(socket), exited });
    try {
      await this.node.call('exec', { id, exec, process });
    } catch (error) {
      this.node.forget(name);
      throw error;
    }
    await sendJson(socket, { result: { exec, terminal: process.terminal === true } });
    void this.passInput(frames, name);
    await sendJson(socket, { exited: exitStatus(await over) });
  }

  /** Another container in the sandbox, whose streams are the socket's frames; it goes with the socket. */
  private async share(
    socket: Socket,
    frames: ReturnType<typeof framesOf>,
    id: string,
    { kept, place }: Extract<Question, { ask: 'create' }>,
  ): Promise<void> {
    const { ended, spec } = await this.create(kept, place, outputTo(socket));
    const gone = new Promise<void>((resolve) => socket.once('close', () => resolve()));
    await sendJson(socket, { result: { terminal: spec.process?.terminal === true } });
    void this.passInput(frames, { id });
    const status = await Promise.race([ended, gone]);
    await this.remove(id);
    if (status !== undefined) await sendJson(socket, { exited: status });
  }

  private async passInput(frames: ReturnType<typeof framesOf>, name: { id: string; exec?: string }): Promise<void> {
    try {
      for await (const frame of frames) {
        if ('json' in frame) continue;
        if (frame.kind === INPUT) await this.node.input(name, frame.bytes);
        else if (frame.kind === INPUT_END) this.node.endInput(name);
      }
    } catch {
      // whoever stood for it is gone
    }
    this.node.endInput(name);
  }
}

/** Whoever asks gets his answer first. */
const endLater = (held: Held, status: number): void => void setImmediate(() => held.end(status));

const outputTo =
  (socket: Socket) =>
  (stream: 1 | 2, bytes: Uint8Array): Promise<void> =>
    sendFrame(socket, stream === 1 ? OUTPUT : ERRORS, bytes);
