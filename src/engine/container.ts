// A container of the engine: what was asked for, its state, its log and streams; its lifecycle on a node.
// Docker Engine API, "Containers".
import { messageOf } from '../base/errors.js';
import { NodeFailure } from '../runtime/failure.js';
import type { PublishedPort } from '../runtime/node-client.js';
import type { EndpointRequest, Place } from './endpoints.js';
import type { ContainerConfig, HostConfig, Resources } from './container-config.js';
import { type MountPoint, specOf } from './container-spec.js';
import { Conflict, EngineError, NotModified } from './errors.js';
import { type Health, HealthMonitor, type Patient, type Probe, probeOf } from './health.js';
import { execOf, probeBy } from './health-probe.js';
import { ContainerLog } from './log.js';
import { logLimits } from './log-options.js';
import { LogFiles } from './log-files.js';
import type { Network } from './networks.js';
import { changedResources, checkResources, resourcesOf, warningsOf } from './resources.js';
import { Backoff, checkPolicy, type RestartPolicy, startsAgain } from './restart-policy.js';
import { signalOf } from './signals.js';
import { type ContainerRecord, type ContainerState, logOf } from './state-store.js';
import { startFailure } from './start-failure.js';
import { ProcessStreams } from './streams.js';
import type { ContainerParts, Lent, Surroundings } from './surroundings.js';
import { ownersOf } from './user-remap.js';
import { type WaitCondition, Waiters } from './waiters.js';

export type Status = 'created' | 'running' | 'paused' | 'restarting' | 'exited' | 'removing' | 'dead';

const SIGKILL = 9;
const STOP_SECONDS = 10;
/** Of who was running when the engine's process ended: nobody has seen its end. */
const LOST = 137;

export class Container implements Patient {
  readonly id: string;
  name: string;
  readonly imageId: string;
  readonly config: ContainerConfig;
  readonly host: HostConfig;
  readonly args: string[];
  readonly mounts: MountPoint[];
  readonly endpoints: EndpointRequest[];
  readonly layers: string[];
  readonly wasi?: true;
  readonly passing?: true;
  /** Where it is in its networks, and its ports as the host has them, while it runs. */
  places: Place[] = [];
  ports: PublishedPort[] = [];
  readonly created: number;
  lent?: Lent;
  readonly log: ContainerLog;
  streams = new ProcessStreams();
  readonly execIds = new Set<string>();

  status: Status = 'created';
  pid = 0;
  exitCode = 0;
  error = '';
  oomKilled = false;
  /** How often its policy has started it again since somebody did. */
  restarts = 0;
  /** Somebody wanted its end: it stays ended, now and (but for `always`) when the engine opens again. */
  private stopped = false;
  private exitOnNext = false;
  /** It is about to run. */
  private beginning = false;
  private readonly backoff = new Backoff();
  private cancelRestart: () => void = () => {};
  /** Milliseconds since 1970; 0: not yet. */
  startedAt = 0;
  finishedAt = 0;
  /** Of one that is checked. */
  health?: Health;
  private monitor?: HealthMonitor;
  private readonly waiters = new Waiters();
  private starting: (() => void)[] = [];
  /** What is done to it is done one after the other. */
  private turn: Promise<unknown> = Promise.resolve();

  constructor(
    parts: ContainerParts,
    private readonly around: Surroundings,
  ) {
    ({ id: this.id, name: this.name, imageId: this.imageId } = parts);
    ({ config: this.config, host: this.host, args: this.args, mounts: this.mounts } = parts);
    ({ endpoints: this.endpoints, layers: this.layers, created: this.created } = parts);
    ({ wasi: this.wasi, passing: this.passing } = parts);
    const limits = logLimits(this.host.LogConfig);
    const complain = (why: string): void => around.complain(`the log of ${this.id.slice(0, 12)} loses lines: ${why}`);
    this.log = new ContainerLog(
      () => around.host.date(),
      around.readers,
      (written) => new LogFiles(around.state.storage, logOf(this.id), limits, written, complain),
    );
  }

  // ---- what is kept of it ---------------------------------------------------------------------------------------------------------

