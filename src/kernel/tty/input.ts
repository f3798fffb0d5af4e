// What was typed on a terminal: the line that is being edited, and what programs can read. Linux drivers/tty/n_tty.c; man 3 termios.
import {
  ECHO,
  ECHOCTL,
  ECHOE,
  ECHOK,
  ECHOKE,
  ECHONL,
  ICANON,
  IEXTEN,
  IMAXBEL,
  IUTF8,
  VEOF,
  VEOL,
  VEOL2,
  VERASE,
  VKILL,
  VLNEXT,
  VMIN,
  VREPRINT,
  VTIME,
  VWERASE,
} from '../abi/termios.js';
import { ByteQueue } from './byte-queue.js';
import { NEWLINE, type TerminalOutput } from './output.js';
import type { Termios } from './termios.js';

/** What has not been read: N_TTY_BUF_SIZE. */
const INPUT_MAX = 4096;
const BELL = 7;

export class TerminalInput {
  /** What can be read: characters, and in canonical mode where lines end. */
  private readonly ready = new ByteQueue();
  /** In canonical mode, for each line that is complete, its length with its delimiter. An EOF is not in the text, but takes a place. */
  private lines: { length: number; eof: boolean }[] = [];
  private eofs = 0;
  /** The line that is being typed, in canonical mode, and the column in which it began. */
  private typed: number[] = [];
  private lineColumn = 0;
  private literalNext = false;

  constructor(
    private readonly termios: Termios,
    private readonly output: TerminalOutput,
  ) {}

  /** How many characters there is room for. */
  get room(): number {
    return Math.max(0, INPUT_MAX - this.ready.length - this.typed.length - this.eofs);
  }

  get readable(): boolean {
    const { termios } = this;
    if (termios.is('lflag', ICANON)) return this.lines.length > 0;
    return this.ready.length >= (termios.cc[VTIME] === 0 ? Math.max(1, termios.cc[VMIN]!) : 1);
  }

  /** Characters that can be read now: FIONREAD. */
  get length(): number {
    return this.termios.is('lflag', ICANON)
      ? this.lines.reduce((sum, line) => sum + line.length, 0)
      : this.ready.length;
  }

  /** In canonical mode: the length of the first line; undefined: there is none. */
  get lineLength(): number | undefined {
    return this.lines[0]?.length;
  }

  peek(length: number): Uint8Array {
    return this.ready.peek(length);
  }

  /** Characters were read. */
  drop(length: number): void {
    this.ready.drop(length);
  }

  /** Characters of the first line were read, and the line with its last. */
  dropOfLine(length: number): void {
    this.ready.drop(length);
    const line = this.lines[0]!;
    line.length -= length;
    if (line.length > 0) return;
    this.lines.shift();
    if (line.eof) this.eofs--;
  }

  flush(): void {
    this.ready.clear();
    this.forgetLines();
    this.typed = [];
  }

  private forgetLines(): void {
    this.lines = [];
    this.eofs = 0;
  }

  /** Canonical mode begins or ends; at its end what was typed is readable. */
  changeMode(canonical: boolean): void {
    if (!canonical) {
      this.ready.append(this.typed);
      this.typed = [];
      this.forgetLines();
    } else if (this.ready.length > 0) this.lines = [{ length: this.ready.length, eof: false }];
  }

  /** Whether VLNEXT came before: this character means nothing. */
  takeLiteral(character: number): boolean {
    if (!this.literalNext) return false;
    this.literalNext = false;
    this.append(character, true);
    return true;
  }

  receive(character: number): void {
    if (!this.termios.is('lflag', ICANON)) this.append(character, false);
    else if (!this.edit(character) && !this.end(character)) this.append(character, false);
  }

  append(character: number, literal: boolean): void {
    const { termios, output } = this;
    if (termios.is('lflag', ICANON)) {
      // the last place is for the end of the line
      if (this.room <= 1) {
        if (termios.is('iflag', IMAXBEL)) output.emit(BELL);
        return;
      }
      if (this.typed.length === 0) this.lineColumn = output.column;
      this.typed.push(character);
    } else this.ready.push(character);
    if (!termios.is('lflag', ECHO)) return;
    if (character === NEWLINE && !literal) output.write(NEWLINE);
    else output.echo(character);
  }

  /** A character that edits the line. */
  private edit(character: number): boolean {
    const { termios, output } = this;
    if (termios.isCharacter(character, VERASE)) this.erase('character');
    else if (termios.isCharacter(character, VKILL)) this.erase('line');
    else if (!termios.is('lflag', IEXTEN)) return false;
    else if (termios.isCharacter(character, VWERASE)) this.erase('word');
    else if (termios.isCharacter(character, VLNEXT)) {
      this.literalNext = true;
      if (termios.is('lflag', ECHO) && termios.is('lflag', ECHOCTL)) output.emitLiteralMark();
    } else if (termios.isCharacter(character, VREPRINT) && termios.is('lflag', ECHO)) {
      output.echo(character);
      output.write(NEWLINE);
      for (const each of this.typed) output.echo(each);
    } else return false;
    return true;
  }

  /** A character that ends the line. */
  private end(character: number): boolean {
    const { termios, output } = this;
    if (character === NEWLINE) {
      if (termios.is('lflag', ECHO) || termios.is('lflag', ECHONL)) output.write(NEWLINE);
    } else if (termios.isCharacter(character, VEOF)) {
      this.eofs++;
      this.endLine(true);
      return true;
    } else if (
      termios.isCharacter(character, VEOL) ||
      (termios.isCharacter(character, VEOL2) && termios.is('lflag', IEXTEN))
    )
      output.echo(character);
    else return false;
    this.typed.push(character);
    this.endLine(false);
    return true;
  }

  private endLine(eof: boolean): void {
    this.lines.push({ length: this.typed.length, eof });
    this.ready.append(this.typed);
    this.typed = [];
  }

  /** VERASE, VWERASE, VKILL. */
  private erase(what: 'character' | 'word' | 'line'): void {
    const { termios, output, typed } = this;
    if (typed.length === 0) return;
    const flags = (...bits: number[]): boolean => bits.every((bit) => termios.is('lflag', bit));
    if (what === 'line' && flags(ECHO) && !flags(ECHOK, ECHOKE, ECHOE)) {
      this.typed = [];
      output.echo(termios.cc[VKILL]!);
      if (flags(ECHOK)) output.write(NEWLINE);
      return;
    }
    let seenWord = false;
    while (typed.length > 0) {
      let length = 1;
      // the bytes that continue a character of UTF-8 go with it
      if (termios.is('iflag', IUTF8))
        while (length < typed.length && (typed[typed.length - length]! & 0xc0) === 0x80) length++;
      const character = typed[typed.length - length]!;
      if (what === 'word') {
        const isWord = /[0-9A-Za-z_]/.test(String.fromCharCode(character)) || character >= 0x80;
        if (isWord) seenWord = true;
        else if (seenWord) break;
      }
      typed.length -= length;
      if (flags(ECHO)) output.unecho(character, typed, this.lineColumn);
      if (what === 'character') break;
    }
  }
}
