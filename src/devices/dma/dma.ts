// The two DMA controllers of a PC/AT and their page registers: channels 0 to 3 move bytes, 5 to 7 words.
// Source: PIIX3 data sheet (290550) sections 2.5.1 and 4.4 (ISA compatible DMA); IBM PC/AT Technical Reference.
import { BytePorts } from '../byte-ports.js';
import type { GuestMemory, PortDevice, Resettable, Snapshottable } from '../device.js';
import { restoreFields, saveFields, section } from '../snapshot-fields.js';
import { type DmaChannel, DmaController } from './dma-controller.js';

/** The page registers of the channels by port from 0x81 on; 0x8F is the refresh's. */
const FIRST_PAGE = 0x81;
const PAGES = new Map<number, readonly [controller: number, channel: number]>([
  ...[0x87, 0x83, 0x81, 0x82].map((port, channel) => [port, [0, channel]] as const),
  ...[0x8f, 0x8b, 0x89, 0x8a].map((port, channel) => [port, [1, channel]] as const),
]);

/**
 * DEVIATION, as in QEMU: channel 4, through which channels 0 to 3 get the bus, is open whatever its mode and mask say.
 */
export class Dma implements Snapshottable, Resettable {
  /** 16 ports at 0x00, 32 at 0xC0 (every second one), 15 at 0x81. */
  readonly bytePorts: PortDevice;
  readonly wordPorts: PortDevice;
  readonly pagePorts: PortDevice;
  private readonly controllers: readonly [DmaController, DmaController];
  /** Page registers that belong to no channel hold what is written: software waits by them. */
  private readonly spare = new Uint8Array(16);

  constructor(memory: GuestMemory) {
    const bytes = new DmaController(memory, 1);
    const words = new DmaController(memory, 2);
    this.controllers = [bytes, words];
    this.bytePorts = new BytePorts(
      16,
      (offset) => bytes.read(offset),
      (offset, value) => bytes.write(offset, value),
    );
    this.wordPorts = new BytePorts(
      32,
      (offset) => (offset & 1 ? 0xff : words.read(offset >> 1)),
      (offset, value) => {
        if (!(offset & 1)) words.write(offset >> 1, value);
      },
    );
    this.pagePorts = new BytePorts(
      15,
      (offset) => this.page(offset)[0],
      (offset, value) => this.page(offset).set([value]),
    );
  }

  /** 0 to 3, 5 to 7. */
  channel(number: number): DmaChannel {
    return this.controllers[number >> 2].channels[number & 3];
  }

  reset(): void {
    for (const controller of this.controllers) controller.reset();
    this.spare.fill(0);
  }

  save(): unknown {
    const [bytes, words] = this.controllers;
    return { ...saveFields(this, ['spare']), bytes: bytes.save(), words: words.save() };
  }

  restore(state: unknown): void {
    restoreFields(this, ['spare'], state);
    const [bytes, words] = this.controllers;
    bytes.restore(section(state, 'bytes'));
    words.restore(section(state, 'words'));
  }

  /** The byte that the page register at `offset` is. */
  private page(offset: number): Uint8Array {
    const place = PAGES.get(FIRST_PAGE + offset);
    if (!place) return this.spare.subarray(offset, offset + 1);
    const [controller, channel] = place;
    return this.controllers[controller].page.subarray(channel, channel + 1);
  }
}