  record(): ContainerRecord {
    const { id, name, imageId, created, config, host, args, mounts, endpoints, layers, wasi, passing, status } = this;
    const { exitCode, error, oomKilled, startedAt, finishedAt, restarts, stopped, health } = this;
    const kept = this.beginning ? 'running' : status === 'removing' || status === 'dead' ? 'exited' : status;
    const state = { status: kept, exitCode, error, oomKilled, startedAt, finishedAt, restarts, stopped, health };
    const kind = { ...(wasi && { wasi }), ...(passing && { passing }) };
    return { id, name, imageId, created, config, host, args, mounts, endpoints, layers, ...kind, state };
  }

  private saving: Promise<unknown> = Promise.resolve();
  private nextSave?: Promise<void>;

  /** What it is by then is kept when this resolves. Rejects with StorageError. */
  save(): Promise<void> {
    this.nextSave ??= this.saving.then(() => {
      this.nextSave = undefined;
      return this.status === 'removing' ? undefined : this.around.state.saveContainer(this.record());
    });
    this.saving = this.nextSave.catch(() => {});
    return this.nextSave;
  }

  /** What is done to it, and kept of it, has been. */
  async settled(): Promise<void> {
    await this.saving;
    await this.log.files.close();
  }

  /** As `save`, where nobody waits for an answer. */
  private note(): Promise<void> {
    return this.save().catch((error) =>
      this.around.complain(`the state of ${this.id.slice(0, 12)} is not kept: ${messageOf(error)}`),
    );
  }

  /** As it was when the engine's process ended; who was running then is no more. Answers whether it was. */
  restore(state: ContainerState): boolean {
    const { stopped, health, restarts, status } = state;
    const { exitCode, error, oomKilled, startedAt, finishedAt } = state;
    Object.assign(this, { exitCode, error, oomKilled, startedAt, finishedAt, restarts, stopped, health, status });
    const ran = status === 'running' || status === 'paused';
    if (ran) Object.assign(this, { exitCode: LOST, finishedAt: this.around.host.date() });
    if (ran || status === 'restarting') this.status = 'exited';
    if (ran && this.health) this.health.status = 'unhealthy';
    return ran;
  }

  /** Starts it if its policy says so, when the engine opens. */
  async resumeByPolicy(): Promise<void> {
    const { exitCode, stopped, restarts, startedAt } = this;
    if (startedAt === 0 || !startsAgain(this.host.RestartPolicy, { exitCode, stopped, restarts })) return;
    await this.inTurn(() => this.startNow(false)).catch((error) => {
      if (!(error instanceof EngineError)) this.around.complain(`${this.name}: ${messageOf(error)}`);
    });
  }

  get running(): boolean {
    return this.status === 'running' || this.status === 'paused';
  }

  /** It waits to be started again. */
  get restarting(): boolean {
    return this.status === 'restarting';
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
    return this.inTurn(() => this.startNow(true));
  }

  /** `asked`: by somebody, not by its policy. */
  private async startNow(asked: boolean): Promise<void> {
    if (this.status === 'paused') throw new Conflict('cannot start a paused container, try unpause instead');
    if (this.running || (this.restarting && asked)) throw new NotModified(`container ${this.id} is running`);
    if (this.status !== 'created' && this.status !== 'exited' && !this.restarting)
      throw new Conflict('container is marked for removal and cannot be started');
    const { node, host } = this.around;
    const { id, config } = this;
    if (asked) {
      this.stopped = false;
      this.restarts = 0;
      this.backoff.reset();
    }
    this.error = '';
    this.oomKilled = false;
    this.exitOnNext = false;
    node.listen(
      { id },
      {
        output: (stream, bytes) => this.output(stream, bytes),
        exited: (status, oomKilled) => void this.inTurn(() => this.ended(status, oomKilled)),
      },
    );
    try {
      const joined = this.around.joined(this);
      const owners = ownersOf(this.around.remap, this.host);
      const spec = specOf({ id, config, host: this.host, args: this.args, mounts: this.mounts, joined, owners });
      spec.mounts!.push(...(this.lent?.mounts ?? []));
      spec.process!.env!.push(...(this.lent?.env ?? []));
      await this.around.prepare(this);
      const network = await this.around.enter(this);
      const files = { ...this.around.files(this), ...this.lent?.files };
      const reaper = this.host.Init ?? false;
      const { pid } = await node.call('create', { id, root: id, spec, files, reaper, ...network });
      if (network.ports.length > 0) this.ports = await this.publish();
      // it is kept as running before it runs: whoever was begun is known to have been
      this.beginning = true;
      this.startedAt = host.date();
      await this.save();
      await node.call('start', { id });
      this.pid = pid;
    } catch (error) {
      throw await this.notStarted(error);
    }
    if (!config.OpenStdin) node.endInput({ id });
    this.beginning = false;
    this.status = 'running';
    this.finishedAt = 0;
    this.watchHealth(true);
    this.tell('start');
    for (const go of this.starting.splice(0)) go();
  }

