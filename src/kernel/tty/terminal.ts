// A terminal: the line discipline between a program's side and the other one (a pty's master, or the host's console).
// Linux drivers/tty/n_tty.c, tty_io.c, tty_jobctrl.c; man 3 termios, man 4 tty_ioctl. Input is bounded as N_TTY_BUF_SIZE bounds it.
import { EAGAIN, EIO } from '../abi/errno.js';
import { SIGCONT, SIGHUP, SIGINT, SIGQUIT, SIGTSTP, SIGTTIN, SIGTTOU, SIGWINCH, SI_KERNEL } from '../abi/signal.js';
import {
  B38400,
  BRKINT,
  CREAD,
  CS8,
  ECHO,
  ECHOCTL,
  ECHOE,
  ECHOK,
  ECHOKE,
  ECHONL,
  ECHOPRT,
  ICANON,
  ICRNL,
  IEXTEN,
  IGNBRK,
  IGNCR,
  IMAXBEL,
  INLCR,
  ISIG,
  ISTRIP,
  IUTF8,
  IXANY,
  IXON,
  NOFLSH,
  OCRNL,
  ONLCR,
  ONLRET,
  ONOCR,
  OLCUC,
  OPOST,
  TABDLY,
  TOSTOP,
  VDISCARD,
  VEOF,
  VEOL,
  VEOL2,
  VERASE,
  VINTR,
  VKILL,
  VLNEXT,
  VMIN,
  VQUIT,
  VREPRINT,
  VSTART,
  VSTOP,
  VSUSP,
  VTIME,
  VWERASE,
  XTABS,
  IUCLC,
} from '../abi/termios.js';
import { BLOCK, ERESTARTSYS } from '../task/blocking.js';
import type { ProcessGroup, Session } from '../task/job.js';
import { HANDLER_IGNORE } from '../task/signals.js';
import type { Task } from '../task/task.js';
import { WaitQueue } from '../task/wait-queue.js';
import { type Io, transferred } from '../vfs/io.js';

/** Input that has not been read: N_TTY_BUF_SIZE. */
const INPUT_MAX = 4096;
/** Output that nobody has taken. */
const OUTPUT_MAX = 65536;
const NEWLINE = 10;
const RETURN = 13;
const TAB = 9;
const DISABLED = 0;

export interface Termios {
  iflag: number;
  oflag: number;
  cflag: number;
  lflag: number;
  line: number;
  cc: number[];
}

export function defaultTermios(): Termios {
  const cc = new Array<number>(19).fill(0);
  const set: [number, number][] = [
    [VINTR, 3],
    [VQUIT, 28],
    [VERASE, 127],
    [VKILL, 21],
    [VEOF, 4],
    [VMIN, 1],
    [VSTART, 17],
    [VSTOP, 19],
    [VSUSP, 26],
    [VREPRINT, 18],
    [VDISCARD, 15],
    [VWERASE, 23],
    [VLNEXT, 22],
  ];
  for (const [index, value] of set) cc[index] = value;
  return {
    iflag: ICRNL | IXON,
    oflag: OPOST | ONLCR,
    cflag: B38400 | CS8 | CREAD,
    lflag: ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE | IEXTEN,
    line: 0,
    cc,
  };
}

export interface WindowSize {
  rows: number;
  columns: number;
  xpixel: number;
  ypixel: number;
}

export class Terminal {
  termios = defaultTermios();
  size: WindowSize = { rows: 0, columns: 0, xpixel: 0, ypixel: 0 };
  session?: Session;
  foreground?: ProcessGroup;
  /** Programs that read, write or poll it. */
  readonly waits = new WaitQueue();
  /** The other side, which takes output and gives input. */
  readonly masterWaits = new WaitQueue();
  /** Output as the other side gets it. */
  private output: number[] = [];
  private outputStart = 0;
  /** Input that can be read: characters, and in canonical mode where lines end. */
  private input: number[] = [];
  /** In canonical mode, for each line that is complete, its length with its delimiter. An EOF's line has none in the text. */
  private lines: { length: number; eof: boolean }[] = [];
  /** Characters of the line that is being typed, in canonical mode. */
  private typed: number[] = [];
  /** Where in `output` the echoes of the characters that are being received begin. */
  private echoStart = 0;
  private column = 0;
  private canonicalColumn = 0;
  private literalNext = false;
  /** Ctrl-S, or TCOOFF. */
  stopped = false;
  /** The other side is gone. */
  hungUp = false;
  /** Packet mode's news for the master: TIOCPKT. */
  packetStatus = 0;
  exclusive = false;
  /** Openings of the programs' side, and whether there was one. */
  slaves = 0;
  opened = false;

