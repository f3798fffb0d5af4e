// A sandbox: a process of the host with a node that holds one container. Its standard streams are the container's; it ends as the container
// does, with its status. Others ask it things over a socket. Ours; what is asked is OCI runtime-spec, runtime.md, "Operations".
import { createServer, type Server, type Socket } from 'node:net';
import type { Writable } from 'node:stream';
import { messageOf } from '../../base/errors.js';
import type { ProcessSpec, ResourcesSpec } from '../../base/runtime-spec.js';
import { NodeHost } from '../../hosts/node/host.js';
import { nodePlatform } from '../../hosts/node/platform.js';
import { createNode } from '../../kernel/node.js';
import { localChannel } from '../../node/local-channel.js';
import { NodeServer } from '../../node/server.js';
import { NodeClient } from '../../runtime/node-client.js';
import { ERRORS, INPUT, INPUT_END, OUTPUT } from '../kernel-frames.js';
import { nodeFiles } from '../node-files.js';
import { openBundle } from './bundle.js';
import { framesOf, sendFrame, sendJson } from './frames.js';

export type Status = 'creating' | 'created' | 'running' | 'paused' | 'stopped';

/** What a sandbox is asked; `exec` goes on with frames of the process's streams. */
export type Question =
  | { ask: 'start' | 'pause' | 'resume' | 'status' | 'stats' | 'processes' }
  | { ask: 'kill'; signal: number; all: boolean }
  | { ask: 'update'; resources: ResourcesSpec }
  | { ask: 'exec'; process: ProcessSpec }
  | { ask: 'resize'; exec?: string; rows: number; columns: number };

export interface SandboxOptions {
  id: string;
  bundle: string;
  socket: string;
  /** Bytes of the node's memory. */
  memory: number;
}

/** The container's id within its node, which has no other. */
const SELF = 'self';
const QUESTIONS_MAX = 64;

/** A status of wait4's as a shell has it. */
export const exitStatus = (status: number): number =>
  (status & 0x7f) === 0 ? (status >> 8) & 0xff : 128 + (status & 0x7f);

export class Sandbox {
  private status: Status = 'creating';
  private readonly sockets = new Set<Socket>();
  private server?: Server;
  private nextExec = 0;
  private readonly over: Promise<number>;
  private ended!: (status: number) => void;

  private constructor(
    private readonly node: NodeClient,
    private readonly closeNode: () => void,
  ) {
    this.over = new Promise((resolve) => {
      this.ended = resolve;
    });
  }

  /** Creates the container of a bundle. Throws InputError or NodeFailure. */
  static async open(options: SandboxOptions): Promise<Sandbox> {
    const { spec, rootfs } = openBundle(options.bundle);
    const host = new NodeHost();
    const { kernel, vcpu } = createNode({
      core: await nodePlatform.core(),
      memory: options.memory,
      translate: 'in the background',
      clock: host,
      random: (into) => host.random(into),
    });
    nodePlatform.tune(vcpu);
    const { engine, node } = localChannel();
    const client = new NodeClient(engine);
    const server = new NodeServer(kernel, host, { files: nodeFiles(options.bundle) }, node);
    void server.run();
    const sandbox = new Sandbox(client, () => server.close());
    await client.call('addRoot', { id: SELF, folder: rootfs });
    client.listen(
      { id: SELF },
      sandbox.listener(process.stdout, process.stderr, (status) => sandbox.ended(status)),
    );
    await client.call('create', { id: SELF, root: SELF, spec });
    sandbox.status = 'created';
    sandbox.takeInput(spec.process?.terminal === true);
    await sandbox.serve(options.socket);
    return sandbox;
  }

  /** Waits for the container's end: its status as a shell has it. */
  async run(): Promise<number> {
    const status = await this.over;
    this.status = 'stopped';
    this.server?.close();
    for (const socket of this.sockets) socket.destroy();
    this.closeNode();
    return exitStatus(status);
  }