  /** Why it did not start, in words from which clients tell 126 and 127. */
  private async notStarted(error: unknown): Promise<Error> {
    const { node } = this.around;
    node.forget({ id: this.id });
    this.beginning = false;
    await node.call('delete', { id: this.id, force: true }).catch(() => {});
    this.leaveNetworks();
    const failure = startFailure(error);
    if (!failure) return error as Error;
    ({ exitCode: this.exitCode, message: this.error } = failure);
    this.streams.end();
    this.streams = new ProcessStreams();
    await this.note();
    this.waiters.answer('next-exit', this.exitCode);
    if (this.host.AutoRemove) await this.around.remove(this);
    return failure.error;
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
    return this.inTurn(async () => {
      await this.around.connect(this, request);
      await this.save();
    });
  }
  disconnect(network: Network): Promise<void> {
    return this.inTurn(async () => {
      await this.around.disconnect(this, network);
      await this.save();
    });
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
    void this.note();
    this.tell(`health_status: ${this.health!.status}`);
  }

  probe(words: string[]): Probe {
    return probeBy(this.around.exec(this, execOf(words)));
  }

  private output(stream: 1 | 2, bytes: Uint8Array): void | Promise<void> {
    const logged = this.host.LogConfig.Type === 'none' ? undefined : this.log.write(stream, bytes);
    if (this.streams.count === 0) return logged;
    const told = this.streams.output(stream, bytes);
    return logged ? logged.then(() => told) : told;
  }

  // ---- the end --------------------------------------------------------------------------------------------------------------------

  private async ended(status: number, oomKilled: boolean): Promise<void> {
    const logged = this.log.end();
    const signal = status & 0x7f;
    this.exitCode = signal === 0 ? (status >> 8) & 0xff : 128 + signal;
    this.oomKilled = oomKilled;
    this.pid = 0;
    this.stopWatching();
    this.finishedAt = this.around.host.date();
    const again = this.isToStartAgain();
    this.status = again ? 'restarting' : 'exited';
    await this.around.node.call('delete', { id: this.id, force: true }).catch(() => {});
    this.leaveNetworks();
    this.tell('die', {
      exitCode: String(this.exitCode),
      execDuration: String(Math.max(0, Math.round((this.finishedAt - this.startedAt) / 1000))),
    });
    this.streams.end();
    this.streams = new ProcessStreams();
    // all that it said can be read when its end is told
    await logged;
    // who goes now needs no record
    if (!this.host.AutoRemove) await this.note();
    this.waiters.answer('not-running', this.exitCode);
    this.waiters.answer('next-exit', this.exitCode);
    if (this.host.AutoRemove) await this.around.remove(this);
    else if (again) this.startLater();
  }

  private isToStartAgain(): boolean {
    if (this.exitOnNext || this.around.closing() || this.host.AutoRemove) return false;
    const { exitCode, stopped, restarts } = this;
    if (!startsAgain(this.host.RestartPolicy, { exitCode, stopped, restarts })) return false;
    this.restarts++;
    return true;
  }

  private startLater(): void {
    const wait = this.backoff.next(this.finishedAt - this.startedAt);
    const begin = async (): Promise<void> => {
      if (this.restarting && !this.around.closing()) await this.startNow(false);
      else if (this.restarting) await this.stay();
    };
    this.cancelRestart = this.around.host.after(wait, () => {
      this.inTurn(begin).catch((error) => {
        // why it did not start is told by its state
        if (this.restarting) void this.stay();
        if (!(error instanceof EngineError)) this.around.complain(`${this.name}: ${messageOf(error)}`);
      });
    });
  }

  /** Who waits to be started again stays ended. */
  private async stay(): Promise<void> {
    this.cancelRestart();
    this.status = 'exited';
    await this.note();
    this.waiters.answer('not-running', this.exitCode);
  }

  /** Ends the wait for another start; one that has begun is over when this resolves. */
  endRestart(): Promise<void> {
    return this.inTurn(async () => {
      if (!this.restarting) return;
      this.stopped = !this.around.closing();
      await this.stay();
    });
  }