  constructor(
    /** Its number among ptys; -1: the console. */
    readonly index: number,
    readonly name: string,
  ) {}

  private is(flags: 'iflag' | 'oflag' | 'lflag' | 'cflag', bit: number): boolean {
    return (this.termios[flags] & bit) !== 0;
  }

  private isCharacter(character: number, which: number): boolean {
    return this.termios.cc[which] === character && character !== DISABLED;
  }

  // ---- input: from the other side -------------------------------------------------------------------------------------------

  /** How many characters of input there is room for. */
  get room(): number {
    return Math.max(0, INPUT_MAX - this.input.length - this.typed.length);
  }

  /** Characters are typed. How many were taken. */
  receive(bytes: Uint8Array, at: number, length: number): number {
    let taken = 0;
    this.echoStart = this.output.length;
    for (; taken < length; taken++) {
      // signals must get through even when nobody reads
      if (this.room === 0 && !this.isSignal(bytes[at + taken]!)) break;
      this.receiveCharacter(bytes[at + taken]!);
    }
    this.waits.wake();
    this.masterWaits.wake();
    return taken;
  }

  private isSignal(character: number): boolean {
    return this.is('lflag', ISIG) && [VINTR, VQUIT, VSUSP].some((which) => this.isCharacter(character, which));
  }

  private receiveCharacter(typed: number): void {
    let character = typed;
    if (this.is('iflag', ISTRIP)) character &= 0x7f;
    if (this.is('iflag', IUCLC) && this.is('lflag', IEXTEN) && character >= 65 && character <= 90) character += 32;
    if (this.literalNext) {
      this.literalNext = false;
      this.append(character, true);
      return;
    }
    if (this.is('iflag', IXON)) {
      if (this.isCharacter(character, VSTART)) {
        this.start();
        return;
      }
      if (this.isCharacter(character, VSTOP)) {
        this.stopped = true;
        return;
      }
      if (this.stopped && this.is('iflag', IXANY)) this.start();
    }
    if (this.is('lflag', ISIG)) {
      for (const [which, signal] of [
        [VINTR, SIGINT],
        [VQUIT, SIGQUIT],
        [VSUSP, SIGTSTP],
      ] as const) {
        if (!this.isCharacter(character, which)) continue;
        this.signal(signal, character);
        return;
      }
    }
    if (character === RETURN) {
      if (this.is('iflag', IGNCR)) return;
      if (this.is('iflag', ICRNL)) character = NEWLINE;
    } else if (character === NEWLINE && this.is('iflag', INLCR)) character = RETURN;
    if (this.is('lflag', ICANON)) this.receiveCanonical(character);
    else this.append(character, false);
  }

  /** A signal character: what was typed is lost, unless NOFLSH. */
  private signal(signal: number, character: number): void {
    if (!this.is('lflag', NOFLSH)) {
      this.flushInput();
      // echoes of characters that came with it are lost too; what came before has reached the other side
      this.output.length = Math.max(this.outputStart, this.echoStart);
    }
    if (this.stopped) this.start();
    this.echo(character);
    const { foreground } = this;
    if (foreground) foreground.session.leader.leader.kernel.signals.toGroup(foreground, { signal, code: SI_KERNEL });
  }

  private receiveCanonical(character: number): void {
    if (this.isCharacter(character, VERASE)) {
      this.erase('character');
      return;
    }
    if (this.isCharacter(character, VKILL)) {
      this.erase('line');
      return;
    }
    if (this.is('lflag', IEXTEN)) {
      if (this.isCharacter(character, VWERASE)) {
        this.erase('word');
        return;
      }
      if (this.isCharacter(character, VLNEXT)) {
        this.literalNext = true;
        if (this.is('lflag', ECHO) && this.is('lflag', ECHOCTL)) this.emit([0x5e, 8]);
        return;
      }
      if (this.isCharacter(character, VREPRINT) && this.is('lflag', ECHO)) {
        this.echo(character);
        this.write(NEWLINE);
        for (const each of this.typed) this.echo(each);
        return;
      }
    }
    if (character === NEWLINE) {
      if (this.is('lflag', ECHO) || this.is('lflag', ECHONL)) this.write(NEWLINE);
      this.endLine(NEWLINE, false);
      return;
    }
    if (this.isCharacter(character, VEOF)) {
      this.endLine(undefined, true);
      return;
    }
    if (this.isCharacter(character, VEOL) || (this.isCharacter(character, VEOL2) && this.is('lflag', IEXTEN))) {
      if (this.is('lflag', ECHO)) this.echo(character);
      this.endLine(character, false);
      return;
    }
    this.append(character, false);
  }

