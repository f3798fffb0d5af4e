// The engine's side of the contract with a node: calls as promises, and the streams and the end of each process.
// Ours; src/node/contract.ts.
import {
  type ArgumentOf,
  type CallName,
  type Channel,
  type FromNode,
  type ProcessName,
  type ResultOf,
  type ToNode,
  WINDOW,
} from '../node/contract.js';
import { NodeFailure } from './failure.js';

/** Who is told of a process. */
export interface ProcessListener {
  /** The bytes count as taken when what this answers has resolved: until then the program may have to wait. */
  output(stream: 1 | 2, bytes: Uint8Array): void | Promise<void>;
  /** All of its output has been told. `status` is as wait4 gives it. */
  exited(status: number, oomKilled: boolean): void;
}

interface Known {
  listener: ProcessListener;
  /** Bytes of input that the process has not read. */
  unread: number;
  waiting: (() => void)[];
}

const keyOf = ({ id, exec }: ProcessName): string => (exec === undefined ? id : `${id} ${exec}`);

export type {
  Endpoint,
  FileChange,
  FilesOf,
  FileStatus,
  Layer,
  MountedFile,
  MountPlace,
  ProcessRow,
  PublishedPort,
  Statistics,
  VolumeBeginning,
} from '../node/contract.js';

export class NodeClient {
  private readonly calls = new Map<number, { resolve(result: unknown): void; reject(error: Error): void }>();
  private readonly processes = new Map<string, Known>();
  private nextCall = 1;
  private gone?: Error;
  private begin!: () => void;
  private readonly ready = new Promise<void>((resolve) => {
    this.begin = resolve;
  });
  /** Told that processes of a container were killed for want of memory. */
  onOom: (id: string) => void = () => {};

  constructor(private readonly channel: Channel<ToNode, FromNode>) {
    channel.onMessage((message) => this.receive(message));
  }

  /** The node is there no more: whatever waits for it fails. */
  lost(error: Error): void {
    this.gone = error;
    this.begin();
    for (const { reject } of this.calls.values()) reject(error);
    this.calls.clear();
    for (const key of [...this.processes.keys()]) this.ended(key, 9, false);
  }

  /** Throws NodeFailure. */
  async call<N extends CallName>(
    name: N,
    ...argument: ArgumentOf<N> extends undefined ? [] : [ArgumentOf<N>]
  ): Promise<ResultOf<N>> {
    this.channel.wake?.();
    await this.ready;
    if (this.gone) throw this.gone;
    const call = this.nextCall++;
    return new Promise((resolve, reject) => {
      this.calls.set(call, { resolve: resolve as (result: unknown) => void, reject });
      this.channel.send({ call, name, argument: argument[0] });
    });
  }

  /** Hears of a process from now on: before it is created, so that nothing is missed. */
  listen(name: ProcessName, listener: ProcessListener): void {
    this.processes.set(keyOf(name), { listener, unread: 0, waiting: [] });
  }

  forget(name: ProcessName): void {
    this.processes.delete(keyOf(name));
  }

  /** Gives a process input. Resolves when there is room for more. */
  async input(name: ProcessName, bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length; at += WINDOW) {
      const piece = bytes.slice(at, at + WINDOW);
      const known = this.processes.get(keyOf(name));
      if (!known) return;
      known.unread += piece.length;
      this.channel.send({ input: name, bytes: piece });
      if (known.unread >= WINDOW) await new Promise<void>((resolve) => known.waiting.push(resolve));
    }
  }

  endInput(name: ProcessName): void {
    this.channel.send({ inputEnd: name });
  }

  private receive(message: FromNode): void {
    if ('ready' in message) this.begin();
    else if ('answer' in message) {
      const call = this.calls.get(message.answer);
      this.calls.delete(message.answer);
      if (message.failure) call?.reject(new NodeFailure(message.failure.kind, message.failure.message));
      else call?.resolve(message.result);
    } else if ('output' in message) this.output(message.output, message.stream, message.bytes);
    else if ('inputTaken' in message) {
      const known = this.processes.get(keyOf(message.inputTaken));
      if (!known) return;
      known.unread -= message.count;
      if (known.unread < WINDOW) for (const resume of known.waiting.splice(0)) resume();
    } else if ('exited' in message) this.ended(keyOf(message.exited), message.status, message.oomKilled);
    else this.onOom(message.oom);
  }

  private output(name: ProcessName, stream: 1 | 2, bytes: Uint8Array): void {
    const taken = (): void => this.channel.send({ taken: name, stream, count: bytes.length });
    const waits = this.processes.get(keyOf(name))?.listener.output(stream, bytes);
    if (waits) void waits.then(taken, taken);
    else taken();
  }

  private ended(key: string, status: number, oomKilled: boolean): void {
    const known = this.processes.get(key);
    this.processes.delete(key);
    for (const resume of known?.waiting ?? []) resume();
    known?.listener.exited(status, oomKilled);
  }
}
