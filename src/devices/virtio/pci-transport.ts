// virtio over PCI: capabilities that say where the structures are, the structures, interrupts by MSI-X or INTx.
// Source: virtio 1.2, section 4.1 (modern devices alone; 4.1.4.x the structures), 3.1.1 (order of initialization).
import { hex } from '../../base/bytes.js';
import type { Log } from '../../base/log.js';
import { floating } from '../byte-ports.js';
import type { MmioDevice, Width } from '../device.js';
import {
  MSIX_BAR_SIZE,
  MSIX_CAPABILITY,
  MSIX_CAPABILITY_SIZE,
  MSIX_PENDING,
  Msix,
  type MsiTarget,
} from '../pci/msix.js';
import { PCI, PciFunction } from '../pci/pci-function.js';
import { restoreFields, saveFields, section } from '../snapshot-fields.js';
import { CommonConfig } from './common-config.js';
import type { Transport, VirtioDevice } from './virtio-device.js';

const VENDOR = 0x1af4;
const FIRST_DEVICE = 0x1040;
const CAPABILITY_VENDOR = 0x09;
const STRUCTURE = { COMMON: 1, NOTIFY: 2, ISR: 3, DEVICE: 4, PCI_ACCESS: 5 };
/** Where the structures lie behind BAR 4; each has 4 KiB. */
const AT = { COMMON: 0, ISR: 0x1000, DEVICE: 0x2000, NOTIFY: 0x3000, END: 0x4000 };
const PIECE = 0x1000;
const NOTIFY_MULTIPLIER = 4;
const MSIX_BAR = 1;
const STRUCTURE_BAR = 4;
const CAPABILITIES = 0x34;
const STATUS_CAPABILITIES = 0x10;
const ISR = { QUEUE: 1, CONFIG: 2 };

/** PCI class codes by device type. */
const CLASSES: Record<number, number> = { 1: 0x020000, 2: 0x010000, 3: 0x078000, 9: 0x000200 };
const CLASS_OTHER = 0x00ff00;

export class VirtioPci extends PciFunction implements Transport {
  private readonly common: CommonConfig;
  private readonly msix: Msix;
  private isr = 0;
  private warned = false;
  private readonly msixAt: number;
  private readonly windowAt: number;

  constructor(
    private readonly device: VirtioDevice,
    target: MsiTarget,
    private readonly log: Log,
  ) {
    super({
      vendor: VENDOR,
      device: FIRST_DEVICE + device.type,
      classCode: CLASSES[device.type] ?? CLASS_OTHER,
      revision: 1,
      subsystemVendor: VENDOR,
      subsystem: FIRST_DEVICE,
      interruptPin: 1,
    });
    this.msix = new Msix(device.queues.length + 1, target);
    this.common = new CommonConfig(device, this, () => this.resetDevice());
    this.addBar(MSIX_BAR, { kind: 'mmio', size: MSIX_BAR_SIZE, device: this.msix, name: 'msix' });
    this.addBar(STRUCTURE_BAR, { kind: 'mmio', size: AT.END, device: this.structures(), name: 'virtio' });
    this.preset(PCI.STATUS, 1, STATUS_CAPABILITIES);
    const chain = new CapabilityList((offset, bytes, value) => this.preset(offset, bytes, value));
    chain.structure(STRUCTURE.COMMON, AT.COMMON, PIECE);
    chain.structure(STRUCTURE.ISR, AT.ISR, PIECE);
    chain.structure(STRUCTURE.DEVICE, AT.DEVICE, PIECE);
    chain.structure(STRUCTURE.NOTIFY, AT.NOTIFY, PIECE, NOTIFY_MULTIPLIER);
    this.windowAt = chain.structure(STRUCTURE.PCI_ACCESS, 0, 0, 0);
    this.allow(this.windowAt + 4, 1, 0xff);
    this.allow(this.windowAt + 8, 4, 0xffffffff);
    this.allow(this.windowAt + 12, 4, 0xffffffff);
    this.allow(this.windowAt + 16, 4, 0xffffffff);
    this.msixAt = chain.msix(device.queues.length + 1);
    this.allow(this.msixAt + 3, 1, 0xc0);
    device.attach(this);
  }

  signalQueue(index: number): void {
    this.interrupt(this.device.queues[index].vector, ISR.QUEUE);
  }

  signalConfig(): void {
    this.common.configChanged();
    this.interrupt(this.common.configVector, ISR.CONFIG);
  }

  needsReset(reason: string): void {
    const was = this.common.running;
    this.common.setNeedsReset();
    const line = `virtio device ${this.device.type}: ${reason}; the device stops until it is reset`;
    // a guest may break the rules for ever: the person at the console hears of it once
    if (!this.warned) this.log.warn(line);
    else this.log.trace('device', line);
    this.warned = true;
    if (was) this.signalConfig();
  }

  override reset(): void {
    super.reset();
    this.resetDevice();
    this.msix.reset();
  }

  override save(): unknown {
    return {
      ...(super.save() as object),
      ...saveFields(this, ['isr']),
      common: this.common.save(),
      msix: this.msix.save(),
      device: this.device.save(),
    };
  }

