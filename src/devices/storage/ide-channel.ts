// One IDE channel: a master and a slave behind one set of registers, one interrupt line, one bus master.
// Source: ATA/ATAPI-6 (T13/1410D) chapter 7, section 9.2 (software reset); PIIX3 data sheet section 2.7.
import { type AtaDevice, REG, STATUS } from './ata-device.js';
import type { BusMaster } from './bus-master.js';
import { BytePorts, floating } from '../byte-ports.js';
import type { IrqLine, PortDevice, Resettable, Snapshottable, StringPortDevice, Width } from '../device.js';
import { restoreFields, saveFields, section } from '../snapshot-fields.js';

const CONTROL = { NO_INTERRUPT: 0x02, RESET: 0x04, HIGH_ORDER: 0x80 };
const SLAVE = 0x10;
const ALWAYS_ONE = 0xa0;
const DIAGNOSTIC = 0x90;
const FIELDS = ['select', 'control', 'asserted'];

export class IdeChannel implements Snapshottable, Resettable {
  /** 8 ports: the command block. */
  readonly ports: StringPortDevice = {
    readPort: (offset, width) => this.read(offset, width),
    writePort: (offset, width, value) => this.write(offset, width, value),
    readPortString: (offset, width, data) => this.readString(offset, width, data),
    writePortString: (offset, width, data) => this.writeString(offset, width, data),
  };
  /** 1 port: alternate status and device control. */
  readonly controlPort: PortDevice = new BytePorts(
    1,
    () => this.status(),
    (_, value) => this.writeControl(value),
  );

  private select = 0;
  private control = 0;
  private asserted = false;
  private readonly present: readonly AtaDevice[];

  constructor(
    private readonly devices: readonly [AtaDevice | undefined, AtaDevice | undefined],
    readonly busMaster: BusMaster,
    private readonly irq: IrqLine,
  ) {
    this.present = devices.filter((device) => device !== undefined);
    for (const device of this.present) device.changed = () => this.update();
    busMaster.started = () => this.tryDma();
  }

  reset(): void {
    for (const device of this.present) device.reset();
    this.busMaster.reset();
    this.select = 0;
    this.control = 0;
    this.update();
  }

  save(): unknown {
    return {
      ...saveFields(this, FIELDS),
      busMaster: this.busMaster.save(),
      devices: this.devices.map((device) => device?.save() ?? {}),
    };
  }

  restore(state: unknown): void {
    const saved = section(state, 'devices');
    this.devices.forEach((device, index) => {
      device?.restore(section(saved, String(index)));
    });
    this.busMaster.restore(section(state, 'busMaster'));
    restoreFields(this, FIELDS, state);
    this.irq.set(this.asserted);
  }

  private get selected(): AtaDevice | undefined {
    return this.devices[this.select & SLAVE ? 1 : 0];
  }

  private update(): void {
    const device = this.selected;
    const asserted = device?.interrupt === true && !(this.control & CONTROL.NO_INTERRUPT);
    if (asserted && !this.asserted) this.busMaster.deviceInterrupt();
    this.asserted = asserted;
    this.irq.set(asserted);
  }

  /** A missing device leaves the bus at zero, so that a driver finds neither a signature nor a busy device. */
  private status(): number {
    if (!this.selected) return 0;
    return this.control & CONTROL.RESET ? STATUS.BSY : this.selected.status;
  }

  private read(offset: number, width: Width): number {
    if (offset === 0) return this.readData(width);
    let value = 0;
    for (let i = 0; i < width; i++) value |= (offset + i < 8 ? this.readByte(offset + i) : 0xff) << (8 * i);
    return value >>> 0;
  }

  private readByte(offset: number): number {
    const device = this.selected;
    if (!device) return 0;
    if (offset === REG.STATUS) {
      const status = this.status();
      device.interrupt = false;
      this.update();
      return status;
    }
    if (offset === REG.DEVICE) return (device.select & 0x4f) | ALWAYS_ONE | (this.select & SLAVE);
    return device.readRegister(offset, (this.control & CONTROL.HIGH_ORDER) !== 0);
  }

  private write(offset: number, width: Width, value: number): void {
    if (offset === 0) {
      const data = new Uint8Array(width);
      for (let i = 0; i < width; i++) data[i] = value >>> (8 * i);
      this.writeString(0, width, data);
      return;
    }
    for (let i = 0; i < width && offset + i < 8; i++) this.writeByte(offset + i, (value >>> (8 * i)) & 0xff);
  }

  private writeByte(offset: number, value: number): void {
    this.control &= ~CONTROL.HIGH_ORDER;
    if (offset === REG.STATUS) {
      this.command(value);
      return;
    }
    // Both devices listen to every register but the command register.
    for (const device of this.present) device.writeRegister(offset, value);
    if (offset === REG.DEVICE) {
      this.select = value;
      this.update();
    }
  }

  private command(code: number): void {
    if (this.control & CONTROL.RESET) return;
    if (code === DIAGNOSTIC) {
      // Executed by both; the master answers.
      for (const device of this.present) device.command(code);
      this.select &= ~SLAVE;
      this.update();
      return;
    }
    this.selected?.command(code);
    this.tryDma();
  }

  /** Moves data once the device waits for it and the engine runs, whichever comes last. */
  private tryDma(): void {
    const device = this.selected;
    if (!device || device.dma === 'none' || !this.busMaster.active) return;
    if ((device.dma === 'in') === this.busMaster.toMemoryDirection) device.runDma(this.busMaster);
  }

  private writeControl(value: number): void {
    const released = (this.control & ~value & CONTROL.RESET) !== 0;
    this.control = value;
    if (released) {
      for (const device of this.present) device.reset();
      this.select = 0;
    }
    this.update();
  }

  private readData(width: Width): number {
    const device = this.selected;
    if (!device) return floating(width);
    const data = new Uint8Array(width);
    device.readData(data);
    let value = 0;
    for (let i = 0; i < width; i++) value |= data[i] << (8 * i);
    return value >>> 0;
  }

  private readString(offset: number, width: Width, data: Uint8Array): void {
    if (offset === 0 && this.selected) {
      this.selected.readData(data);
      return;
    }
    for (let at = 0; at + width <= data.length; at += width) {
      const value = this.read(offset, width);
      for (let i = 0; i < width; i++) data[at + i] = value >>> (8 * i);
    }
  }

  private writeString(offset: number, width: Width, data: Uint8Array): void {
    if (offset === 0) {
      this.selected?.writeData(data);
      // The packet of an ATAPI command may have begun a DMA transfer.
      this.tryDma();
      return;
    }
    for (let at = 0; at + width <= data.length; at += width) {
      let value = 0;
      for (let i = 0; i < width; i++) value |= data[at + i] << (8 * i);
      this.write(offset, width, value >>> 0);
    }
  }
}
