// A container of the engine: what was asked for, its state, its log and streams; its lifecycle on a node.
// Docker Engine API, "Containers".
import type { NamespaceType } from '../base/runtime-spec.js';
import { NodeFailure } from '../runtime/failure.js';
import type { NodeClient, PublishedPort } from '../runtime/node-client.js';
import type { EndpointRequest, NetworkSetup, Place } from './endpoints.js';
import type { ContainerConfig, HostConfig } from './container-config.js';
import { type MountPoint, resourcesOf, specOf } from './container-spec.js';
import { Conflict, EngineError, InvalidParameter, NotModified, StartFailed } from './errors.js';
import type { Events } from './events.js';
import type { Exec, ExecConfig } from './exec.js';
import { gather, type Health, HealthMonitor, type Patient, type Probe, probeOf } from './health.js';
import type { EngineHost } from './host.js';
import { ContainerLog } from './log.js';
import type { Network } from './networks.js';
import { signalOf } from './signals.js';
import { ProcessStreams } from './streams.js';

export type Status = 'created' | 'running' | 'paused' | 'exited' | 'removing' | 'dead';
export type WaitCondition = 'not-running' | 'next-exit' | 'removed';

const SIGKILL = 9;
const STOP_SECONDS = 10;
const NOT_FOUND = 127;
const NOT_EXECUTABLE = 126;
const NOT_STARTED = 128;

export interface ContainerParts {
  id: string;
  name: string;
  imageId: string;
  config: ContainerConfig;
  host: HostConfig;
  /** Entrypoint and command. */
  args: string[];
  mounts: MountPoint[];
  endpoints: EndpointRequest[];
}

/** What a container needs of the engine around it. */
export interface Surroundings {
  node: NodeClient;
  host: EngineHost;
  events: Events;
  /** Paths of the namespaces that other containers lend it. Throws EngineError. */
  joined(container: Container): Partial<Record<NamespaceType, string>>;
  /** Its places in networks; it leaves them. Throws EngineError. */
  enter(container: Container): Promise<NetworkSetup>;
  leave(container: Container): void;
  connect(container: Container, request: EndpointRequest): Promise<void>;
  disconnect(container: Container, network: Network): Promise<void>;
  /** Texts over files of its root. */
  files(container: Container): Record<string, string>;
  remove(container: Container): Promise<void>;
  /** A further process in it. */
  exec(container: Container, config: ExecConfig): Exec;
}

export class Container implements Patient {
  readonly id: string;
  name: string;
  readonly imageId: string;
  readonly config: ContainerConfig;
  readonly host: HostConfig;
  readonly args: string[];
  readonly mounts: MountPoint[];
  readonly endpoints: EndpointRequest[];
  /** Where it is in its networks, and its ports as the host has them, while it runs. */
  places: Place[] = [];
  ports: PublishedPort[] = [];
  readonly created: number;
  readonly log: ContainerLog;
  streams = new ProcessStreams();
  readonly execIds = new Set<string>();

  status: Status = 'created';
  pid = 0;
  exitCode = 0;
  error = '';
  oomKilled = false;
  /** Milliseconds since 1970; 0: not yet. */
  startedAt = 0;
  finishedAt = 0;
  /** Of one that is checked. */
  health?: Health;
  private monitor?: HealthMonitor;
  private readonly waiting = new Set<{ condition: WaitCondition; tell(code: number): void }>();
  private starting: (() => void)[] = [];
  /** What is done to it is done one after the other. */
  private turn: Promise<unknown> = Promise.resolve();

  constructor(
    parts: ContainerParts,
    private readonly around: Surroundings,
  ) {
    ({ id: this.id, name: this.name, imageId: this.imageId } = parts);
    ({ config: this.config, host: this.host, args: this.args, mounts: this.mounts } = parts);
    this.endpoints = parts.endpoints;
    this.created = around.host.date();
    this.log = new ContainerLog(() => around.host.date());
  }

  get running(): boolean {
    return this.status === 'running' || this.status === 'paused';
  }

  tell(action: string, more: Record<string, string> = {}): void {
    const attributes = { ...this.config.Labels, image: this.config.Image, name: this.name, ...more };
    this.around.events.tell('container', action, this.id, attributes);
  }

  private inTurn<T>(action: () => Promise<T>): Promise<T> {
    const next = this.turn.then(action, action);
    this.turn = next.catch(() => {});
    return next;
  }

  // ---- start ----------------------------------------------------------------------------------------------------------------------

  start(): Promise<void> {
    return this.inTurn(() => this.startNow());
  }

