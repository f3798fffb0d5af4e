// The guest's text screen on the terminal that we run in, and the terminal's keys on the guest's keyboard.
// Source: src/devices/display/ansi-screen.ts, src/devices/input/terminal-keys.ts.
import { writeSync } from 'node:fs';
import type { WriteStream } from 'node:tty';
import { stripVTControlCharacters } from 'node:util';
import { TextStream } from '../base/text.js';
import { AnsiScreen, ENTER_SCREEN, LEAVE_SCREEN, VGA_COLOURS } from '../devices/display/ansi-screen.js';
import { linesOf, readTextScreen, type TextScreen } from '../devices/display/text-screen.js';
import type { Vga } from '../devices/display/vga.js';
import { pictureSize } from '../devices/display/vga-render.js';
import { TerminalKeys } from '../devices/input/terminal-keys.js';
import type { Stroke } from '../devices/input/us-layout.js';
import { ESCAPE, type EscapeKeys } from './escape-keys.js';
import { wrap } from './help.js';
import { makeRaw, type TerminalInput } from './terminal.js';

/** Milliseconds from one look at the screen to the next. */
const FRAME = 33;
/** A key of several bytes begins so. */
const SEQUENCE_BEGINS = 0x1b;
/** Milliseconds that the rest of a key's sequence may take. */
const SEQUENCE = 50;
/** Milliseconds that a message stays. */
const READING = 5000;
/** Messages that are kept. */
const SAID = 100;

export interface TextDisplayOptions {
  input: TerminalInput;
  output: WriteStream & { fd: number };
  vga: Vga;
  /** Strokes for the guest's keyboard. */
  type(strokes: readonly Stroke[]): void;
  keys: EscapeKeys;
  colour: boolean;
}

export class TextDisplay {
  private readonly screen: AnsiScreen;
  private readonly decoder = new TextStream();
  private readonly keys = new TerminalKeys();
  private timer: NodeJS.Timeout | undefined;
  private waiting: NodeJS.Timeout | undefined;
  /** Lines over the screen's last ones, until `until`; a page stays until a key is pressed. */
  private notice: string[] = [];
  private until = 0;
  private last: TextScreen | undefined;
  /** Messages that were shown, for the end. */
  private said: string[] = [];
  private opened = false;

  constructor(private readonly options: TextDisplayOptions) {
    const { columns = 80, rows = 25 } = options.output;
    this.screen = new AnsiScreen({ columns, rows, colour: options.colour });
  }

  get isOpen(): boolean {
    return this.opened;
  }

  open(): void {
    const { input, output } = this.options;
    this.opened = true;
    output.write(ENTER_SCREEN);
    output.on('resize', this.onResize);
    if (input.isTTY) makeRaw(input);
    process.on('SIGCONT', this.onContinue);
    input.on('data', this.onData);
    input.on('error', () => {});
    process.on('exit', this.restore);
    this.timer = setInterval(() => this.draw(), FRAME);
  }

  /** A line at the bottom for a while, or several until a key is pressed. */
  show(text: string): void {
    if (!text.includes('\n')) this.said = [...this.said.slice(1 - SAID), text];
    this.tell(text);
  }

  /** The same of what need not be said again at the end. */
  tell(text: string): void {
    const lines = stripVTControlCharacters(text).split('\n');
    const stays = lines.length > 1;
    const { columns } = this.options.output;
    this.notice = (stays ? [...lines, '', 'Press a key.'] : wrap(lines[0], columns - 2)).map((line) => ` ${line}`);
    this.until = stays ? Number.POSITIVE_INFINITY : Date.now() + READING;
    this.draw();
  }

  /** Gives the terminal back as it was, with the guest's last screen in its place; the messages so far. Safe to call twice. */
  close(): string[] {
    if (!this.opened) return [];
    const { input, output } = this.options;
    this.notice = [];
    this.draw();
    clearInterval(this.timer);
    clearTimeout(this.waiting);
    output.off('resize', this.onResize);
    process.off('SIGCONT', this.onContinue);
    input.off('data', this.onData);
    input.pause();
    process.off('exit', this.restore);
    this.restore();
    const text = this.last ? linesOf(this.last).join('\n').trimEnd() : '';
    if (text !== '') output.write(`${text}\n`);
    return this.said.splice(0);
  }

  /** By itself also where the process ends without us. */
  private readonly restore = (): void => {
    if (!this.opened) return;
    this.opened = false;
    const { input, output } = this.options;
    if (input.isTTY) input.setRawMode?.(false);
    try {
      writeSync(output.fd, LEAVE_SCREEN);
    } catch {
      // the terminal has gone
    }
  };

  private draw(): void {
    const { output, vga } = this.options;
    // a terminal that is slow shows fewer frames
    if (output.writableNeedDrain) return;
    if (Date.now() > this.until) this.notice = [];
    const text = readTextScreen(vga);
    this.last = text ?? this.last;
    const out = this.screen.show(text ?? picture(vga), this.notice);
    if (out !== '') output.write(out);
  }

  /** The key that ends a page is nobody's, unless it is the escape key; what is behind it. */
  private turnPage(typed: Buffer): Buffer {
    this.until = 0;
    this.draw();
    if (typed[0] === ESCAPE) return typed;
    return typed.subarray(typed[0] === SEQUENCE_BEGINS ? typed.length : 1);
  }

  private readonly onResize = (): void => {
    const { columns, rows } = this.options.output;
    this.screen.resize(columns, rows);
    this.draw();
  };

  private readonly onContinue = (): void => {
    const { input, output } = this.options;
    if (input.isTTY) makeRaw(input);
    output.write(ENTER_SCREEN);
    this.onResize();
  };

  private readonly onData = (data: Buffer): void => {
    const { input, keys, type } = this.options;
    let typed: Uint8Array = data;
    if (input.isTTY) {
      if (this.until === Number.POSITIVE_INFINITY) typed = this.turnPage(data);
      typed = keys.take(typed);
    }
    clearTimeout(this.waiting);
    type(this.keys.take(this.decoder.take(typed)));
    if (this.keys.waits) this.waiting = setTimeout(() => type(this.keys.flush()), SEQUENCE);
  };
}

/** In place of what a terminal cannot show. */
function picture(vga: Vga): TextScreen {
  const { width, height } = pictureSize(vga);
  const text = `The guest shows a picture of ${width} x ${height}; Ctrl-A p writes it to a file.`;
  return {
    ...{ columns: text.length, rows: 1, blink: false, colours: [...VGA_COLOURS] },
    cells: Uint16Array.from(text, (char) => char.charCodeAt(0) | 0x0700),
  };
}
