// Looks at the guest's text screen now and then, in machine time, and passes on what has been written there since.
// Source: src/devices/display/screen-stream.ts.
import { encodeText } from '../base/text.js';
import { ScreenStream } from '../devices/display/screen-stream.js';
import { readTextScreen } from '../devices/display/text-screen.js';
import type { BuiltMachine } from '../vmm/builder.js';

/** Nanoseconds of machine time from one look to the next. */
const PERIOD = 20e6;

export class ScreenWatch {
  private readonly stream = new ScreenStream();
  private begun = false;

  /** `see` gets the text's bytes, one at a time. */
  constructor(
    private readonly machine: BuiltMachine,
    private readonly see: (byte: number) => void,
  ) {}

  start(): void {
    const { timers } = this.machine;
    const timer = timers.create(() => {
      this.look();
      timer.arm(timers.now() + PERIOD);
    });
    timer.arm(timers.now() + PERIOD);
  }

  /** Also when the machine has ended. */
  look(): void {
    const screen = readTextScreen(this.machine.vga);
    if (!screen) return;
    const text = this.stream.see(screen);
    // no line ends before the first
    for (const byte of encodeText(this.begun ? text : text.trimStart())) this.see(byte);
    this.begun ||= text !== '';
  }
}
