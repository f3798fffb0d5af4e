// A command under test with its console: expect text, send text, within one deadline that shows the tail when it passes.
// Source: the habit of expect(1).

import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { meter } from '../bench/process-meter.mjs';
import { onOracle, qemuCommand } from './oracle.js';
import { root } from './provisioned.js';

/** How much of the output a failure shows. */
const TAIL = 2000;

export interface ConsoleOptions {
  /** Seconds for the whole life of the command. */
  deadline: number;
}

export class Console {
  /** Everything written so far, stdout and stderr as they came; carriage returns are dropped. */
  output = '';
  /** Exit status, or the signal's name when a signal ended it. */
  readonly exited: Promise<number | NodeJS.Signals>;
  /** Where the next expect() begins to look. */
  private position = 0;
  private over: string | undefined;
  private wake: () => void = () => {};

  private constructor(
    private readonly child: ChildProcessWithoutNullStreams,
    options: ConsoleOptions,
  ) {
    const take = (data: string): void => {
      this.output += data.replaceAll('\r', '');
      this.wake();
    };
    child.stdout.setEncoding('utf8').on('data', take);
    child.stderr.setEncoding('utf8').on('data', take);
    child.stdin.on('error', () => {}); // the command may end before it has read everything
    const timer = setTimeout(() => this.end(`not done after ${options.deadline} s`), options.deadline * 1000);
    this.exited = new Promise((resolve) => {
      child.on('error', (error) => this.end(error.message));
      child.on('close', (code, signal) => {
        clearTimeout(timer);
        this.over ??= `it ended with ${signal ?? `status ${code}`}`;
        resolve(signal ?? code ?? -1);
        this.wake();
      });
    });
  }

  /** Starts a command; it is killed when the test ends. */
  static spawn(command: string, args: string[], options: ConsoleOptions): Console {
    const console = new Console(spawn(command, args, { cwd: root }), options);
    onTestFinished(() => console.kill());
    return console;
  }

  /** `tabvisor vm run ...args`; each argument is a name and its value. */
  static machine(args: string[], options: ConsoleOptions): Console {
    if (onOracle) {
      const qemu = qemuCommand(args);
      return Console.spawn(qemu.command, qemu.args, options);
    }
    return Console.spawn(process.execPath, [join(root, 'bin/tabvisor.mjs'), 'vm', 'run', ...args], options);
  }

  /** Waits for `pattern` after what earlier calls have matched; returns the match. */
  async expect(pattern: string | RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const match = find(pattern, this.output.slice(this.position));
      if (match) {
        this.position += match.index + match[0].length;
        return match;
      }
      if (this.over !== undefined) throw this.failure(`waiting for ${pattern}: ${this.over}`);
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    }
  }

  /** Types `text` on the console. */
  send(text: string): void {
    this.child.stdin.write(text);
  }

  /** Waits for the end; returns the exit status, or the signal's name when a signal ended the command. */
  async exit(): Promise<number | NodeJS.Signals> {
    const status = await this.exited;
    if (this.over?.startsWith('not done')) throw this.failure(`waiting for the end: ${this.over}`);
    return status;
  }

  /** CPU seconds that the command has used so far, all threads; Linux alone. */
  cpuSeconds(): number {
    return meter(this.child.pid).cpu;
  }

  kill(signal: NodeJS.Signals = 'SIGKILL'): void {
    this.child.kill(signal);
  }

  private end(why: string): void {
    this.over ??= why;
    this.kill();
    this.wake();
  }

  private failure(what: string): Error {
    return new Error(`${what}\n--- the end of its output:\n${this.output.slice(-TAIL)}`);
  }
}

function find(pattern: string | RegExp, text: string): RegExpExecArray | null {
  if (pattern instanceof RegExp) return pattern.exec(text);
  const index = text.indexOf(pattern);
  return index < 0 ? null : (Object.assign([pattern], { index, input: text, groups: undefined }) as RegExpExecArray);
}