  private async startNow(): Promise<void> {
    if (this.status === 'paused') throw new Conflict('cannot start a paused container, try unpause instead');
    if (this.status === 'running') throw new NotModified(`container ${this.id} is running`);
    if (this.status !== 'created' && this.status !== 'exited')
      throw new Conflict('container is marked for removal and cannot be started');
    const { node, host } = this.around;
    const { id, config } = this;
    this.error = '';
    this.oomKilled = false;
    const joined = this.around.joined(this);
    const spec = specOf({ id, config, host: this.host, args: this.args, mounts: this.mounts, joined });
    node.listen(
      { id },
      {
        output: (stream, bytes) => this.output(stream, bytes),
        exited: (status, oomKilled) => void this.inTurn(() => this.ended(status, oomKilled)),
      },
    );
    try {
      const network = await this.around.enter(this);
      const files = this.around.files(this);
      const reaper = this.host.Init ?? false;
      const { pid } = await node.call('create', { id, root: id, spec, files, reaper, ...network });
      if (network.ports.length > 0) this.ports = await this.publish();
      await node.call('start', { id });
      this.pid = pid;
    } catch (error) {
      throw await this.notStarted(error);
    }
    if (!config.OpenStdin) node.endInput({ id });
    this.status = 'running';
    this.startedAt = host.date();
    this.finishedAt = 0;
    this.watchHealth(true);
    this.tell('start');
    for (const go of this.starting.splice(0)) go();
  }

  /** Why it did not start, in words from which clients tell 126 and 127. */
  private async notStarted(error: unknown): Promise<Error> {
    const { node } = this.around;
    node.forget({ id: this.id });
    await node.call('delete', { id: this.id, force: true }).catch(() => {});
    this.leaveNetworks();
    const known = error instanceof EngineError || (error instanceof NodeFailure && error.kind !== 'bug');
    if (!known) return error as Error;
    const kind = error instanceof NodeFailure ? error.kind : undefined;
    const program = kind === 'not-found' || kind === 'not-executable';
    this.exitCode = kind === 'not-found' ? NOT_FOUND : kind === 'not-executable' ? NOT_EXECUTABLE : NOT_STARTED;
    this.error = program
      ? `failed to create task for container: unable to start container process: ${error.message}`
      : error.message;
    const failure = program ? new StartFailed(this.error) : kind ? new InvalidParameter(this.error) : error;
    this.streams.end();
    this.streams = new ProcessStreams();
    this.answer('next-exit', this.exitCode);
    if (this.host.AutoRemove) await this.around.remove(this);
    return failure;
  }

  private async publish(): Promise<PublishedPort[]> {
    try {
      return await this.around.node.call('publish', { id: this.id });
    } catch (error) {
      if (!(error instanceof NodeFailure) || error.kind !== 'conflict') throw error;
      const { name, places } = this;
      const words = `failed to set up container networking: driver failed programming external connectivity on endpoint ${name} (${places[0]?.endpoint}): ${error.message}`;
      throw new NodeFailure(error.kind, words);
    }
  }

  /** Into one more network, and out of one, whether it runs or not. Throws EngineError. */
  connect(request: EndpointRequest): Promise<void> {
    return this.inTurn(() => this.around.connect(this, request));
  }
  disconnect(network: Network): Promise<void> {
    return this.inTurn(() => this.around.disconnect(this, network));
  }

  private leaveNetworks(): void {
    this.places = [];
    this.ports = [];
    this.around.leave(this);
  }

  /** Resolves when it runs. */
  whenRunning(): Promise<void> {
    return this.running ? Promise.resolve() : new Promise((resolve) => this.starting.push(resolve));
  }

  // ---- health ---------------------------------------------------------------------------------------------------------------------

  /** `anew`: nothing is known of it yet. */
  private watchHealth(anew: boolean): void {
    const { Healthcheck: check, Shell } = this.config;
    const words = check && probeOf(check, Shell);
    if (!words) return;
    if (anew || !this.health) this.health = { status: 'starting', failingStreak: 0, log: this.health?.log ?? [] };
    this.monitor = new HealthMonitor(this, this.health, words, check, this.around.host);
  }

  /** Who is not watched is not well, as with Docker. */
  private stopWatching(): void {
    if (!this.monitor || !this.health) return;
    this.monitor.stop();
    this.monitor = undefined;
    this.health.status = 'unhealthy';
  }

  healthChanged(): void {
    this.tell(`health_status: ${this.health!.status}`);
  }

  probe(words: string[]): Probe {
    const exec = this.around.exec(this, {
      ...{ User: '', Privileged: false, Tty: false, AttachStdin: false, AttachStdout: true, AttachStderr: true },
      ...{ Env: [], WorkingDir: '', Cmd: words },
    });
    const output: Uint8Array[] = [];
    const ended = new Promise<number>((resolve, reject) => {
      exec.streams.attach({
        async output(_stream, bytes) {
          gather(output, bytes);
          return true;
        },
        ended: () => resolve(exec.exitCode ?? -1),
      });
      exec.start().catch(reject);
    });
    return { ended, output, kill: () => void exec.kill(SIGKILL).catch(() => {}) };
  }

