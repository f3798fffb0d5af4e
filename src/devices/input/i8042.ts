// The 8042 keyboard controller: command byte, output port, and the two devices behind it.
// Source: IBM PC/AT Technical Reference, "Keyboard Controller"; IBM PS/2 Hardware Interface Technical Reference.
import type { A20Gate } from '../firmware/a20.js';
import { BytePorts } from '../byte-ports.js';
import type { IrqLine, PortDevice, Resettable, Snapshottable } from '../device.js';
import { Ps2Keyboard } from './ps2-keyboard.js';
import { Ps2Mouse } from './ps2-mouse.js';
import { type KeyCode, translate } from './ps2-scancodes.js';
import { restoreFields, saveFields, section } from '../snapshot-fields.js';

const STATUS = { OUTPUT_FULL: 0x01, SYSTEM: 0x04, COMMAND: 0x08, UNLOCKED: 0x10, AUX: 0x20 };
const CONTROL = { KBD_INT: 0x01, AUX_INT: 0x02, SYSTEM: 0x04, KBD_OFF: 0x10, AUX_OFF: 0x20, TRANSLATE: 0x40 };
const OUTPUT_PORT = { NO_RESET: 0x01, A20: 0x02, KBD_IRQ: 0x10, AUX_IRQ: 0x20 };
/** Answers of the controller itself that wait to be read. */
const ANSWERS = 16;

const FIELDS = ['ram', 'full', 'fromAux', 'data', 'commandWritten', 'pending', 'broken', 'answers', 'auxAnswers'];

export interface I8042Options {
  irq1: IrqLine;
  irq12: IrqLine;
  a20: A20Gate;
  requestReset: () => void;
}

export class I8042 implements Snapshottable, Resettable {
  readonly keyboard = new Ps2Keyboard();
  readonly mouse = new Ps2Mouse();

  /** 1 port: 0x60. */
  readonly dataPort: PortDevice = new BytePorts(
    1,
    () => this.readData(),
    (_, value) => this.writeData(value),
  );
  /** 1 port: 0x64. */
  readonly commandPort: PortDevice = new BytePorts(
    1,
    () => this.status(),
    (_, value) => this.writeCommand(value),
  );

  /** The controller's 32 bytes of RAM; byte 0 is the command byte. */
  private readonly ram = new Uint8Array(32);
  private full = false;
  private fromAux = false;
  private data = 0;
  private commandWritten = false;
  /** The command whose data byte comes next; 0: none. */
  private pending = 0;
  /** The keyboard sent F0: the next byte is a break code. */
  private broken = false;
  private answers: number[] = [];
  private auxAnswers: number[] = [];

  constructor(private readonly options: I8042Options) {
    this.ram[0] = CONTROL.TRANSLATE;
  }

  /** A key goes down or up. False: no room, try again later. */
  key(key: KeyCode, down: boolean): boolean {
    const taken = this.keyboard.key(key, down);
    this.advance();
    return taken;
  }

  /** See Ps2Mouse.move. */
  moveMouse(right: number, up: number, wheel: number, buttons: number): void {
    this.mouse.move(right, up, wheel, buttons);
    this.advance();
  }

  reset(): void {
    this.keyboard.reset();
    this.mouse.reset();
    this.ram.fill(0);
    this.ram[0] = CONTROL.TRANSLATE;
    this.full = false;
    this.fromAux = false;
    this.data = 0;
    this.commandWritten = false;
    this.pending = 0;
    this.broken = false;
    this.answers = [];
    this.auxAnswers = [];
    this.drive();
  }

  save(): unknown {
    return { ...saveFields(this, FIELDS), keyboard: this.keyboard.save(), mouse: this.mouse.save() };
  }

  restore(state: unknown): void {
    this.keyboard.restore(section(state, 'keyboard'));
    this.mouse.restore(section(state, 'mouse'));
    restoreFields(this, FIELDS, state);
    this.drive();
  }

  private status(): number {
    return (
      STATUS.UNLOCKED |
      (this.full ? STATUS.OUTPUT_FULL : 0) |
      (this.full && this.fromAux ? STATUS.AUX : 0) |
      (this.commandWritten ? STATUS.COMMAND : 0) |
      (this.ram[0] & CONTROL.SYSTEM ? STATUS.SYSTEM : 0)
    );
  }

  private readData(): number {
    const value = this.data;
    if (this.full) {
      this.full = false;
      // The line falls between two bytes, so that each is an edge.
      this.drive();
      this.advance();
    }
    return value;
  }

