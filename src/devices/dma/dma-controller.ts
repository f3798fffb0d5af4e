// One 8237A DMA controller: four channels that move bytes (or words) between a device and memory, by what software has programmed.
// Source: Intel 8237A data sheet (231466).
import type { GuestMemory } from '../device.js';
import { restoreFields, saveFields } from '../snapshot-fields.js';

const CHANNELS = 4;
/** Registers behind the channels' own. */
const REG = { STATUS: 8, REQUEST: 9, MASK: 10, MODE: 11, FLIP_FLOP: 12, CLEAR: 13, UNMASK: 14, MASKS: 15 };
const COMMAND_DISABLE = 0x04;
const MODE = { KIND: 0x0c, WRITE: 0x04, READ: 0x08, AUTO: 0x10, DOWN: 0x20 };

const FIELDS = [
  ...['baseAddress', 'baseCount', 'address', 'count', 'mode', 'page'],
  ...['mask', 'requests', 'reached', 'command', 'highByte'],
];

/** A device's end of a channel. */
export class DmaChannel {
  /** The terminal count (TC) came with the last byte that has been moved. */
  ended = false;
  /** Called when software lets the channel go on. */
  ready: () => void = () => {};

  constructor(
    private readonly controller: DmaController,
    private readonly index: number,
  ) {}

  /** Moves bytes from the device to memory; returns how many, less than all at the terminal count, or when the channel is masked. */
  toMemory(bytes: Uint8Array): number {
    return this.controller.move(this, this.index, bytes, 'to memory');
  }

  /** Fills `bytes` from memory, as far as the count goes. */
  fromMemory(bytes: Uint8Array): number {
    return this.controller.move(this, this.index, bytes, 'from memory');
  }
}

/**
 * DEVIATION: there is no transfer from memory to memory and no request by software, which PCs have no use for; the time of day that command and
 * mode registers choose (compressed, rotating, single or block) makes no difference, as a transfer takes none.
 */
export class DmaController {
  readonly channels: readonly DmaChannel[];
  readonly page = new Uint8Array(CHANNELS);
  private readonly baseAddress = new Uint16Array(CHANNELS);
  private readonly baseCount = new Uint16Array(CHANNELS);
  private readonly address = new Uint16Array(CHANNELS);
  /** Transfers that are left, less one. */
  private readonly count = new Uint16Array(CHANNELS);
  private readonly mode = new Uint8Array(CHANNELS);
  private mask = 0x0f;
  private requests = 0;
  /** Channels that have reached their terminal count since the status was read. */
  private reached = 0;
  private command = 0;
  /** Which byte of a 16-bit register comes next. */
  private highByte = false;

  /** `width`: 1 for bytes, 2 for words, whose addresses count words. */
  constructor(
    private readonly memory: GuestMemory,
    private readonly width: 1 | 2,
  ) {
    this.channels = Array.from({ length: CHANNELS }, (_, index) => new DmaChannel(this, index));
  }

  reset(): void {
    this.clear();
    for (const registers of [this.baseAddress, this.baseCount, this.address, this.count, this.mode, this.page])
      registers.fill(0);
  }

  save(): unknown {
    return { ...saveFields(this, FIELDS), ended: this.channels.map((channel) => channel.ended) };
  }

  restore(state: unknown): void {
    restoreFields(this, FIELDS, state);
    const { ended } = state as { ended?: unknown };
    this.channels.forEach((channel, i) => {
      channel.ended = Array.isArray(ended) && ended[i] === true;
    });
  }

  read(register: number): number {
    if (register < 2 * CHANNELS) {
      const value = register & 1 ? this.count[register >> 1] : this.address[register >> 1];
      return (value >> this.takeShift()) & 0xff;
    }
    if (register === REG.STATUS) {
      const status = this.reached | (this.requests << 4);
      this.reached = 0;
      return status;
    }
    return register === REG.CLEAR ? 0 : 0xff;
  }

  write(register: number, value: number): void {
    if (register < 2 * CHANNELS) this.writeChannel(register, value);
    else this.writeControl(register, value);
  }