  private append(character: number, literal: boolean): void {
    if (this.is('lflag', ICANON)) {
      // the last place is for the end of the line
      if (this.room <= 1) {
        if (this.is('iflag', IMAXBEL)) this.emit([7]);
        return;
      }
      if (this.typed.length === 0) this.canonicalColumn = this.column;
      this.typed.push(character);
    } else this.input.push(character);
    if (this.is('lflag', ECHO)) {
      if (character === NEWLINE && !literal) this.write(NEWLINE);
      else this.echo(character);
    }
  }

  private endLine(delimiter: number | undefined, eof: boolean): void {
    if (delimiter !== undefined) this.typed.push(delimiter);
    this.lines.push({ length: this.typed.length, eof });
    this.input.push(...this.typed);
    this.typed = [];
  }

  /** VERASE, VWERASE, VKILL. */
  private erase(what: 'character' | 'word' | 'line'): void {
    if (this.typed.length === 0) return;
    const echo = this.is('lflag', ECHO);
    if (what === 'line' && echo && !(this.is('lflag', ECHOK) && this.is('lflag', ECHOKE) && this.is('lflag', ECHOE))) {
      this.typed = [];
      this.echo(this.termios.cc[VKILL]!);
      if (this.is('lflag', ECHOK)) this.write(NEWLINE);
      return;
    }
    let seenWord = false;
    while (this.typed.length > 0) {
      let length = 1;
      // the bytes that continue a character of UTF-8 go with it
      if (this.is('iflag', IUTF8))
        while (length < this.typed.length && (this.typed[this.typed.length - length]! & 0xc0) === 0x80) length++;
      const character = this.typed[this.typed.length - length]!;
      if (what === 'word') {
        const isWord = /[0-9A-Za-z_]/.test(String.fromCharCode(character)) || character >= 0x80;
        if (isWord) seenWord = true;
        else if (seenWord) break;
      }
      this.typed.length -= length;
      if (echo) this.unecho(character);
      if (what === 'character') break;
    }
  }

  /** Takes a character's echo back from the screen. */
  private unecho(character: number): void {
    if (!this.is('lflag', ECHOE)) {
      if (!this.is('lflag', ECHOPRT)) this.echo(this.termios.cc[VERASE]!);
      return;
    }
    if (character === TAB) {
      // back to where what is before it ends
      let column = this.canonicalColumn;
      for (const each of this.typed) column += each === TAB ? 8 - (column % 8) : this.widthOf(each);
      while (this.column > column) this.emit([8]);
      return;
    }
    for (let i = 0; i < this.widthOf(character); i++) this.emit([8, 32, 8]);
  }

  private widthOf(character: number): number {
    if (character < 32 || character === 127) return this.is('lflag', ECHOCTL) ? 2 : 0;
    // of a UTF-8 character its first byte counts
    return (character & 0xc0) === 0x80 && this.is('iflag', IUTF8) ? 0 : 1;
  }

  private echo(character: number): void {
    if (!this.is('lflag', ECHO)) return;
    if (
      this.is('lflag', ECHOCTL) &&
      (character < 32 || character === 127) &&
      character !== TAB &&
      character !== NEWLINE
    )
      this.emit([0x5e, character ^ 0x40]);
    else this.write(character);
  }

  // ---- output: to the other side --------------------------------------------------------------------------------------------

  /** A character of a program's, processed as OPOST says. */
  private write(character: number): void {
    if (!this.is('oflag', OPOST)) {
      this.emit([character]);
      return;
    }
    let out = character;
    if (out === NEWLINE) {
      if (this.is('oflag', ONLRET)) this.column = 0;
      if (this.is('oflag', ONLCR)) {
        this.emit([RETURN, NEWLINE]);
        return;
      }
    } else if (out === RETURN) {
      if (this.is('oflag', ONOCR) && this.column === 0) return;
      if (this.is('oflag', OCRNL)) out = NEWLINE;
    } else if (out === TAB && (this.termios.oflag & TABDLY) === XTABS) {
      this.emit(new Array<number>(8 - (this.column % 8)).fill(32));
      return;
    } else if (this.is('oflag', OLCUC) && out >= 97 && out <= 122) out -= 32;
    this.emit([out]);
  }

