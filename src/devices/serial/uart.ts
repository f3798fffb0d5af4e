// A 16550A serial port: registers, 16-byte receive FIFO, interrupts, loopback.
// Source: National Semiconductor PC16550D data sheet.
import { BytePorts } from '../byte-ports.js';
import type { IrqLine, PortDevice, Resettable, Snapshottable, Timer, Timers } from '../device.js';
import { restoreFields, saveFields, section } from '../snapshot-fields.js';

const CRYSTAL_HZ = 1843200;
const FIFO_SIZE = 16;
const TRIGGER_LEVELS = [1, 4, 8, 14];
/** Bytes from the host that wait for room in the FIFO. */
const QUEUE_SIZE = 4096;
/** Line status read so often, and nothing else done but sending: the guest polls for input. */
const POLLS = 16;

const IER = { RX: 0x01, THRE: 0x02, LINE: 0x04, MODEM: 0x08 };
const IIR = { MODEM: 0x00, NONE: 0x01, THRE: 0x02, RX: 0x04, LINE: 0x06, TIMEOUT: 0x0c, FIFO: 0xc0 };
const LSR = { DR: 0x01, OE: 0x02, BI: 0x10, THRE: 0x20, TEMT: 0x40 };
const LSR_ERRORS = 0x1e;
const MCR = { DTR: 0x01, RTS: 0x02, OUT1: 0x04, OUT2: 0x08, LOOP: 0x10 };
const MSR = { CTS: 0x10, DSR: 0x20, RI: 0x40, DCD: 0x80 };
/** A terminal is attached and ready. */
const MSR_CONNECTED = MSR.CTS | MSR.DSR | MSR.DCD;

export interface UartOptions {
  irq: IrqLine;
  timers: Timers;
  /** One byte sent by the guest. */
  transmit: (byte: number) => void;
  /** The queue was full and has room again. */
  room?: () => void;
}

const FIELDS = ['ier', 'fcr', 'lcr', 'mcr', 'lsr', 'msr', 'scratch', 'divisor', 'threPending', 'timedOut', 'deadline'];
const QUEUES = ['fifo', 'queue', 'starved', 'polls', 'looped'];
/** Snapshots from before there were these. */
const OLDER = { polls: 0, looped: 0 };

/**
 * The transmitter is infinitely fast: a byte leaves as it is written, and the holding register is always empty.
 * The receiver takes bytes from a bounded queue as the guest makes room, so it never overruns.
 *
 * DEVIATION: a chip receives whether anybody listens or not, and drivers throw away what they find when they start (they clear the FIFOs and read
 * a byte unseen). Here the line is idle until the guest listens: its receiver interrupt is on, or it polls the line status. What is in the FIFO when it
 * stops listening, or clears it, comes again.
 */
export class Uart implements Snapshottable, Resettable {
  /** 8 ports. */
  readonly ports: PortDevice = new BytePorts(
    8,
    (offset) => this.readRegister(offset),
    (offset, value) => this.writeRegister(offset, value),
  );

  private ier = 0;
  private fcr = 0;
  private lcr = 0;
  private mcr = 0;
  private lsr = LSR.THRE | LSR.TEMT;
  private msr = MSR_CONNECTED;
  private scratch = 0;
  private divisor = 12;
  private threPending = false;
  /** The FIFO has held bytes below its trigger level for four character times. */
  private timedOut = false;
  private deadline = -1;
  private fifo: number[] = [];
  private queue: number[] = [];
  private starved = false;
  /** How often the line status has been read since the guest last did something that no poller does; a byte sent takes one back. */
  private polls = 0;
  /** Bytes at the front of the FIFO that the guest sent itself. */
  private looped = 0;
  private readonly timeout: Timer;

  constructor(private readonly options: UartOptions) {
    this.timeout = options.timers.create(() => {
      this.deadline = -1;
      this.timedOut = this.fifo.length > 0;
      this.update();
    });
  }

  /** How many bytes `receive` would accept now. */
  get room(): number {
    return this.listening ? Math.max(0, QUEUE_SIZE - this.queue.length) : 0;
  }

