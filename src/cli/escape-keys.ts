// The escape key of a terminal: what a person tells us stands behind Ctrl-A, everything else is the guest's.
// QEMU's -nographic keys.

export const ESCAPE = 0x01;

export interface EscapeCommand {
  /** Behind Ctrl-A. */
  key: string;
  what: string;
  act(): void;
}

export class EscapeKeys {
  private escaped = false;

  /** `help` shows a text. */
  constructor(
    private readonly commands: readonly EscapeCommand[],
    private readonly help: (text: string) => void,
  ) {}

  /** What of `typed` is for the guest; commands have been done. */
  take(typed: Uint8Array): Uint8Array {
    const rest: number[] = [];
    for (const byte of typed) {
      if (this.escaped) {
        this.escaped = false;
        if (byte === ESCAPE || byte === 0x61) rest.push(ESCAPE);
        else this.command(String.fromCharCode(byte));
      } else if (byte === ESCAPE) this.escaped = true;
      else rest.push(byte);
    }
    return Uint8Array.from(rest);
  }

  private command(key: string): void {
    if (key === 'h' || key === '?') this.help(this.text);
    else this.commands.find((one) => one.key === key)?.act();
  }

  private get text(): string {
    const rows = [...this.commands, { key: 'a', what: 'send Ctrl-A' }, { key: 'h', what: 'this help' }];
    return rows.map(({ key, what }) => `Ctrl-A ${key}  ${what}`).join('\n');
  }
}