  /** It is there no more. */
  removed(): void {
    for (const condition of ['not-running', 'next-exit', 'removed'] as const)
      this.waiters.answer(condition, this.exitCode);
  }

  /** Calls `tell` once with the exit code; what is returned ends the wait. */
  wait(condition: WaitCondition, tell: (code: number) => void): () => void {
    if (condition !== 'not-running' || this.running || this.restarting) return this.waiters.add(condition, tell);
    tell(this.exitCode);
    return () => {};
  }

  // ---- while it runs --------------------------------------------------------------------------------------------------------------

  mustRun(): void {
    if (this.restarting) throw new Conflict(`Container ${this.id} is restarting, wait until the container is running`);
    if (!this.running) throw new Conflict(`container ${this.id} is not running`);
  }

  async kill(signal: number): Promise<void> {
    this.mustRun();
    // who is killed must be able to end
    if (signal === SIGKILL && this.status === 'paused') await this.resume();
    const { StopSignal } = this.config;
    if (!StopSignal || signal === SIGKILL || signal === signalOf(StopSignal)) this.exitOnNext = true;
    if (!this.around.closing()) this.stopped = true;
    await this.around.node.call('kill', { id: this.id, signal });
    this.tell('kill', { signal: String(signal) });
    // nobody survives it: what is asked next finds the container ended
    if (signal === SIGKILL) await this.toEnd();
  }

  /** Resolves when it does not run, at once where that is so. */
  toEnd(): Promise<void> {
    return new Promise((resolve) => this.wait('not-running', () => resolve()));
  }

  /** By its own signal; after `seconds` by SIGKILL. A negative number is as long as it takes. */
  async stop(seconds: number | undefined, signal: string | undefined): Promise<void> {
    if (this.restarting) {
      await this.endRestart();
      if (!this.running) return this.tell('stop');
    }
    if (!this.running) throw new NotModified(`container ${this.id} is not running`);
    if (this.status === 'paused') await this.resume();
    const wait = seconds ?? this.config.StopTimeout ?? STOP_SECONDS;
    const ended = this.toEnd();
    await this.kill(signalOf(signal || this.config.StopSignal || 'SIGTERM')).catch((error) => {
      // it ends by itself just now
      if (!(error instanceof NodeFailure)) throw error;
    });
    const cancel =
      wait < 0 ? () => {} : this.around.host.after(wait * 1000, () => void this.kill(SIGKILL).catch(() => {}));
    await ended;
    cancel();
    this.tell('stop');
  }

  async restart(seconds: number | undefined, signal: string | undefined): Promise<void> {
    if (this.running || this.restarting) await this.stop(seconds, signal);
    await this.start();
    this.tell('restart');
  }

  async pause(): Promise<void> {
    if (this.status === 'paused') throw new Conflict(`Container ${this.id} is already paused`);
    this.mustRun();
    await this.around.node.call('pause', { id: this.id });
    this.status = 'paused';
    this.stopWatching();
    await this.note();
    this.tell('pause');
  }

  async resume(): Promise<void> {
    if (this.status !== 'paused') throw new Conflict(`Container ${this.id} is not paused`);
    await this.around.node.call('resume', { id: this.id });
    this.status = 'running';
    this.watchHealth(false);
    await this.note();
    this.tell('unpause');
  }

  /** A size for a terminal whose program has ended, or not begun, is nobody's. */
  async resize(rows: number, columns: number): Promise<void> {
    if (!this.running) return;
    await this.around.node.call('resize', { id: this.id, rows, columns });
    this.tell('resize', { height: String(rows), width: String(columns) });
  }

  /** Warnings. Throws EngineError. */
  async update(asked: Resources, policy?: RestartPolicy): Promise<string[]> {
    const change: Partial<HostConfig> = changedResources(this.host, asked);
    if (policy) change.RestartPolicy = policy;
    const next = { ...this.host, ...change };
    checkPolicy(next.RestartPolicy, next.AutoRemove);
    checkResources(next);
    if (this.running) await this.around.node.call('update', { id: this.id, resources: resourcesOf(next) });
    Object.assign(this.host, change);
    await this.save();
    this.tell('update');
    return warningsOf(asked);
  }

  input(bytes: Uint8Array): Promise<void> {
    return this.around.node.input({ id: this.id }, bytes);
  }

  endInput(): void {
    this.around.node.endInput({ id: this.id });
  }
}
