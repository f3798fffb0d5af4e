// A machine in a program's hands: run, talk to its console, save, count.
// Ours; docs/library.md.
import { messageOf } from '../base/errors.js';
import type { Codec, Host } from '../base/host.js';
import { encodeText, TextStream } from '../base/text.js';
import { KeyTyper } from '../devices/input/key-typer.js';
import { strokesOf } from '../devices/input/terminal-keys.js';
import type { Stroke } from '../devices/input/us-layout.js';
import { textLines } from '../devices/display/text-screen.js';
import { type Picture, render } from '../devices/display/vga-render.js';
import type { BuiltMachine } from '../vmm/builder.js';
import type { TrailLine } from '../vmm/exit-trail.js';
import { writeSnapshot } from '../vmm/snapshot/file.js';
import type { Outcome, Statistics, Vm, VmState } from '../vmm/vm.js';
import type { Closers } from './parts.js';
import type { Disk } from './platform.js';
import type { SerialInput } from './serial-input.js';
import type { SerialOutput } from './serial-output.js';
import { refusal, sectionsOf } from './snapshots.js';

/** A line that is longer comes in pieces. */
const LINE_MOST = 1 << 16;

/** What is on the machine's screen; `lines` of a text mode. */
export interface Screen extends Picture {
  lines: string[];
}

/** What create-vm.ts has put together. */
export interface VmParts {
  machine: BuiltMachine;
  vm: Vm;
  output: SerialOutput;
  input: SerialInput;
  disks: readonly Disk[];
  host: Host;
  codec: Codec;
  /** Called when the run is over, last first. */
  closers: Closers;
  /** What a snapshot's reader may see without its state. */
  shape: object;
  /** Where to go on from, and what that is called. */
  restored?: { name: string; state: VmState };
}

export class VirtualMachine {
  /** The parts of the machine, for our own command and page. Not promised to stay as they are. */
  readonly machine: BuiltMachine;
  private running: Promise<Outcome> | undefined;
  private ended: string | undefined;
  /** Snapshots that are being made. */
  private readonly saving = new Set<(reason: Error) => void>();
  private saved: Promise<unknown> = Promise.resolve();

  private readonly typer: KeyTyper;

  constructor(private readonly parts: VmParts) {
    this.machine = parts.machine;
    this.typer = new KeyTyper(this.machine.keyboard, this.machine.timers);
  }

  /**
   * Starts the machine; resolves when it has ended, with how. A second call answers the same. The console's methods and `snapshot` start it
   * as well. Throws InputError where a snapshot does not fit.
   */
  run(): Promise<Outcome> {
    if (!this.running) {
      this.running = this.toTheEnd();
      // whoever reads the console or calls run() again gets the error
      this.running.catch(() => {});
    }
    return this.running;
  }

  /** Pulls the plug: `run` ends with outcome `stopped`. A machine that was never on gives back what it has opened. */
  stop(): void {
    this.parts.vm.stop();
    if (this.running) return;
    this.running = Promise.resolve({ kind: 'stopped' });
    this.finish('stopped');
  }

  /** Machine time stands still until `resume`. */
  pause(): void {
    this.parts.vm.pause();
  }

  resume(): void {
    this.parts.vm.resume();
  }

  /** As the button. */
  reset(): void {
    this.parts.vm.reset();
  }

  /**
   * What the guest writes to its console from now on, in pieces as they come; ends with the machine. Each call is a reader of its own; one
   * that has a mebibyte unread makes the guest wait.
   */
  serial(): AsyncIterableIterator<Uint8Array> {
    return this.parts.output.read(() => void this.run());
  }

  /** The same as lines of text, without their ends. */
  lines(): AsyncIterableIterator<string> {
    return linesOf(this.serial());
  }

  /**
   * Resolves when `text` has come out of the console, with all that came since the last text that was waited for (of that the last 64 KiB).
   * What came before the call counts. Rejects when the machine ends without.
   */
  waitFor(text: string): Promise<string> {
    void this.run();
    return this.parts.output.waitFor(text);
  }