  /** Fills the empty output buffer: the controller's own answers first, then keyboard, then mouse. */
  private advance(): void {
    if (this.full) return;
    const control = this.ram[0];
    if (this.answers.length > 0) this.put(this.answers.shift() ?? 0, false);
    else if (this.auxAnswers.length > 0) this.put(this.auxAnswers.shift() ?? 0, true);
    else if (!(control & CONTROL.KBD_OFF) && this.keyboard.output.length > 0) this.takeKeyboard();
    else if (!(control & CONTROL.AUX_OFF) && this.mouse.output.length > 0) this.put(this.mouse.take(), true);
  }

  private takeKeyboard(): void {
    while (this.keyboard.output.length > 0 && !this.full) {
      const byte = this.keyboard.take();
      if (!(this.ram[0] & CONTROL.TRANSLATE)) this.put(byte, false);
      else if (byte === 0xf0) this.broken = true;
      else {
        this.put(translate(byte) | (this.broken ? 0x80 : 0), false);
        this.broken = false;
      }
    }
  }

  private put(byte: number, aux: boolean): void {
    this.data = byte;
    this.full = true;
    this.fromAux = aux;
    this.drive();
  }

  private drive(): void {
    const control = this.ram[0];
    this.options.irq1.set(this.full && !this.fromAux && (control & CONTROL.KBD_INT) !== 0);
    this.options.irq12.set(this.full && this.fromAux && (control & CONTROL.AUX_INT) !== 0);
  }

  private answer(byte: number): void {
    if (this.answers.length < ANSWERS) this.answers.push(byte & 0xff);
  }

  private writeCommand(value: number): void {
    this.commandWritten = true;
    this.pending = 0;
    if (value >= 0x20 && value < 0x40) this.answer(this.ram[value & 0x1f]);
    else if (value >= 0x60 && value < 0x80) this.pending = value;
    else if (value >= 0xf0) this.pulse(value);
    else this.execute(value);
    this.drive();
    this.advance();
  }

  private execute(value: number): void {
    switch (value) {
      case 0xa7:
        this.ram[0] |= CONTROL.AUX_OFF;
        break;
      case 0xa8:
        this.ram[0] &= ~CONTROL.AUX_OFF;
        break;
      case 0xa9:
      case 0xab:
        this.answer(0x00);
        break;
      case 0xaa:
        this.ram[0] |= CONTROL.SYSTEM;
        this.answer(0x55);
        break;
      case 0xad:
        this.ram[0] |= CONTROL.KBD_OFF;
        break;
      case 0xae:
        this.ram[0] &= ~CONTROL.KBD_OFF;
        break;
      case 0xc0:
        // Input port: keyboard not locked, colour display.
        this.answer(0x80);
        break;
      case 0xd0:
        this.answer(this.outputPort());
        break;
      case 0xd1:
      case 0xd2:
      case 0xd3:
      case 0xd4:
        this.pending = value;
        break;
      case 0xdd:
      case 0xdf:
        this.options.a20.set(value === 0xdf);
        break;
      case 0xe0:
        this.answer(0x00);
        break;
    }
  }

  private outputPort(): number {
    return (
      OUTPUT_PORT.NO_RESET |
      (this.options.a20.open ? OUTPUT_PORT.A20 : 0) |
      (this.full && !this.fromAux ? OUTPUT_PORT.KBD_IRQ : 0) |
      (this.full && this.fromAux ? OUTPUT_PORT.AUX_IRQ : 0)
    );
  }

  /** Pulls the low bits of the output port that are zero in the command down for 6 microseconds; bit 0 is reset. */
  private pulse(value: number): void {
    if (!(value & OUTPUT_PORT.NO_RESET)) this.options.requestReset();
  }

  private writeData(value: number): void {
    this.commandWritten = false;
    const command = this.pending;
    this.pending = 0;
    if (command >= 0x60 && command < 0x80) this.ram[command & 0x1f] = value;
    else if (command === 0xd1) {
      this.options.a20.set((value & OUTPUT_PORT.A20) !== 0);
      if (!(value & OUTPUT_PORT.NO_RESET)) this.options.requestReset();
    } else if (command === 0xd2) this.answer(value);
    else if (command === 0xd3) {
      if (this.auxAnswers.length < ANSWERS) this.auxAnswers.push(value);
    } else if (command === 0xd4) {
      this.ram[0] &= ~CONTROL.AUX_OFF;
      this.mouse.write(value);
    } else {
      // Writing to the keyboard starts its clock again.
      this.ram[0] &= ~CONTROL.KBD_OFF;
      this.keyboard.write(value);
    }
    this.drive();
    this.advance();
  }
}