  override restore(state: unknown): void {
    super.restore(state);
    restoreFields(this, ['isr'], state);
    this.msix.restore(section(state, 'msix'));
    this.common.restore(section(state, 'common'));
    this.device.restore(section(state, 'device'));
  }

  /** The capability that reaches the structures through configuration space, section 4.1.4.9. */
  override readConfig(offset: number, width: Width): number {
    const data = this.windowAt + 16;
    if (offset <= data + 3 && offset + width > data) {
      const window = this.window();
      if (window) this.fill(data, window.width, this.structureRead(window.at, window.width));
    }
    return super.readConfig(offset, width);
  }

  protected override configWritten(first: number, end: number): void {
    if (first <= this.msixAt + 3 && end > this.msixAt + 3) {
      this.msix.setControl(this.config[this.msixAt + 3]);
      if (this.msix.enabled) this.setInterrupt(false);
    }
    const data = this.windowAt + 16;
    if (first <= data + 3 && end > data) {
      const window = this.window();
      if (window) this.structureWrite(window.at, window.width, super.readConfig(data, window.width));
    }
  }

  private window(): { at: number; width: Width } | undefined {
    const bar = this.config[this.windowAt + 4];
    const at = super.readConfig(this.windowAt + 8, 4);
    const width = super.readConfig(this.windowAt + 12, 4);
    if (bar !== STRUCTURE_BAR || (width !== 1 && width !== 2 && width !== 4) || at + width > AT.END) return undefined;
    return { at, width };
  }

  private fill(offset: number, bytes: number, value: number): void {
    for (let i = 0; i < bytes; i++) this.config[offset + i] = value >>> (8 * i);
  }

  private resetDevice(): void {
    this.common.reset();
    this.device.reset();
    this.isr = 0;
    this.setInterrupt(false);
  }

  private interrupt(vector: number, cause: number): void {
    if (this.msix.enabled) {
      this.msix.fire(vector);
      return;
    }
    this.isr |= cause;
    this.setInterrupt(true);
  }

  private structures(): MmioDevice {
    return {
      readMmio: (offset, width) => this.structureRead(offset, width),
      writeMmio: (offset, width, value) => this.structureWrite(offset, width, value),
    };
  }

  private structureRead(offset: number, width: Width): number {
    if (offset < AT.ISR) return this.common.read(offset, width);
    if (offset < AT.DEVICE) return offset === AT.ISR ? this.takeIsr() : 0;
    if (offset < AT.NOTIFY) return littleEndian(this.device.config, offset - AT.DEVICE, width);
    return floating(width);
  }

  private structureWrite(offset: number, width: Width, value: number): void {
    if (offset < AT.ISR) this.common.write(offset, width, value);
    else if (offset >= AT.NOTIFY) this.notify((offset - AT.NOTIFY) / NOTIFY_MULTIPLIER);
    else if (offset >= AT.DEVICE) this.device.writeConfig(offset - AT.DEVICE, width, value);
  }

  private takeIsr(): number {
    const { isr } = this;
    this.isr = 0;
    this.setInterrupt(false);
    return isr;
  }

  private notify(index: number): void {
    if (!this.common.running || !Number.isInteger(index)) return;
    if (this.log.on.device) this.log.trace('device', `virtio ${this.device.type}: queue ${hex(index)} notified`);
    this.device.notify(index);
  }
}

function littleEndian(bytes: Uint8Array, offset: number, width: Width): number {
  let value = 0;
  for (let i = 0; i < width; i++) value |= (bytes[offset + i] ?? 0) << (8 * i);
  return value >>> 0;
}

/** Writes capabilities one behind the other, each linked from the one before. */
class CapabilityList {
  private link = CAPABILITIES;
  private next = 0x40;

  constructor(private readonly preset: (offset: number, bytes: number, value: number) => void) {}

  /** Section 4.1.4; the value is where the capability lies. */
  structure(kind: number, offset: number, length: number, more?: number): number {
    const size = kind === STRUCTURE.PCI_ACCESS ? 20 : more === undefined ? 16 : 20;
    const at = this.add(CAPABILITY_VENDOR, size);
    this.preset(at + 2, 1, size);
    this.preset(at + 3, 1, kind);
    this.preset(at + 4, 1, STRUCTURE_BAR);
    this.preset(at + 8, 4, offset);
    this.preset(at + 12, 4, length);
    if (more !== undefined) this.preset(at + 16, 4, more);
    return at;
  }

  msix(vectors: number): number {
    const at = this.add(MSIX_CAPABILITY, MSIX_CAPABILITY_SIZE);
    this.preset(at + 2, 2, vectors - 1);
    this.preset(at + 4, 4, MSIX_BAR);
    this.preset(at + 8, 4, MSIX_PENDING | MSIX_BAR);
    return at;
  }

  private add(id: number, size: number): number {
    const at = this.next;
    this.preset(this.link, 1, at);
    this.preset(at, 1, id);
    this.link = at + 1;
    this.next = at + Math.ceil(size / 4) * 4;
    return at;
  }
}