  private emit(characters: readonly number[]): void {
    for (const character of characters) {
      this.output.push(character);
      if (character === NEWLINE && !this.is('oflag', OPOST)) continue;
      if (character === RETURN) this.column = 0;
      else if (character === 8) this.column = Math.max(0, this.column - 1);
      else if (character === TAB) this.column += 8 - (this.column % 8);
      else if (character >= 32 && character !== 127 && !(this.is('iflag', IUTF8) && (character & 0xc0) === 0x80))
        this.column++;
    }
    this.masterWaits.wake();
  }

  /** Bytes of output that wait. */
  get outputLength(): number {
    return this.output.length - this.outputStart;
  }

  /** The other side takes at most `length` bytes of output; while it is stopped there are none. */
  transmit(length: number): Uint8Array {
    if (this.stopped) return new Uint8Array(0);
    const bytes = Uint8Array.from(this.output.slice(this.outputStart, this.outputStart + length));
    this.outputStart += bytes.length;
    if (this.outputStart === this.output.length) {
      this.output = [];
      this.outputStart = 0;
    }
    if (bytes.length > 0) this.waits.wake();
    return bytes;
  }

  start(): void {
    this.stopped = false;
    this.masterWaits.wake();
    this.waits.wake();
  }

  stop(): void {
    this.stopped = true;
  }

  flushInput(): void {
    this.input = [];
    this.lines = [];
    this.typed = [];
    this.masterWaits.wake();
  }

  flushOutput(): void {
    this.output = [];
    this.outputStart = 0;
    this.waits.wake();
  }

  // ---- programs -------------------------------------------------------------------------------------------------------------

  get readable(): boolean {
    if (this.hungUp) return true;
    if (this.is('lflag', ICANON)) return this.lines.length > 0;
    const minimum = this.termios.cc[VTIME] === 0 ? Math.max(1, this.termios.cc[VMIN]!) : 1;
    return this.input.length >= minimum;
  }

  get writable(): boolean {
    return !this.hungUp && this.outputLength < OUTPUT_MAX;
  }

  /** Characters that can be read now: FIONREAD. */
  get inputLength(): number {
    return this.is('lflag', ICANON) ? this.lines.reduce((sum, line) => sum + line.length, 0) : this.input.length;
  }

  read(task: Task, io: Io, nonblocking: boolean): number {
    const denied = this.checkBackground(task, SIGTTIN);
    if (denied !== 0) return denied;
    if (this.hungUp) return 0;
    if (io.left === 0) return 0;
    return this.is('lflag', ICANON) ? this.readLine(task, io, nonblocking) : this.readRaw(task, io, nonblocking);
  }

  private readLine(task: Task, io: Io, nonblocking: boolean): number {
    const line = this.lines[0];
    if (!line) return task.blockUnless(nonblocking, this.waits);
    const length = Math.min(io.left, line.length);
    const moved = io.give(Uint8Array.from(this.input.slice(0, length)), 0, length);
    this.input.splice(0, moved);
    line.length -= moved;
    if (line.length === 0) this.lines.shift();
    this.masterWaits.wake();
    return transferred(moved, length);
  }

  private readRaw(task: Task, io: Io, nonblocking: boolean): number {
    const minimum = this.termios.cc[VMIN]!;
    const tenths = this.termios.cc[VTIME]!;
    const enough = Math.min(minimum, io.left);
    // the time runs from the call (MIN 0), or from the newest character
    const { callState } = task;
    const restarts = minimum === 0 ? !callState.timed : this.input.length > callState.done;
    if (tenths > 0 && restarts) {
      callState.timed = false;
      task.timeOut(tenths * 1e8);
      callState.done = this.input.length;
    }
    const over =
      minimum === 0
        ? tenths === 0 || this.input.length > 0 || task.timedOut
        : this.input.length >= enough || (this.input.length > 0 && task.timedOut);
    if (!over) {
      if (nonblocking) return this.input.length > 0 ? this.takeRaw(io) : -EAGAIN;
      const waiting = task.block(this.waits);
      return waiting !== BLOCK && this.input.length > 0 ? this.takeRaw(io) : waiting;
    }
    return this.takeRaw(io);
  }

