// The command on a terminal of a size: what that shows, and keys for it.
// The pseudo-terminal is of script(1).

import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import type { TestContext } from 'vitest';
import { AnsiTerminal } from './ansi-terminal.js';
import { Console } from './console.js';
import { missing, root } from './provisioned.js';

/** `tabvisor vm run` on a pseudo-terminal of script(1), and what that shows. */
export class TerminalScreen {
  readonly terminal: AnsiTerminal;
  private readonly console: Console;
  private seen = 0;

  constructor(context: TestContext, columns: number, rows: number, args: string[]) {
    try {
      execFileSync('script', ['--version'], { stdio: 'pipe' });
    } catch {
      missing(context, 'script(1) is not there: install bsdutils');
    }
    this.terminal = new AnsiTerminal(columns, rows);
    const command = [process.execPath, join(root, 'bin/tabvisor.mjs'), 'vm', 'run', ...args].join(' ');
    this.console = Console.spawn(
      'script',
      ['-qec', `stty cols ${columns} rows ${rows}; env -u NO_COLOR TERM=xterm ${command}`, '/dev/null'],
      {
        deadline: 100,
      },
    );
  }

  send(keys: string): void {
    this.console.send(keys);
  }

  /** Waits until the terminal shows `text` on one of its lines; a pattern is looked for in all of them, joined. */
  async shows(text: string | RegExp): Promise<void> {
    for (;;) {
      this.terminal.write(this.console.output.slice(this.seen));
      this.seen = this.console.output.length;
      const { lines } = this.terminal;
      if (typeof text === 'string' ? lines.some((line) => line.includes(text)) : text.test(lines.join('\n'))) return;
      await this.console.expect(/[\s\S]/).catch((error) => {
        throw new Error(
          `${typeof text === 'string' ? JSON.stringify(text) : text} is not on the screen:\n${this.terminal.lines.join('\n').trimEnd()}`,
          {
            cause: error,
          },
        );
      });
    }
  }

  async exit(): Promise<number | NodeJS.Signals> {
    const status = await this.console.exit();
    this.terminal.write(this.console.output.slice(this.seen));
    return status;
  }
}