  /** The guest takes what arrives. In loopback the line is cut off. */
  private get listening(): boolean {
    return !(this.mcr & MCR.LOOP) && ((this.ier & IER.RX) !== 0 || this.polls >= POLLS);
  }

  /** Takes bytes that arrive on the line; returns how many fitted. `room` is called when more will fit. */
  receive(bytes: Uint8Array): number {
    const accepted = Math.min(bytes.length, this.room);
    for (let i = 0; i < accepted; i++) this.queue.push(bytes[i]);
    if (accepted < bytes.length) this.starved = true;
    this.fill();
    this.update();
    return accepted;
  }

  reset(): void {
    this.ier = 0;
    this.fcr = 0;
    this.lcr = 0;
    this.mcr = 0;
    this.lsr = LSR.THRE | LSR.TEMT;
    this.msr = MSR_CONNECTED;
    this.scratch = 0;
    this.divisor = 12;
    this.threPending = false;
    this.polls = 0;
    this.clear();
    this.fill();
    this.update();
  }

  save(): unknown {
    return saveFields(this, [...FIELDS, ...QUEUES]);
  }

  restore(state: unknown): void {
    restoreFields(this, [...FIELDS, ...QUEUES], { ...OLDER, ...section(state) });
    if (this.deadline >= 0) this.timeout.arm(this.deadline);
    else this.timeout.cancel();
    this.update();
  }

  private get latched(): boolean {
    return (this.lcr & 0x80) !== 0;
  }

  private get capacity(): number {
    return this.fcr & 1 ? FIFO_SIZE : 1;
  }

  private get trigger(): number {
    return this.fcr & 1 ? TRIGGER_LEVELS[this.fcr >> 6] : 1;
  }

  private readRegister(offset: number): number {
    switch (offset) {
      case 0:
        return this.latched ? this.divisor & 0xff : this.readData();
      case 1:
        return this.latched ? this.divisor >> 8 : this.ier;
      case 2:
        return this.readIdentification();
      case 3:
        return this.lcr;
      case 4:
        return this.mcr;
      case 5: {
        if (this.polls < POLLS) this.polls++;
        this.fill();
        const lsr = this.lsr | (this.fifo.length > 0 ? LSR.DR : 0);
        this.lsr &= ~LSR_ERRORS;
        this.update();
        return lsr;
      }
      case 6: {
        const msr = this.msr;
        this.msr &= 0xf0;
        this.update();
        return msr;
      }
      default:
        return this.scratch;
    }
  }

  private writeRegister(offset: number, value: number): void {
    switch (offset) {
      case 0:
        if (this.latched) this.divisor = (this.divisor & 0xff00) | value;
        else this.send(value);
        break;
      case 1:
        if (this.latched) this.divisor = (this.divisor & 0xff) | (value << 8);
        else {
          // The holding register is empty, so enabling its interrupt raises it, and disabling withdraws it.
          if ((value ^ this.ier) & IER.THRE) this.threPending = (value & IER.THRE) !== 0;
          this.ier = value & 0x0f;
          this.polls = 0;
          this.fill();
        }
        break;
      case 2:
        this.writeFifoControl(value);
        break;
      case 3:
        this.lcr = value;
        break;
      case 4:
        this.mcr = value & 0x1f;
        this.updateModem();
        this.fill();
        break;
      case 7:
        this.scratch = value;
        break;
    }
    this.update();
  }

  private readData(): number {
    if (!this.listening) this.polls = 0;
    const byte = this.fifo.shift() ?? 0;
    this.looped = Math.max(0, this.looped - 1);
    this.restTimeout();
    // The line falls between two bytes, so that each is an edge.
    this.update();
    this.fill();
    this.update();
    return byte;
  }

  private send(byte: number): void {
    if (this.mcr & MCR.LOOP) this.loopBack(byte);
    else this.options.transmit(byte);
    if (this.polls < POLLS) this.polls = Math.max(0, this.polls - 1);
    this.threPending = true;
  }

