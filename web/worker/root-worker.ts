// A Linux root's worker: its layers are read where they lie, our kernel runs a program of it on a terminal, changes stay in memory.
// Ours; the browser's counterpart of src/cli/commands/kernel-run.ts.
import * as Comlink from 'comlink';
import { GIB, MIB } from '../../src/base/bytes.js';
import { InputError, messageOf } from '../../src/base/errors.js';
import { BlobSource } from '../../src/hosts/browser/files.js';
import { BrowserHost } from '../../src/hosts/browser/host.js';
import { ENOENT, errnoName } from '../../src/kernel/abi/errno.js';
import { O_RDWR } from '../../src/kernel/abi/fcntl.js';
import { drive } from '../../src/kernel/drive.js';
import { Layerfs } from '../../src/kernel/fs/layerfs.js';
import { Overlayfs } from '../../src/kernel/fs/overlayfs.js';
import { Tmpfs } from '../../src/kernel/fs/tmpfs.js';
import type { Kernel } from '../../src/kernel/kernel.js';
import { createNode, initialNamespaces, standardMounts } from '../../src/kernel/node.js';
import type { Terminal } from '../../src/kernel/tty/terminal.js';
import { indexLayer } from '../../src/oci/layer.js';
import type { WasmModule } from '../../src/vcpu/engine.js';
import type { NamedFile } from '../machine/named-file.js';
import {
  type RootApi,
  type RootEnding,
  type RootEvent,
  type RootRequest,
  UNSHOWN_MOST,
  type WindowSize,
} from '../root/contract.js';

const GZIP = [0x1f, 0x8b];
/** What a packed layer may become. */
const UNPACKED_MAX = 4 * GIB;
/** Typed bytes that may wait for the program. */
const TYPED_MOST = 1 << 20;
const PATH = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

class RootWorker implements RootApi {
  private readonly host = new BrowserHost();
  private terminal: Terminal | undefined;
  private events!: MessagePort;
  private unshown = 0;
  private due = false;
  private typed: Uint8Array[] = [];
  private typedLength = 0;
  private drained: () => void = () => {};

  async run(request: RootRequest, events: MessagePort): Promise<RootEnding> {
    this.events = events;
    try {
      return await this.runProgram(request);
    } catch (error) {
      if (error instanceof RangeError)
        return {
          kind: 'refused',
          what: `The browser does not give this tab ${request.memory / MIB} MiB.`,
          advice: 'Take less memory, or close other tabs.',
        };
      if (!(error instanceof InputError)) throw error;
      return { kind: 'refused', what: error.message, advice: error.advice };
    } finally {
      this.send({ kind: 'end' });
      events.close();
    }
  }

  type(bytes: Uint8Array): void {
    if (this.typedLength + bytes.length > TYPED_MOST) return;
    this.typed.push(bytes);
    this.typedLength += bytes.length;
    this.feed();
  }

  resize({ columns, rows }: WindowSize): void {
    this.terminal?.setSize({ rows, columns, xpixel: 0, ypixel: 0 });
    this.host.wake();
  }

  shown(count: number): void {
    this.unshown -= count;
    this.pass();
  }

  private send(event: RootEvent): void {
    this.events.postMessage(event);
  }

