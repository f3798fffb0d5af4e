// Further processes in a container. Docker Engine API, "Exec".
import type { ProcessSpec } from '../base/runtime-spec.js';
import { NodeFailure } from '../runtime/failure.js';
import type { NodeClient } from '../runtime/node-client.js';
import { Members } from './json-members.js';
import type { Container } from './container.js';
import { capabilitiesOf } from './container-defaults.js';
import { boundsOf, environmentOf } from './container-spec.js';
import { Conflict, InvalidParameter, StartFailed } from './errors.js';
import { NOT_EXECUTABLE, NOT_FOUND } from './start-failure.js';
import { ProcessStreams } from './streams.js';

export interface ExecConfig {
  User: string;
  Privileged: boolean;
  Tty: boolean;
  AttachStdin: boolean;
  AttachStdout: boolean;
  AttachStderr: boolean;
  Env: string[];
  WorkingDir: string;
  Cmd: string[];
}

/** Throws InvalidParameter. */
export function parseExec(body: unknown): ExecConfig {
  const config = new Members(body, 'the exec');
  const Cmd = config.texts('Cmd');
  if (!Cmd || Cmd.length === 0) throw new InvalidParameter('No exec command specified');
  return {
    User: config.text('User'),
    Privileged: config.flag('Privileged'),
    Tty: config.flag('Tty'),
    AttachStdin: config.flag('AttachStdin'),
    AttachStdout: config.flag('AttachStdout'),
    AttachStderr: config.flag('AttachStderr'),
    Env: config.texts('Env') ?? [],
    WorkingDir: config.text('WorkingDir'),
    Cmd,
  };
}

export class Exec {
  readonly streams = new ProcessStreams();
  state: 'created' | 'running' | 'ended' = 'created';
  exitCode: number | null = null;
  pid = 0;
  private begun!: () => void;
  /** Resolves when it runs. */
  readonly started = new Promise<void>((resolve) => {
    this.begun = resolve;
  });

  constructor(
    readonly id: string,
    readonly container: Container,
    readonly config: ExecConfig,
    private readonly node: NodeClient,
    private readonly ended: (exec: Exec) => void,
  ) {}

  private get name(): { id: string; exec: string } {
    return { id: this.container.id, exec: this.id };
  }

  async start(size?: { height: number; width: number }): Promise<void> {
    const { container, config, node, name } = this;
    if (this.state !== 'created') throw new Conflict(`exec ${this.id} has been started already`);
    if (!container.running) throw new Conflict(`container ${container.id} is not running`);
    if (container.status === 'paused')
      throw new Conflict(`Container ${container.id} is paused, unpause the container before exec`);
    this.state = 'running';
    node.listen(name, {
      output: (stream, bytes) => (this.streams.count > 0 ? this.streams.output(stream, bytes) : undefined),
      exited: (status) => this.end((status & 0x7f) === 0 ? (status >> 8) & 0xff : 128 + (status & 0x7f)),
    });
    container.tell(`exec_start: ${config.Cmd.join(' ')}`, { execID: this.id });
    try {
      this.pid = (await node.call('exec', { ...name, process: this.process(size) })).pid;
    } catch (error) {
      node.forget(name);
      if (!(error instanceof NodeFailure) || error.kind === 'bug') throw error;
      this.end(error.kind === 'not-found' ? NOT_FOUND : NOT_EXECUTABLE);
      throw new StartFailed(
        `OCI runtime exec failed: exec failed: unable to start container process: ${error.message}`,
      );
    }
    if (!config.AttachStdin) node.endInput(name);
    this.begun();
  }

  private process(size?: { height: number; width: number }): ProcessSpec {
    const { container, config } = this;
    const capabilities = capabilitiesOf({
      ...container.host,
      Privileged: config.Privileged || container.host.Privileged,
    });
    return {
      terminal: config.Tty,
      ...(size && { consoleSize: size }),
      user: { username: config.User || container.config.User || '0' },
      args: config.Cmd,
      env: environmentOf(container.config.Hostname, config.Tty, [...container.config.Env, ...config.Env]),
      ...boundsOf(container.host),
      cwd: config.WorkingDir || container.config.WorkingDir || '/',
      capabilities: { bounding: capabilities, effective: capabilities, permitted: capabilities },
    };
  }

  private end(code: number): void {
    this.state = 'ended';
    this.exitCode = code;
    this.streams.end();
    this.container.tell('exec_die', { execID: this.id, exitCode: String(code) });
    this.ended(this);
  }

  input(bytes: Uint8Array): Promise<void> {
    return this.node.input(this.name, bytes);
  }

  async kill(signal: number): Promise<void> {
    await this.node.call('kill', { ...this.name, signal });
  }

  endInput(): void {
    this.node.endInput(this.name);
  }

  async resize(rows: number, columns: number): Promise<void> {
    if (this.state === 'running') await this.node.call('resize', { ...this.name, rows, columns });
  }
}