  /** Types at the console. Resolves when the guest's port has taken all of it, or the machine has ended. */
  send(what: string | Uint8Array): Promise<void> {
    if (this.ended !== undefined) return Promise.resolve();
    return this.parts.input.send(typeof what === 'string' ? encodeText(what) : what);
  }

  /** Bytes that `send` has and the guest has not. */
  get unsent(): number {
    return this.parts.input.waiting;
  }

  /** A key of the PS/2 keyboard: scan code of set 1, with 0xe000 for the extended ones. */
  key(code: number, down: boolean): void {
    this.machine.keyboard.key(code, down);
    this.parts.host.wake();
  }

  /** Presses keys of the PS/2 keyboard one after the other, as fast as the guest takes them. */
  press(strokes: readonly Stroke[]): void {
    this.typer.type(strokes);
    this.parts.host.wake();
  }

  /** Types text on it. A key that has no character is what a terminal sends for it: `\x1b[A` is the upper arrow. */
  type(text: string): void {
    this.press(strokesOf(text));
  }

  screen(): Screen {
    const { vga } = this.machine;
    return { ...render(vga), lines: textLines(vga) };
  }

  /** Keeps the last exits to the monitor from now on, or no longer. */
  watchExits(on: boolean): void {
    this.parts.vm.watched = on;
  }

  /** The last exits since they are watched, in words, the oldest first. */
  lastExits(): TrailLine[] {
    return this.parts.vm.lastExits;
  }

  statistics(): Statistics {
    return this.parts.vm.statistics();
  }

  /**
   * The whole machine as it stands, for `restore`: processor, memory, devices, and what it has written to its disks unless their access is
   * `write` or they have an overlay. It stands still meanwhile. Rejects when it has ended.
   */
  async snapshot(): Promise<Uint8Array> {
    const pieces = await this.snapshotPieces({});
    const bytes = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
    let at = 0;
    for (const piece of pieces) {
      bytes.set(piece, at);
      at += piece.length;
    }
    return bytes;
  }

  /**
   * The same in the file's pieces, as of the next boundary of an exit. `description`: plain JSON data that a reader may see without the state.
   */
  snapshotPieces(description: object): Promise<Uint8Array[]> {
    const take = (): Promise<Uint8Array[]> => this.takeSnapshot(description);
    const made = this.saving.size === 0 ? take() : this.saved.then(take);
    this.saved = made.catch(() => {});
    return made;
  }

  private takeSnapshot(description: object): Promise<Uint8Array[]> {
    const { vm, disks, codec, shape } = this.parts;
    return new Promise((resolve, reject) => {
      if (this.ended !== undefined) {
        reject(new Error(`the machine has ended (${this.ended}): there is nothing to save`));
        return;
      }
      this.saving.add(reject);
      vm.snapshot(async (save) => {
        // saving throws where the guest uses what no snapshot can hold
        const made = (async () =>
          writeSnapshot({ machine: shape, ...description }, sectionsOf(save(), disks), codec))();
        await made.then(resolve, reject);
        this.saving.delete(reject);
      });
      void this.run();
    });
  }

  private async toTheEnd(): Promise<Outcome> {
    const { vm, restored, input } = this.parts;
    try {
      const running = vm.run(restored?.state);
      input.start();
      const outcome = await running;
      this.finish(outcome.kind);
      return outcome;
    } catch (thrown) {
      const error = refusal(restored?.name ?? '', thrown);
      this.finish(messageOf(error), error);
      throw error;
    }
  }

  private finish(how: string, error?: unknown): void {
    const { output, input, closers } = this.parts;
    this.ended = how;
    output.end({ how, error });
    input.end();
    for (const reject of this.saving) reject(new Error(`the machine has ended (${how}) before it was saved`));
    for (const close of closers.splice(0).reverse()) close();
  }
}

async function* linesOf(pieces: AsyncIterable<Uint8Array>): AsyncIterableIterator<string> {
  const text = new TextStream();
  let rest = '';
  for await (const piece of pieces) {
    const lines = (rest + text.take(piece)).split('\n');
    rest = lines.pop() as string;
    for (const line of lines) yield line.replace(/\r+$/, '');
    if (rest.length < LINE_MOST) continue;
    yield rest;
    rest = '';
  }
  rest += text.end();
  if (rest !== '') yield rest;
}
