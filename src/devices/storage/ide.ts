// The IDE controller of the PIIX3: two channels at their ISA places, and a bus master for each behind BAR 4.
// Source: Intel 82371SB (PIIX3) data sheet, section 2.3 (PCI configuration, function 1).
import type { AtaDevice } from './ata-device.js';
import { BusMaster } from './bus-master.js';
import type { GuestMemory, IrqLine, PortDevice, Width } from '../device.js';
import { floating } from '../byte-ports.js';
import { IdeChannel } from './ide-channel.js';
import { PciFunction } from '../pci/pci-function.js';
import { section } from '../snapshot-fields.js';

const IDETIM = 0x40;
const DECODE_ENABLE = 0x8000;
const BUS_MASTER_BAR = 4;

type Drives = readonly [AtaDevice | undefined, AtaDevice | undefined];

export interface IdeOptions {
  memory: GuestMemory;
  /** IRQ 14 and 15. */
  irqs: readonly [IrqLine, IrqLine];
  primary?: Drives;
  secondary?: Drives;
}

const NONE: Drives = [undefined, undefined];

export class Ide extends PciFunction {
  /** Command block at 0x1F0, control port at 0x3F6. */
  readonly primary: IdeChannel;
  /** Command block at 0x170, control port at 0x376. */
  readonly secondary: IdeChannel;

  constructor({ memory, irqs, primary = NONE, secondary = NONE }: IdeOptions) {
    // Programming interface: bus master, both channels fixed at the ISA places.
    super({ vendor: 0x8086, device: 0x7010, classCode: 0x010180 });
    // DEVIATION: decoding is on after reset, for kernels booted without firmware.
    this.preset(IDETIM, 4, DECODE_ENABLE * 0x10001);
    this.allow(IDETIM, 4, 0xffffffff);
    this.allow(0x44, 1, 0xff);
    this.primary = new IdeChannel(primary, new BusMaster(memory), irqs[0]);
    this.secondary = new IdeChannel(secondary, new BusMaster(memory), irqs[1]);
    this.addBar(BUS_MASTER_BAR, { kind: 'io', size: 16, ports: this.busMasterPorts(), name: 'ide-dma' });
  }

  override reset(): void {
    super.reset();
    this.primary.reset();
    this.secondary.reset();
  }

  override save(): unknown {
    return { ...(super.save() as object), primary: this.primary.save(), secondary: this.secondary.save() };
  }

  override restore(state: unknown): void {
    super.restore(state);
    this.primary.restore(section(state, 'primary'));
    this.secondary.restore(section(state, 'secondary'));
  }

  private busMasterPorts(): PortDevice {
    const of = (offset: number): PortDevice => (offset < 8 ? this.primary : this.secondary).busMaster.ports;
    return {
      readPort: (offset: number, width: Width) =>
        offset < 16 ? of(offset).readPort(offset & 7, width) : floating(width),
      writePort: (offset: number, width: Width, value: number) => {
        if (offset < 16) of(offset).writePort(offset & 7, width, value);
      },
    };
  }
}