  private loopBack(byte: number): void {
    if (this.fifo.length < this.capacity) this.looped = this.fifo.push(byte);
    else {
      this.lsr |= LSR.OE;
      // Without a FIFO the newcomer overwrites the receiver buffer; with one it is lost.
      if (!(this.fcr & 1)) this.fifo[0] = byte;
    }
    this.restTimeout();
  }

  private writeFifoControl(value: number): void {
    const toggled = ((value ^ this.fcr) & 1) !== 0;
    if (toggled || (value & 1 && value & 2)) {
      this.polls = 0;
      this.clear();
    }
    if (toggled || (value & 1 && value & 4)) this.threPending = true;
    this.fcr = value & 1 ? value & 0xc9 : 0;
    this.fill();
  }

  private readIdentification(): number {
    const source = this.source();
    if (source === IIR.THRE) {
      this.threPending = false;
      this.update();
    }
    return source | (this.fcr & 1 ? IIR.FIFO : 0);
  }

  /** The pending interrupt of highest priority, in the order of the data sheet's table. */
  private source(): number {
    if (this.ier & IER.LINE && this.lsr & LSR_ERRORS) return IIR.LINE;
    if (this.ier & IER.RX && this.fifo.length >= this.trigger) return IIR.RX;
    if (this.ier & IER.RX && this.timedOut) return IIR.TIMEOUT;
    if (this.ier & IER.THRE && this.threPending) return IIR.THRE;
    if (this.ier & IER.MODEM && this.msr & 0x0f) return IIR.MODEM;
    return IIR.NONE;
  }

  private update(): void {
    // DEVIATION, as in QEMU: on a PC a gate that OUT2 opens lies between chip and line. Kernels that know QEMU alone leave it closed.
    this.options.irq.set(this.source() !== IIR.NONE);
  }

  /** What the guest throws away of the host's is still to come. */
  private clear(): void {
    this.takeBack();
    this.fifo = [];
    this.looped = 0;
    this.restTimeout();
  }

  private takeBack(): void {
    if (this.fifo.length <= this.looped) return;
    this.queue.unshift(...this.fifo.splice(this.looped));
    this.restTimeout();
  }

  /** Moves bytes that wait on the host's side into the FIFO, and back when the guest has stopped listening. */
  private fill(): void {
    if (!this.listening) {
      this.takeBack();
      return;
    }
    const count = Math.min(this.capacity - this.fifo.length, this.queue.length);
    if (count > 0) {
      this.fifo.push(...this.queue.splice(0, count));
      this.restTimeout();
    }
    if (this.starved && this.queue.length <= QUEUE_SIZE / 2) {
      this.starved = false;
      this.options.room?.();
    }
  }

  /** The four character times start anew with each byte that comes or goes. */
  private restTimeout(): void {
    this.timedOut = false;
    this.deadline = -1;
    if (this.fcr & 1 && this.fifo.length > 0) {
      const bits = 7 + (this.lcr & 3) + (this.lcr & 4 ? 1 : 0) + (this.lcr & 8 ? 1 : 0);
      const nanoseconds = (4 * bits * 16 * (this.divisor || 1) * 1e9) / CRYSTAL_HZ;
      this.deadline = this.options.timers.now() + Math.ceil(nanoseconds);
      this.timeout.arm(this.deadline);
    } else this.timeout.cancel();
  }

  private updateModem(): void {
    const out = this.mcr;
    const looped =
      (out & MCR.RTS ? MSR.CTS : 0) |
      (out & MCR.DTR ? MSR.DSR : 0) |
      (out & MCR.OUT1 ? MSR.RI : 0) |
      (out & MCR.OUT2 ? MSR.DCD : 0);
    const lines = out & MCR.LOOP ? looped : MSR_CONNECTED;
    const changed = (lines ^ this.msr) & 0xf0;
    // The ring indicator tells only its trailing edge.
    const deltas = (changed >> 4) & ~(lines & MSR.RI ? 0x04 : 0);
    this.msr = lines | (this.msr & 0x0f) | deltas;
  }
}