  private listener(output: Writable, errors: Writable, exited: (status: number) => void) {
    for (const stream of [output, errors]) stream.on('error', () => {});
    return {
      output: (stream: 1 | 2, bytes: Uint8Array): void | Promise<void> => {
        const to = stream === 1 ? output : errors;
        if (to.destroyed || to.write(bytes)) return;
        return new Promise((resolve) => {
          to.once('drain', resolve);
          to.once('close', resolve);
          to.once('error', resolve);
        });
      },
      exited,
    };
  }

  private takeInput(terminal: boolean): void {
    const { stdin, stdout } = process;
    if (terminal && stdin.isTTY) {
      // the container's terminal does the rest
      stdin.setRawMode(true);
      const resize = (): void =>
        void this.node.call('resize', { id: SELF, rows: stdout.rows ?? 24, columns: stdout.columns ?? 80 });
      stdout.on('resize', resize);
      resize();
    }
    void (async () => {
      try {
        for await (const bytes of stdin) await this.node.input({ id: SELF }, bytes as Uint8Array);
      } catch {
        // a terminal that is hung up
      }
      this.node.endInput({ id: SELF });
    })();
  }

  // ---- questions ------------------------------------------------------------------------------------------------------------------

  private serve(path: string): Promise<void> {
    this.server = createServer({ allowHalfOpen: true }, (socket) => {
      if (this.sockets.size >= QUESTIONS_MAX) return void socket.destroy();
      this.sockets.add(socket);
      socket.on('close', () => this.sockets.delete(socket));
      socket.on('error', () => {});
      void this.answer(socket);
    });
    return new Promise((resolve, reject) => {
      this.server!.once('error', reject);
      const mask = process.umask(0o177);
      this.server!.listen(path, () => {
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
      const question = first.value.json as Question;
      if (question.ask === 'exec') await this.exec(socket, frames, question.process);
      else await sendJson(socket, { result: (await this.asked(question)) ?? null });
    } catch (error) {
      await sendJson(socket, { error: messageOf(error) });
    }
    socket.end();
  }

  private async asked(question: Exclude<Question, { ask: 'exec' }>): Promise<unknown> {
    const { node } = this;
    switch (question.ask) {
      case 'status':
        return this.status;
      case 'start':
        await node.call('start', { id: SELF });
        this.status = 'running';
        return;
      case 'pause':
        await node.call('pause', { id: SELF });
        this.status = 'paused';
        return;
      case 'resume':
        await node.call('resume', { id: SELF });
        this.status = 'running';
        return;
      case 'kill':
        return await node.call('kill', { id: SELF, signal: question.signal, all: question.all });
      case 'update':
        return await node.call('update', { id: SELF, resources: question.resources });
      case 'resize':
        return await node.call('resize', { ...question, id: SELF });
      case 'stats':
        return await node.call('stats', { id: SELF });
      case 'processes':
        return await node.call('processes', { id: SELF });
      default:
        throw new Error('it is not known what is asked');
    }
  }

  /** A process more, whose streams are the socket's frames. First its answer comes, last its status. */
  private async exec(socket: Socket, frames: ReturnType<typeof framesOf>, process: ProcessSpec): Promise<void> {
    const exec = `exec${this.nextExec++}`;
    const name = { id: SELF, exec };
    let exited!: (status: number) => void;
    const over = new Promise<number>((resolve) => {
      exited = resolve;
    });
    this.node.listen(name, {
      output: (stream, bytes) => sendFrame(socket, stream === 1 ? OUTPUT : ERRORS, bytes),
      exited,
    });
    try {
      await this.node.call('exec', { id: SELF, exec, process });
    } catch (error) {
      this.node.forget(name);
      throw error;
    }
    await sendJson(socket, { result: exec });
    void (async () => {
      for await (const frame of frames) {
        if ('json' in frame) continue;
        if (frame.kind === INPUT) await this.node.input(name, frame.bytes);
        else if (frame.kind === INPUT_END) this.node.endInput(name);
      }
      this.node.endInput(name);
    })();
    await sendJson(socket, { exited: exitStatus(await over) });
  }
}
