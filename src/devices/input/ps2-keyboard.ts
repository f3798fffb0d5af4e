// The AT keyboard behind the controller: its commands, its scan code set, its bounded buffer.
// Source: IBM PS/2 Hardware Interface Technical Reference, "Keyboards (101/102-key)".
import type { Resettable, Snapshottable } from '../device.js';
import { type KeyCode, scancodes } from './ps2-scancodes.js';
import { restoreFields, saveFields } from '../snapshot-fields.js';

const ACK = 0xfa;
const RESEND = 0xfe;
const SELF_TEST_PASSED = 0xaa;
/** Room for keys; answers to commands may use a little more. */
const BUFFER_SIZE = 64;
const ANSWER_SIZE = 16;
const FIELDS = ['enabled', 'set', 'leds', 'argumentOf', 'last', 'output'];

export class Ps2Keyboard implements Snapshottable, Resettable {
  leds = 0;
  /** Bytes that wait for the controller. */
  output: number[] = [];
  private enabled = true;
  private set: 1 | 2 = 2;
  /** The command whose argument comes next; 0: none. */
  private argumentOf = 0;
  private last = 0;

  /** A key goes down or up. False: the buffer has no room, try again later. Keys of a disabled keyboard are lost. */
  key(key: KeyCode, down: boolean): boolean {
    if (!this.enabled) return true;
    const bytes = scancodes(this.set, key, down);
    if (this.output.length + bytes.length > BUFFER_SIZE) return false;
    this.output.push(...bytes);
    return true;
  }

  /** The next byte for the controller. */
  take(): number {
    this.last = this.output.shift() ?? 0;
    return this.last;
  }

  write(value: number): void {
    if (this.argumentOf !== 0) {
      const command = this.argumentOf;
      this.argumentOf = 0;
      // A value with bit 7 is a new command, not an argument.
      if (value < 0x80) {
        this.argument(command, value);
        return;
      }
    }
    this.command(value);
  }

  reset(): void {
    this.set = 2;
    this.enabled = true;
    this.leds = 0;
    this.argumentOf = 0;
    this.last = 0;
    this.output = [];
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

  private command(value: number): void {
    switch (value) {
      case 0xed:
      case 0xf0:
      case 0xf3:
        this.argumentOf = value;
        this.answer(ACK);
        break;
      case 0xee:
        this.answer(0xee);
        break;
      case 0xf2:
        this.answer(ACK, 0xab, 0x83);
        break;
      case 0xf4:
        this.output = [];
        this.enabled = true;
        this.answer(ACK);
        break;
      case 0xf5:
      case 0xf6:
        this.output = [];
        this.set = 2;
        this.enabled = value === 0xf6;
        this.answer(ACK);
        break;
      case 0xfe:
        this.answer(this.last);
        break;
      case 0xff:
        this.reset();
        this.answer(ACK, SELF_TEST_PASSED);
        break;
      default:
        this.answer(RESEND);
    }
  }

  private argument(command: number, value: number): void {
    if (command === 0xed) {
      this.leds = value & 7;
      this.answer(ACK);
    } else if (command === 0xf3) {
      // The rate of repetition is the host keyboard's own.
      this.answer(ACK);
    } else if (value === 0) this.answer(ACK, this.set);
    else if (value === 1 || value === 2) {
      this.set = value;
      this.answer(ACK);
    } else this.answer(RESEND);
  }
}
