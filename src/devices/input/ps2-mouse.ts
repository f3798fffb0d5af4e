// The PS/2 mouse behind the controller: stream and remote mode, the IntelliMouse wheel and its five buttons.
// Source: IBM PS/2 Hardware Interface Technical Reference, "Auxiliary Device"; Microsoft IntelliMouse PS/2 extension.
import type { Resettable, Snapshottable } from '../device.js';
import { restoreFields, saveFields } from '../snapshot-fields.js';

const ACK = 0xfa;
const ERROR = 0xfc;
const BUFFER_SIZE = 64;
const ANSWER_SIZE = 16;
/** Motion that waits for a reader is kept up to this far. */
const FARTHEST = 1 << 15;
/** Sample rates in this order switch the wheel on, and then the two more buttons. */
const WHEEL_KNOCK = [200, 100, 80];
const BUTTONS_KNOCK = [200, 200, 80];

const FIELDS = [
  'output',
  'reporting',
  'remote',
  'wrap',
  'doubled',
  'resolution',
  'rate',
  'knock',
  'id',
  'argumentOf',
  'buttons',
  'reported',
  'dx',
  'dy',
  'dz',
  'last',
];

export class Ps2Mouse implements Snapshottable, Resettable {
  /** Bytes that wait for the controller. */
  output: number[] = [];
  private reporting = false;
  private remote = false;
  private wrap = false;
  private doubled = false;
  private resolution = 2;
  private rate = 100;
  private knock: number[] = [];
  private id = 0;
  private argumentOf = 0;
  private buttons = 0;
  private reported = 0;
  private dx = 0;
  private dy = 0;
  private dz = 0;
  private last = 0;

  /** Motion right and up, wheel towards the user, buttons held (1 left, 2 right, 4 middle, 8 and 16 the sides). */
  move(right: number, up: number, wheel: number, buttons: number): void {
    const far = (value: number): number => Math.max(-FARTHEST, Math.min(FARTHEST, Math.trunc(value) || 0));
    this.dx = far(this.dx + right);
    this.dy = far(this.dy + up);
    this.dz = far(this.dz + wheel);
    this.buttons = buttons & 0x1f;
    this.stream();
  }

  take(): number {
    this.last = this.output.shift() ?? 0;
    this.stream();
    return this.last;
  }

  write(value: number): void {
    if (this.argumentOf !== 0) {
      if (this.argumentOf === 0xe8) this.resolution = value & 3;
      else this.setRate(value);
      this.argumentOf = 0;
      this.answer(ACK);
    } else if (this.wrap && value !== 0xec && value !== 0xff) this.answer(value);
    else this.command(value);
  }

  reset(): void {
    this.output = [];
    this.defaults();
    this.remote = false;
    this.wrap = false;
    this.id = 0;
    this.knock = [];
    this.argumentOf = 0;
    this.dx = 0;
    this.dy = 0;
    this.dz = 0;
    this.reported = this.buttons;
    this.last = 0;
  }

  save(): unknown {
    return saveFields(this, FIELDS);
  }

  restore(state: unknown): void {
    restoreFields(this, FIELDS, state);
  }

  private answer(...bytes: number[]): void {
    if (this.output.length + bytes.length <= BUFFER_SIZE + ANSWER_SIZE) this.output.push(...bytes);
  }

  private defaults(): void {
    this.reporting = false;
    this.doubled = false;
    this.resolution = 2;
    this.rate = 100;
  }

  private setRate(rate: number): void {
    this.rate = rate;
    this.knock = [...this.knock, rate].slice(-3);
    const knocked = (pattern: number[]): boolean => pattern.every((value, i) => this.knock[i] === value);
    if (knocked(WHEEL_KNOCK)) this.id = 3;
    if (knocked(BUTTONS_KNOCK)) this.id = 4;
  }

  private command(value: number): void {
    switch (value) {
      case 0xe6:
      case 0xe7:
        this.doubled = value === 0xe7;
        break;
      case 0xe8:
      case 0xf3:
        this.argumentOf = value;
        break;
      case 0xe9:
        this.answer(ACK, this.statusByte(), this.resolution, this.rate);
        return;
      case 0xea:
        this.remote = false;
        break;
      case 0xeb:
        this.answer(ACK);
        this.packet();
        return;
      case 0xec:
      case 0xee:
        this.wrap = value === 0xee;
        break;
      case 0xf0:
        this.remote = true;
        break;
      case 0xf2:
        this.answer(ACK, this.id);
        return;
      case 0xf4:
      case 0xf5:
        this.reporting = value === 0xf4;
        break;
      case 0xf6:
        this.defaults();
        break;
      case 0xfe:
        this.answer(this.last);
        return;
      case 0xff:
        this.reset();
        this.answer(ACK, 0xaa, 0x00);
        return;
      default:
        this.answer(ERROR);
        return;
    }
    this.answer(ACK);
  }

  private statusByte(): number {
    const { buttons } = this;
    const held = (buttons & 1 ? 4 : 0) | (buttons & 4 ? 2 : 0) | (buttons & 2 ? 1 : 0);
    return (this.remote ? 0x40 : 0) | (this.reporting ? 0x20 : 0) | (this.doubled ? 0x10 : 0) | held;
  }

  /** In stream mode: packets while there is motion to tell and room to tell it. */
  private stream(): void {
    if (!this.reporting || this.remote) return;
    while (this.output.length + 4 <= BUFFER_SIZE && this.hasNews()) this.packet();
  }

  private hasNews(): boolean {
    const wheel = this.id > 0 && this.dz !== 0;
    return this.dx !== 0 || this.dy !== 0 || wheel || this.buttons !== this.reported;
  }

  private packet(): void {
    const clamp = (value: number, low: number, high: number): number => Math.max(low, Math.min(high, value));
    const dx = clamp(this.dx, -255, 255);
    const dy = clamp(this.dy, -255, 255);
    const dz = clamp(this.dz, -8, 7);
    this.dx -= dx;
    this.dy -= dy;
    this.dz = this.id > 0 ? this.dz - dz : 0;
    this.reported = this.buttons;
    const bytes = [0x08 | (this.buttons & 7) | (dx < 0 ? 0x10 : 0) | (dy < 0 ? 0x20 : 0), dx & 0xff, dy & 0xff];
    if (this.id === 3) bytes.push(dz & 0xff);
    else if (this.id === 4) bytes.push((dz & 0x0f) | ((this.buttons & 0x18) << 1));
    this.answer(...bytes);
  }
}
