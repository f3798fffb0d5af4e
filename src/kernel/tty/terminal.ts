// A terminal: the line discipline between a program's side and the other one (a pty's master, or the host's console).
// Linux drivers/tty/n_tty.c, tty_io.c, tty_jobctrl.c; man 3 termios, man 4 tty_ioctl.
import { EAGAIN, EIO } from '../abi/errno.js';
import { SIGCONT, SIGHUP, SIGINT, SIGQUIT, SIGTSTP, SIGTTIN, SIGTTOU, SIGWINCH, SI_KERNEL } from '../abi/signal.js';
import {
  BRKINT,
  ICANON,
  ICRNL,
  IEXTEN,
  IGNBRK,
  IGNCR,
  INLCR,
  ISIG,
  ISTRIP,
  IUCLC,
  IXANY,
  IXON,
  NOFLSH,
  TOSTOP,
  VINTR,
  VMIN,
  VQUIT,
  VSTART,
  VSTOP,
  VSUSP,
  VTIME,
} from '../abi/termios.js';
import { BLOCK, ERESTARTSYS } from '../task/blocking.js';
import type { ProcessGroup, Session } from '../task/job.js';
import { HANDLER_IGNORE } from '../task/signals.js';
import type { Task } from '../task/task.js';
import { WaitQueue } from '../task/wait-queue.js';
import { type Io, transferred } from '../vfs/io.js';
import { TerminalInput } from './input.js';
import { NEWLINE, RETURN, TerminalOutput } from './output.js';
import { DISABLED, Termios, type TermiosValues, type WindowSize } from './termios.js';

/** Output that nobody has taken: more is not begun. */
const OUTPUT_MAX = 65536;
const SIGNAL_CHARACTERS = [
  [VINTR, SIGINT],
  [VQUIT, SIGQUIT],
  [VSUSP, SIGTSTP],
] as const;

export class Terminal {
  readonly termios = new Termios();
  size: WindowSize = { rows: 0, columns: 0, xpixel: 0, ypixel: 0 };
  session?: Session;
  foreground?: ProcessGroup;
  /** Programs that read, write or poll it. */
  readonly waits = new WaitQueue();
  /** The other side, which takes output and gives input. */
  readonly masterWaits = new WaitQueue();
  private readonly output = new TerminalOutput(this.termios, this.masterWaits);
  private readonly input = new TerminalInput(this.termios, this.output);
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

  // ---- the other side -------------------------------------------------------------------------------------------------------

  /** How many characters of input there is room for. */
  get room(): number {
    return this.input.room;
  }

  /** Characters are typed. How many were taken. */
  receive(bytes: Uint8Array, at: number, length: number): number {
    let taken = 0;
    this.output.beginEchoes();
    for (; taken < length; taken++) {
      // signals must get through even when nobody reads
      if (this.room === 0 && this.signalOf(bytes[at + taken]!) === undefined) break;
      this.receiveCharacter(bytes[at + taken]!);
    }
    this.waits.wake();
    this.masterWaits.wake();
    return taken;
  }

  /** The signal that the character asks for. */
  private signalOf(character: number): number | undefined {
    if (!this.termios.is('lflag', ISIG)) return undefined;
    return SIGNAL_CHARACTERS.find(([which]) => this.termios.isCharacter(character, which))?.[1];
  }

  private receiveCharacter(typed: number): void {
    const { termios, input } = this;
    let character = typed;
    if (termios.is('iflag', ISTRIP)) character &= 0x7f;
    if (termios.is('iflag', IUCLC) && termios.is('lflag', IEXTEN) && character >= 65 && character <= 90)
      character += 32;
    if (input.takeLiteral(character)) return;
    if (termios.is('iflag', IXON)) {
      if (termios.isCharacter(character, VSTART)) {
        this.start();
        return;
      }
      if (termios.isCharacter(character, VSTOP)) {
        this.stop();
        return;
      }
      if (this.stopped && termios.is('iflag', IXANY)) this.start();
    }
    const signal = this.signalOf(character);
    if (signal !== undefined) {
      this.signal(signal, character);
      return;
    }
    if (character === RETURN) {
      if (termios.is('iflag', IGNCR)) return;
      if (termios.is('iflag', ICRNL)) character = NEWLINE;
    } else if (character === NEWLINE && termios.is('iflag', INLCR)) character = RETURN;
    input.receive(character);
  }

