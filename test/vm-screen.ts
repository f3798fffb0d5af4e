// A machine of the library whose screen is watched: start it, wait for text in its VGA text mode, press keys.
// Ours; the habit of expect(1).
import { onTestFinished } from 'vitest';
import { createVm, type VirtualMachine, type VmOptions } from '../src/hosts/node/index.js';

/** Nanoseconds of machine time between two looks. */
const LOOK = 50e6;
/** Scan codes of set 1. */
const KEYS: Record<string, number> = { '\r': 0x1c, c: 0x2e, l: 0x26, s: 0x1f, ' ': 0x39 };

export class VmScreen {
  private constructor(readonly vm: VirtualMachine) {}

  /** Builds the machine; it ends with the test. */
  static async start(options: VmOptions): Promise<VmScreen> {
    const vm = await createVm(options);
    onTestFinished(() => vm.stop());
    return new VmScreen(vm);
  }

  get text(): string {
    return this.vm
      .screen()
      .lines.map((line) => line.trimEnd())
      .join('\n');
  }

  /** Resolves with the match when it is on the screen; fails with what is there when the machine ends before, or after `seconds`. */
  expect(pattern: RegExp, seconds = 240): Promise<RegExpExecArray> {
    const { timers } = this.vm.machine;
    return new Promise((resolve, reject) => {
      const fail = (why: string): void =>
        reject(new Error(`waiting for ${pattern}: ${why}\n--- the screen:\n${this.text}`));
      const deadline = setTimeout(() => fail(`not there after ${seconds} s`), seconds * 1000);
      const look = timers.create(() => {
        const match = pattern.exec(this.text);
        if (!match) {
          look.arm(timers.now() + LOOK);
          return;
        }
        clearTimeout(deadline);
        resolve(match);
      });
      look.arm(timers.now());
      void this.vm.run().then(
        ({ kind }) => fail(`the machine has ended (${kind})`),
        (error) => fail(String(error)),
      );
    });
  }

  /** Presses keys one after the other. */
  press(text: string): void {
    for (const character of text) {
      const code = KEYS[character];
      if (code === undefined) throw new Error(`no key for ${JSON.stringify(character)}`);
      this.vm.key(code, true);
      this.vm.key(code, false);
    }
  }
}
