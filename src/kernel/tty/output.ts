// What a terminal shows: a program's characters and the echoes, as the other side gets them. Linux drivers/tty/n_tty.c; man 3 termios.
import {
  ECHO,
  ECHOCTL,
  ECHOE,
  ECHOPRT,
  IUTF8,
  OCRNL,
  OLCUC,
  ONLCR,
  ONLRET,
  ONOCR,
  OPOST,
  TABDLY,
  VERASE,
  XTABS,
} from '../abi/termios.js';
import type { WaitQueue } from '../task/wait-queue.js';
import { ByteQueue } from './byte-queue.js';
import type { Termios } from './termios.js';

export const NEWLINE = 10;
export const RETURN = 13;
export const BACKSPACE = 8;
const TAB = 9;
const SPACE = 32;
const DELETE = 127;
const CARET = 0x5e;

const isControl = (character: number): boolean => character < SPACE || character === DELETE;

export class TerminalOutput {
  /** What nobody has taken. */
  private readonly waiting = new ByteQueue();
  /** How much of it was there before the characters came that are being received. */
  private echoStart = 0;
  column = 0;

  constructor(
    private readonly termios: Termios,
    /** Who takes it. */
    private readonly takers: WaitQueue,
  ) {}

  /** Bytes that wait. */
  get length(): number {
    return this.waiting.length;
  }

  /** At most `length` bytes, which are taken. */
  take(length: number): Uint8Array {
    const bytes = this.waiting.peek(length).slice();
    this.waiting.drop(bytes.length);
    this.echoStart = Math.max(0, this.echoStart - bytes.length);
    return bytes;
  }

  flush(): void {
    this.waiting.clear();
    this.echoStart = 0;
  }

  /** From here on echoes can be taken back. */
  beginEchoes(): void {
    this.echoStart = this.waiting.length;
  }

  takeEchoesBack(): void {
    this.waiting.truncate(this.echoStart);
  }

  /** A character of a program's, processed as OPOST says. */
  write(character: number): void {
    const { termios } = this;
    if (!termios.is('oflag', OPOST)) {
      this.emit(character);
      return;
    }
    let out = character;
    if (out === NEWLINE) {
      if (termios.is('oflag', ONLRET)) this.column = 0;
      if (termios.is('oflag', ONLCR)) this.emit(RETURN);
    } else if (out === RETURN) {
      if (termios.is('oflag', ONOCR) && this.column === 0) return;
      if (termios.is('oflag', OCRNL)) out = NEWLINE;
    } else if (out === TAB && (termios.oflag & TABDLY) === XTABS) {
      for (let spaces = 8 - (this.column % 8); spaces > 0; spaces--) this.emit(SPACE);
      return;
    } else if (termios.is('oflag', OLCUC) && out >= 97 && out <= 122) out -= 32;
    this.emit(out);
  }

  /** A character as it is. */
  emit(character: number): void {
    const { termios } = this;
    this.waiting.push(character);
    this.takers.wake();
    if (character === NEWLINE && !termios.is('oflag', OPOST)) return;
    if (character === RETURN) this.column = 0;
    else if (character === BACKSPACE) this.column = Math.max(0, this.column - 1);
    else if (character === TAB) this.column += 8 - (this.column % 8);
    else if (!isControl(character) && !(termios.is('iflag', IUTF8) && (character & 0xc0) === 0x80)) this.column++;
  }

  /** The echo of VLNEXT: a caret that the character will replace. */
  emitLiteralMark(): void {
    this.emit(CARET);
    this.emit(BACKSPACE);
  }

  echo(character: number): void {
    if (!this.termios.is('lflag', ECHO)) return;
    if (this.termios.is('lflag', ECHOCTL) && isControl(character) && character !== TAB && character !== NEWLINE) {
      this.emit(CARET);
      this.emit(character ^ 0x40);
    } else this.write(character);
  }

  /** Takes the echo of a character back from the screen: it stood behind `line`, which began at `lineColumn`. */
  unecho(character: number, line: readonly number[], lineColumn: number): void {
    const { termios } = this;
    if (!termios.is('lflag', ECHOE)) {
      if (!termios.is('lflag', ECHOPRT)) this.echo(termios.cc[VERASE]!);
      return;
    }
    if (character === TAB) {
      // back to where what is before it ends
      let column = lineColumn;
      for (const each of line) column += each === TAB ? 8 - (column % 8) : this.widthOf(each);
      while (this.column > column) this.emit(BACKSPACE);
      return;
    }
    for (let i = this.widthOf(character); i > 0; i--) for (const each of [BACKSPACE, SPACE, BACKSPACE]) this.emit(each);
  }

  private widthOf(character: number): number {
    if (isControl(character)) return this.termios.is('lflag', ECHOCTL) ? 2 : 0;
    // of a UTF-8 character its first byte counts
    return (character & 0xc0) === 0x80 && this.termios.is('iflag', IUTF8) ? 0 : 1;
  }
}
