// What a run does when texts come out of the guest: it types, or it ends.
// The habit of expect(1): what is to be typed has an order, what ends the run has none.
import type { ExitOption, SendOption } from './script-option.js';
import { TextWatch } from '../library/text-watch.js';

export interface ScriptActs {
  send(input: string): void;
  exit(option: ExitOption): void;
  /** Calls `then` in a little while: the rest of a line may still come. */
  later(then: () => void): void;
}

const NEWLINE = 10;

export class SerialScript {
  private readonly exits: { option: ExitOption; watch: TextWatch }[];
  private next: TextWatch | undefined;
  private sent = 0;
  /** Its text has come: the run ends with the line. */
  private ending: ExitOption | undefined;

  constructor(
    private readonly sends: readonly SendOption[],
    exits: readonly ExitOption[],
    private readonly acts: ScriptActs,
  ) {
    this.exits = exits.map((option) => ({ option, watch: new TextWatch(option.text) }));
    this.arm();
  }

  readonly see = (byte: number): void => {
    if (byte === NEWLINE) this.end();
    for (const { option, watch } of this.exits) if (watch.see(byte)) this.endWithLine(option);
    if (!this.next?.see(byte)) return;
    const { input } = this.sends[this.sent++];
    this.arm();
    this.acts.send(input);
  };

  /** The first text that has not come, so that nothing was typed. */
  get waitingFor(): string | undefined {
    return this.sends[this.sent]?.text;
  }

  private endWithLine(option: ExitOption): void {
    if (this.ending) return;
    this.ending = option;
    this.acts.later(() => this.end());
  }

  private end(): void {
    if (this.ending) this.acts.exit(this.ending);
  }

  /** Each text is looked for behind the one before. */
  private arm(): void {
    const one = this.sends[this.sent];
    this.next = one && new TextWatch(one.text);
  }
}