  private takeRaw(io: Io): number {
    const length = Math.min(io.left, this.input.length);
    const moved = io.give(Uint8Array.from(this.input.slice(0, length)), 0, length);
    this.input.splice(0, moved);
    this.masterWaits.wake();
    return transferred(moved, length);
  }

  writeFrom(task: Task, io: Io, nonblocking: boolean): number {
    if (this.is('lflag', TOSTOP)) {
      const denied = this.checkBackground(task, SIGTTOU);
      if (denied !== 0) return denied;
    }
    const { callState } = task;
    const wanted = io.left;
    const bytes = new Uint8Array(1024);
    io.skip(callState.done);
    while (io.left > 0) {
      if (this.hungUp) return callState.done > 0 ? callState.done : -EIO;
      if (!this.writable || this.stopped) {
        if (nonblocking) return callState.done > 0 ? callState.done : -EAGAIN;
        const waiting = task.block(this.waits);
        return waiting !== BLOCK && callState.done > 0 ? callState.done : waiting;
      }
      const moved = io.take(bytes, 0, Math.min(io.left, bytes.length));
      if (moved === 0) break;
      for (let i = 0; i < moved; i++) this.write(bytes[i]!);
      callState.done += moved;
    }
    return transferred(callState.done, wanted);
  }

  // ---- job control ----------------------------------------------------------------------------------------------------------

  /** A process in the background that reads, or changes the terminal, is stopped. 0: it may go on. */
  checkBackground(task: Task, signal: number): number {
    const { process } = task;
    if (
      this.session === undefined ||
      process.group.session !== this.session ||
      this.foreground === undefined ||
      process.group === this.foreground
    )
      return 0;
    const action = process.actions.get(signal);
    const ignored = task.blockedSignals.has(signal) || action.handler === HANDLER_IGNORE;
    if (signal === SIGTTOU && ignored) return 0;
    if (ignored || process.group.orphaned) return -EIO;

    task.kernel.signals.toGroup(process.group, { signal, code: SI_KERNEL });
    return -ERESTARTSYS;
  }

  setSession(session: Session): void {
    session.terminal = this;
    this.session = session;
    this.foreground = session.leader.group;
  }

  /** It is nobody's controlling terminal any more. */
  disassociate(): void {
    if (this.session) this.session.terminal = undefined;
    this.session = undefined;
    this.foreground = undefined;
  }

  setSize(size: WindowSize): void {
    const { rows, columns, xpixel, ypixel } = this.size;
    if (rows === size.rows && columns === size.columns && xpixel === size.xpixel && ypixel === size.ypixel) return;
    this.size = size;
    const { foreground } = this;
    if (foreground)
      foreground.session.leader.leader.kernel.signals.toGroup(foreground, { signal: SIGWINCH, code: SI_KERNEL });
  }

  /** The other side is gone: readers get the end, the session a SIGHUP. */
  hangUp(): void {
    if (this.hungUp) return;
    this.hungUp = true;
    const { session, foreground } = this;
    if (session) {
      const { kernel } = session.leader.leader;
      for (const signal of [SIGHUP, SIGCONT]) kernel.signals.toProcess(session.leader, { signal, code: SI_KERNEL });
      if (foreground && foreground !== session.leader.group)
        for (const signal of [SIGHUP, SIGCONT]) kernel.signals.toGroup(foreground, { signal, code: SI_KERNEL });
      this.disassociate();
    }
    this.waits.wake();
  }

  /** New settings; leaving canonical mode makes what was typed readable. */
  setTermios(termios: Termios): void {
    const wasCanonical = this.is('lflag', ICANON);
    const wasStopping = this.is('iflag', IXON);
    this.termios = termios;
    const canonical = this.is('lflag', ICANON);
    if (wasCanonical && !canonical) {
      this.input.push(...this.typed);
      this.typed = [];
      this.lines = [];
    } else if (!wasCanonical && canonical && this.input.length > 0)
      this.lines = [{ length: this.input.length, eof: false }];
    if (wasStopping && !this.is('iflag', IXON) && this.stopped) this.start();
    this.waits.wake();
  }

  /** A break on the line: with BRKINT an interrupt, with IGNBRK nothing. */
  break(): void {
    if (this.is('iflag', IGNBRK)) return;
    if (this.is('iflag', BRKINT)) this.signal(SIGINT, DISABLED);
    else this.append(0, true);
  }
}