  private output(stream: 1 | 2, bytes: Uint8Array): void | Promise<void> {
    if (this.host.LogConfig.Type !== 'none') this.log.write(stream, bytes);
    if (this.streams.count > 0) return this.streams.output(stream, bytes);
  }

  // ---- the end --------------------------------------------------------------------------------------------------------------------

  private async ended(status: number, oomKilled: boolean): Promise<void> {
    const signal = status & 0x7f;
    this.exitCode = signal === 0 ? (status >> 8) & 0xff : 128 + signal;
    this.oomKilled = oomKilled;
    this.status = 'exited';
    this.pid = 0;
    this.stopWatching();
    this.finishedAt = this.around.host.date();
    await this.around.node.call('delete', { id: this.id, force: true }).catch(() => {});
    this.leaveNetworks();
    this.log.end();
    this.tell('die', {
      exitCode: String(this.exitCode),
      execDuration: String(Math.max(0, Math.round((this.finishedAt - this.startedAt) / 1000))),
    });
    this.streams.end();
    this.streams = new ProcessStreams();
    this.answer('not-running', this.exitCode);
    this.answer('next-exit', this.exitCode);
    if (this.host.AutoRemove) await this.around.remove(this);
  }

  private answer(condition: WaitCondition, code: number): void {
    for (const waiter of [...this.waiting])
      if (waiter.condition === condition) {
        this.waiting.delete(waiter);
        waiter.tell(code);
      }
  }

  /** It is there no more. */
  removed(): void {
    for (const condition of ['not-running', 'next-exit', 'removed'] as const) this.answer(condition, this.exitCode);
  }

  /** Calls `tell` once with the exit code; what is returned ends the wait. */
  wait(condition: WaitCondition, tell: (code: number) => void): () => void {
    if (condition === 'not-running' && !this.running) {
      tell(this.exitCode);
      return () => {};
    }
    const waiter = { condition, tell };
    this.waiting.add(waiter);
    return () => this.waiting.delete(waiter);
  }

  // ---- while it runs --------------------------------------------------------------------------------------------------------------

  private mustRun(): void {
    if (!this.running) throw new Conflict(`container ${this.id} is not running`);
  }

  async kill(signal: number): Promise<void> {
    this.mustRun();
    // who is killed must be able to end
    if (signal === SIGKILL && this.status === 'paused') await this.resume();
    await this.around.node.call('kill', { id: this.id, signal });
    this.tell('kill', { signal: String(signal) });
  }

  /** By its own signal; after `seconds` by SIGKILL. A negative number is as long as it takes. */
  async stop(seconds: number | undefined, signal: string | undefined): Promise<void> {
    if (!this.running) throw new NotModified(`container ${this.id} is not running`);
    if (this.status === 'paused') await this.resume();
    const wait = seconds ?? this.config.StopTimeout ?? STOP_SECONDS;
    const ended = new Promise<void>((resolve) => this.wait('not-running', () => resolve()));
    await this.kill(signalOf(signal || this.config.StopSignal || 'SIGTERM'));
    const cancel =
      wait < 0 ? () => {} : this.around.host.after(wait * 1000, () => void this.kill(SIGKILL).catch(() => {}));
    await ended;
    cancel();
    this.tell('stop');
  }

  async restart(seconds: number | undefined, signal: string | undefined): Promise<void> {
    if (this.running) await this.stop(seconds, signal);
    await this.start();
    this.tell('restart');
  }

  async pause(): Promise<void> {
    if (this.status === 'paused') throw new Conflict(`Container ${this.id} is already paused`);
    this.mustRun();
    await this.around.node.call('pause', { id: this.id });
    this.status = 'paused';
    this.stopWatching();
    this.tell('pause');
  }

  async resume(): Promise<void> {
    if (this.status !== 'paused') throw new Conflict(`Container ${this.id} is not paused`);
    await this.around.node.call('resume', { id: this.id });
    this.status = 'running';
    this.watchHealth(false);
    this.tell('unpause');
  }

  /** A size for a terminal whose program has ended, or not begun, is nobody's. */
  async resize(rows: number, columns: number): Promise<void> {
    if (!this.running) return;
    await this.around.node.call('resize', { id: this.id, rows, columns });
    this.tell('resize', { height: String(rows), width: String(columns) });
  }

  async update(change: Partial<HostConfig>): Promise<void> {
    const next = { ...this.host, ...change };
    const resources = resourcesOf(next);
    if (this.running) await this.around.node.call('update', { id: this.id, resources });
    Object.assign(this.host, change);
    this.tell('update');
  }

  input(bytes: Uint8Array): Promise<void> {
    return this.around.node.input({ id: this.id }, bytes);
  }

  endInput(): void {
    this.around.node.endInput({ id: this.id });
  }
}