  /** As DmaChannel.toMemory and fromMemory. */
  move(channel: DmaChannel, index: number, bytes: Uint8Array, direction: 'to memory' | 'from memory'): number {
    channel.ended = false;
    const { width } = this;
    if (this.isMasked(index)) return 0;
    let done = 0;
    while (done < bytes.length && !channel.ended) {
      const units = Math.min(Math.ceil((bytes.length - done) / width), this.count[index] + 1, this.unitsToWrap(index));
      const piece = bytes.subarray(done, done + units * width);
      this.movePiece(index, piece, direction);
      done += piece.length;
      this.address[index] += this.mode[index] & MODE.DOWN ? -units : units;
      channel.ended = units > this.count[index];
      this.count[index] -= units;
      if (channel.ended) this.end(index);
    }
    return done;
  }

  private isMasked(index: number): boolean {
    return (this.command & COMMAND_DISABLE) !== 0 || (this.mask & (1 << index)) !== 0;
  }

  /** The page stays as it is: addresses go round in 64 Ki units. */
  private unitsToWrap(index: number): number {
    return this.mode[index] & MODE.DOWN ? this.address[index] + 1 : 0x10000 - this.address[index];
  }

  private movePiece(index: number, piece: Uint8Array, direction: 'to memory' | 'from memory'): void {
    const kind = this.mode[index] & MODE.KIND;
    const down = (this.mode[index] & MODE.DOWN) !== 0;
    const lowest = this.address[index] - (down ? Math.ceil(piece.length / this.width) - 1 : 0);
    const at = this.width === 1 ? this.page[index] * 0x10000 + lowest : (this.page[index] >> 1) * 0x20000 + lowest * 2;
    if (direction === 'to memory') {
      // Programmed for another direction, or to verify: the device gives its bytes to nobody.
      if (kind === MODE.WRITE) this.memory.write(at, down ? turned(piece, this.width) : piece);
    } else if (kind === MODE.READ) {
      this.memory.read(at, piece);
      if (down) piece.set(turned(piece, this.width));
    } else piece.fill(0xff);
  }

  private end(index: number): void {
    this.reached |= 1 << index;
    if (this.mode[index] & MODE.AUTO) {
      this.address[index] = this.baseAddress[index];
      this.count[index] = this.baseCount[index];
    } else this.mask |= 1 << index;
  }

  private takeShift(): number {
    const shift = this.highByte ? 8 : 0;
    this.highByte = !this.highByte;
    return shift;
  }

  private writeChannel(register: number, value: number): void {
    const index = register >> 1;
    const shift = this.takeShift();
    const [base, current] = register & 1 ? [this.baseCount, this.count] : [this.baseAddress, this.address];
    base[index] = (base[index] & ~(0xff << shift)) | (value << shift);
    current[index] = base[index];
  }

  private writeControl(register: number, value: number): void {
    const bit = 1 << (value & 3);
    switch (register) {
      case REG.STATUS:
        this.command = value;
        break;
      case REG.REQUEST:
        this.requests = value & 4 ? this.requests | bit : this.requests & ~bit;
        break;
      case REG.MASK:
        this.mask = value & 4 ? this.mask | bit : this.mask & ~bit;
        break;
      case REG.MODE:
        this.mode[value & 3] = value;
        break;
      case REG.FLIP_FLOP:
        this.highByte = false;
        break;
      case REG.CLEAR:
        this.clear();
        break;
      case REG.UNMASK:
        this.mask = 0;
        break;
      case REG.MASKS:
        this.mask = value & 0x0f;
        break;
    }
    for (const [index, channel] of this.channels.entries()) if (!this.isMasked(index)) channel.ready();
  }

  /** Master clear, which is what a reset does. */
  private clear(): void {
    this.command = 0;
    this.requests = 0;
    this.reached = 0;
    this.highByte = false;
    this.mask = 0x0f;
  }
}

/** The units of `bytes` in the opposite order. */
function turned(bytes: Uint8Array, width: number): Uint8Array {
  const other = new Uint8Array(bytes.length);
  for (let at = 0; at < bytes.length; at++) {
    const unit = Math.floor(at / width);
    const to = bytes.length - (unit + 1) * width + (at % width);
    if (to >= 0) other[to] = bytes[at];
  }
  return other;
}