  private async runProgram({ core, layers, command, memory, size }: RootRequest): Promise<RootEnding> {
    const { kernel } = createNode({
      core: core as WasmModule,
      memory,
      translate: 'in the background',
      clock: this.host,
      random: (into) => this.host.random(into),
    });
    const found: Layerfs[] = [];
    for (const layer of layers) found.unshift(await this.layer(kernel, layer));
    const upper = new Tmpfs(kernel.newDevice(), kernel.frames, { size: memory, mode: 0o755 }, kernel.clock);
    const root = new Overlayfs(kernel.newDevice(), kernel.setup, upper, found);
    const { namespace, pts } = standardMounts(kernel, root);
    const terminal = pts.allocate(kernel.setup)!;
    this.terminal = terminal;
    kernel.console = terminal;
    this.resize(size);
    const started = kernel.startProcess(command[0]!, {
      args: command,
      env: [PATH, 'HOME=/root', 'TERM=xterm-256color', 'LANG=C.UTF-8'],
      searchPath: true,
      namespaces: initialNamespaces(kernel, namespace),
      files: (task) => {
        const file = kernel.vfs.open(task, task.fs.root, terminal.name, O_RDWR, 0);
        if (typeof file === 'number')
          throw new InputError(`${terminal.name} can't be opened.`, 'The root needs a directory /dev.');
        return [file, file.hold(), file.hold()];
      },
    });
    if (typeof started === 'number')
      throw new InputError(
        `${command[0]} can't be started: ${started === -ENOENT ? 'there is no such program in the root' : errnoName(-started)}.`,
        'Give a 32-bit x86 program of the root, for example /bin/sh.',
      );
    this.send({ kind: 'running' });
    terminal.masterWaits.add({ wake: () => this.passSoon() });
    this.feed();
    await drive(kernel, this.host, () => started.isZombie);
    await this.finish();
    const status = started.exitStatus!;
    return { kind: 'ended', status: (status & 0x7f) === 0 ? status >> 8 : 128 + (status & 0x7f) };
  }

  private async layer(kernel: Kernel, file: NamedFile): Promise<Layerfs> {
    const first = new Uint8Array(await file.blob.slice(0, GZIP.length).arrayBuffer());
    const packed = GZIP.every((byte, i) => first[i] === byte);
    const source = new BlobSource(file.name, packed ? await this.unpacked(file) : file.blob, 'root');
    try {
      return new Layerfs(kernel.newDevice(), kernel.frames, source, indexLayer(source));
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      throw new InputError(`${file.name}: ${error.message}`, error.advice, { cause: error });
    }
  }

  /** A layer is read by ranges, so a packed one is unpacked into a blob, which the browser keeps where it likes. */
  private async unpacked({ name, blob }: NamedFile): Promise<Blob> {
    let made = 0;
    let done = 0;
    const counted = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
      transform: (bytes, controller) => {
        done += bytes.length;
        this.send({ kind: 'unpacking', name, done, total: blob.size });
        controller.enqueue(bytes);
      },
    });
    const bounded = new TransformStream<Uint8Array, Uint8Array>({
      transform(bytes, controller) {
        made += bytes.length;
        if (made > UNPACKED_MAX) controller.error(new Error(`it holds more than ${UNPACKED_MAX / GIB} GiB`));
        else controller.enqueue(bytes);
      },
    });
    try {
      const plain = blob
        .stream()
        .pipeThrough(counted)
        .pipeThrough(new DecompressionStream('gzip'))
        .pipeThrough(bounded);
      return await new Response(plain as ReadableStream<Uint8Array<ArrayBuffer>>).blob();
    } catch (error) {
      throw new InputError(`${name}: can't be uncompressed: ${messageOf(error)}`, 'Choose another file.', {
        cause: error,
      });
    }
  }

  private feed(): void {
    const { terminal } = this;
    while (terminal && this.typed.length > 0) {
      const first = this.typed[0]!;
      const taken = terminal.receive(first, 0, first.length);
      this.typedLength -= taken;
      if (taken < first.length) {
        this.typed[0] = first.subarray(taken);
        break;
      }
      this.typed.shift();
    }
    this.host.wake();
  }

  /** The terminal says that there is output in the middle of what it does. */
  private passSoon(): void {
    if (this.due) return;
    this.due = true;
    queueMicrotask(() => {
      this.due = false;
      this.pass();
    });
  }

  private pass(): void {
    const { terminal } = this;
    while (terminal && terminal.outputLength > 0 && this.unshown < UNSHOWN_MOST) {
      const bytes = terminal.transmit(Math.min(4096, UNSHOWN_MOST - this.unshown));
      if (bytes.length === 0) break;
      this.unshown += bytes.length;
      this.send({ kind: 'output', bytes });
    }
    if (this.typed.length > 0) this.feed();
    this.host.wake();
    if (terminal?.outputLength === 0) this.drained();
  }

  /** All output has gone to the page. */
  private async finish(): Promise<void> {
    this.terminal!.start();
    while (this.terminal!.outputLength > 0) {
      const drained = new Promise<void>((resolve) => {
        this.drained = resolve;
      });
      this.pass();
      await drained;
    }
  }
}

Comlink.expose(new RootWorker());