  /** A signal character: what was typed is lost, unless NOFLSH. */
  private signal(signal: number, character: number): void {
    if (!this.termios.is('lflag', NOFLSH)) {
      this.flushInput();
      // echoes of characters that came with it are lost too; what came before has reached the other side
      this.output.takeEchoesBack();
    }
    if (this.stopped) this.start();
    this.output.echo(character);
    this.signalForeground(signal);
  }

  private signalForeground(signal: number): void {
    const { foreground } = this;
    if (foreground) foreground.session.leader.leader.kernel.signals.toGroup(foreground, { signal, code: SI_KERNEL });
  }

  /** A break on the line: with BRKINT an interrupt, with IGNBRK nothing. */
  break(): void {
    if (this.termios.is('iflag', IGNBRK)) return;
    if (this.termios.is('iflag', BRKINT)) this.signal(SIGINT, DISABLED);
    else this.input.append(0, true);
  }

  /** Bytes of output that wait. */
  get outputLength(): number {
    return this.output.length;
  }

  /** The other side takes at most `length` bytes of output; while it is stopped there are none. */
  transmit(length: number): Uint8Array {
    const bytes = this.output.take(this.stopped ? 0 : length);
    if (bytes.length > 0) this.waits.wake();
    return bytes;
  }

  // ---- programs -------------------------------------------------------------------------------------------------------------

  start(): void {
    this.stopped = false;
    this.masterWaits.wake();
    this.waits.wake();
  }

  stop(): void {
    this.stopped = true;
  }

  flushInput(): void {
    this.input.flush();
    this.masterWaits.wake();
  }

  flushOutput(): void {
    this.output.flush();
    this.waits.wake();
  }

  get readable(): boolean {
    return this.hungUp || this.input.readable;
  }

  get writable(): boolean {
    return !this.hungUp && this.output.length < OUTPUT_MAX;
  }

  /** Characters that can be read now: FIONREAD. */
  get inputLength(): number {
    return this.input.length;
  }

  read(task: Task, io: Io, nonblocking: boolean): number {
    const denied = this.checkBackground(task, SIGTTIN);
    if (denied !== 0) return denied;
    if (this.hungUp) return 0;
    if (io.left === 0) return 0;
    return this.termios.is('lflag', ICANON)
      ? this.readLine(task, io, nonblocking)
      : this.readRaw(task, io, nonblocking);
  }

  private readLine(task: Task, io: Io, nonblocking: boolean): number {
    const line = this.input.lineLength;
    if (line === undefined) return task.blockUnless(nonblocking, this.waits);
    const length = Math.min(io.left, line);
    const moved = io.give(this.input.peek(length), 0, length);
    this.input.dropOfLine(moved);
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
    const moved = io.give(this.input.peek(length), 0, length);
    this.input.drop(moved);
    this.masterWaits.wake();
    return transferred(moved, length);
  }

  writeFrom(task: Task, io: Io, nonblocking: boolean): number {
    if (this.termios.is('lflag', TOSTOP)) {
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
      for (let i = 0; i < moved; i++) this.output.write(bytes[i]!);
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
    this.signalForeground(SIGWINCH);
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
  setTermios(values: TermiosValues): void {
    const { termios } = this;
    const wasCanonical = termios.is('lflag', ICANON);
    const wasStopping = termios.is('iflag', IXON);
    Object.assign(termios, values);
    const canonical = termios.is('lflag', ICANON);
    if (canonical !== wasCanonical) this.input.changeMode(canonical);
    if (wasStopping && !termios.is('iflag', IXON) && this.stopped) this.start();
    this.waits.wake();
  }
}
