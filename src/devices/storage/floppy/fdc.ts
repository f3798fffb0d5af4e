// The floppy controller of a PC/AT, an 82077AA with up to two drives: registers, phases, interrupts, and the commands that move no data.
// Source: Intel 82077AA data sheet (290166), chapters 2 (registers, AT mode), 4 (phases), 5 (commands).
import { BytePorts } from '../../byte-ports.js';
import type { IrqLine, PortDevice, Resettable, Snapshottable } from '../../device.js';
import type { DmaChannel } from '../../dma/dma-controller.js';
import { restoreFields, saveFields, section } from '../../snapshot-fields.js';
import type { BlockBackend } from '../block-backend.js';
import { commandOf, type FloppyCommand, STATUS_0, STATUS_3 } from './floppy-commands.js';
import { FloppyDrive } from './floppy-drive.js';
import { FloppyTransfer } from './floppy-transfer.js';

const REG = { DOR: 2, TAPE: 3, STATUS: 4, DATA: 5 };
const DOR = { SELECT: 0x03, RUN: 0x04 };
const RATE_SELECT = { RATE: 0x03, RESET: 0x80 };
const MAIN = { READY: 0x80, TO_HOST: 0x40, NO_DMA: 0x20, BUSY: 0x10 };
const CHANGED = 0x80;
const UNITS = 4;
const VERSION_82077 = 0x90;
/** Of the second byte of CONFIGURE: no interrupts for drives that have become ready, as at each reset. */
const NO_POLL = 0x10;
/** CONFIGURE after a reset: no implied seeks, no FIFO, polling. */
const CONFIGURATION = [0x20, 0];
const NO_DMA = 0x01;

const FIELDS = [
  ...['dor', 'tape', 'rate', 'phase', 'bytes', 'result', 'waiting', 'interrupt', 'specified', 'configuration'],
  ...['again', 'locked', 'perpendicular', 'lastSector'],
];
const DRIVE_FIELDS = ['track', 'changed', 'seen'];

export interface FloppyControllerOptions {
  irq: IrqLine;
  dma: DmaChannel;
  /** The disks in drives A and B; none: there is no drive. Their sizes have a format (floppy-format.ts). */
  disks: readonly (BlockBackend | undefined)[];
}

export class FloppyController implements Snapshottable, Resettable {
  /** 6 ports at 0x3F0, and one at 0x3F7. In AT mode there is nothing at the first two. */
  readonly ports: PortDevice = new BytePorts(
    6,
    (offset) => this.readRegister(offset),
    (offset, value) => this.writeRegister(offset, value),
  );
  readonly changePort: PortDevice = new BytePorts(
    1,
    () => (this.drives[this.dor & DOR.SELECT]?.changed === false ? 0 : CHANGED),
    (_, value) => {
      this.rate = value & RATE_SELECT.RATE;
    },
  );

  private readonly drives: readonly (FloppyDrive | undefined)[];
  private readonly transfer: FloppyTransfer;
  private dor = 0;
  private tape = 0;
  private rate = 0;
  private phase = 'command';
  /** Of the command that is being given. */
  private bytes: number[] = [];
  /** What is left of the result. */
  private result: number[] = [];
  /** ST0 of what SENSE INTERRUPT is still to tell, a drive each. */
  private waiting: number[] = [];
  private interrupt = false;
  /** There is more to tell behind the result at hand. */
  private again = false;
  /** What SPECIFY, CONFIGURE and PERPENDICULAR have set, as DUMPREG gives it back. */
  private specified = [0, 0];
  private configuration = [...CONFIGURATION];
  private locked = false;
  private perpendicular = 0;
  /** EOT of the last command. */
  private lastSector = 0;

  constructor(private readonly options: FloppyControllerOptions) {
    this.drives = options.disks.map((disk) => disk && new FloppyDrive(disk));
    this.transfer = new FloppyTransfer({
      drive: (unit) => this.drives[unit],
      dma: options.dma,
      done: (result) => {
        this.give(result);
        this.waiting = this.waiting.filter(isSeek);
        this.setInterrupt(true);
      },
    });
    options.dma.ready = () => this.runDma();
  }

  /** Of the machine: the controller stays in reset until software lets it run. */
  reset(): void {
    this.dor = 0;
    this.tape = 0;
    this.rate = 0;
    this.locked = false;
    this.perpendicular = 0;
    this.specified = [0, 0];
    this.lastSector = 0;
    for (const drive of this.drives) if (drive) Object.assign(drive, { track: 0, changed: true, seen: 0 });
    this.stop();
    this.waiting = [];
  }

  save(): unknown {
    return {
      ...saveFields(this, FIELDS),
      transfer: this.transfer.save(),
      drives: this.drives.map((drive) => (drive ? saveFields(drive, DRIVE_FIELDS) : null)),
    };
  }

  restore(state: unknown): void {
    restoreFields(this, FIELDS, state);
    this.transfer.restore(section(state, 'transfer'));
    const drives = section(state, 'drives');
    this.drives.forEach((drive, i) => {
      if (drive) restoreFields(drive, DRIVE_FIELDS, section(drives, String(i)));
    });
    this.options.irq.set(this.interrupt);
  }

  private readRegister(offset: number): number {
    switch (offset) {
      case REG.DOR:
        return this.dor;
      case REG.TAPE:
        return this.tape;
      case REG.STATUS:
        return this.mainStatus();
      case REG.DATA:
        return this.readData();
      default:
        return 0xff;
    }
  }

  private writeRegister(offset: number, value: number): void {
    switch (offset) {
      case REG.DOR: {
        const started = value & ~this.dor & DOR.RUN;
        this.dor = value;
        if (!(value & DOR.RUN)) this.stop();
        else if (started) this.begin();
        break;
      }
      case REG.TAPE:
        this.tape = value & 3;
        break;
      case REG.STATUS:
        this.rate = value & RATE_SELECT.RATE;
        if (value & RATE_SELECT.RESET && this.running) {
          this.stop();
          this.begin();
        }
        break;
      case REG.DATA:
        this.writeData(value);
        break;
    }
  }

  private get running(): boolean {
    return (this.dor & DOR.RUN) !== 0;
  }

  private mainStatus(): number {
    if (!this.running) return 0;
    switch (this.phase) {
      case 'command':
        return MAIN.READY | (this.bytes.length > 0 ? MAIN.BUSY : 0);
      case 'result':
        return MAIN.READY | MAIN.TO_HOST | MAIN.BUSY;
      default: {
        const direction = this.transfer.direction === 'in' ? MAIN.TO_HOST : 0;
        return MAIN.BUSY | (this.byFifo ? MAIN.READY | MAIN.NO_DMA | direction : 0);
      }
    }
  }

  /** The processor moves the data. */
  private get byFifo(): boolean {
    return (this.specified[1] & NO_DMA) !== 0;
  }

  private stop(): void {
    this.transfer.reset();
    this.phase = 'command';
    this.bytes = [];
    this.result = [];
    if (!this.locked) this.configuration = [...CONFIGURATION];
    this.setInterrupt(false);
  }

  /** After a reset all four drives have become ready, says the poll of them. */
  private begin(): void {
    for (const drive of this.drives) if (drive) drive.track = 0;
    this.waiting = [];
    if (this.configuration[0] & NO_POLL) return;
    for (let unit = 0; unit < UNITS; unit++) this.waiting.push(STATUS_0.READY_CHANGED | unit);
    this.setInterrupt(true);
  }

  /** DEVIATION, as in QEMU: bit 3 of the DOR is no gate for interrupt and DMA. Kernels that know QEMU alone leave it closed. */
  private setInterrupt(level: boolean): void {
    this.interrupt = level;
    this.options.irq.set(level);
  }

  private readData(): number {
    if (!this.running) return 0xff;
    if (this.phase === 'execution' && this.byFifo && this.transfer.direction === 'in') {
      // The line falls between two bytes, so that each is an edge.
      this.setInterrupt(false);
      const byte = this.transfer.read();
      this.setInterrupt(true);
      return byte;
    }
    if (this.phase !== 'result') return 0xff;
    this.setInterrupt(false);
    const byte = this.result.shift() ?? 0xff;
    if (this.result.length > 0) return byte;
    this.phase = 'command';
    if (this.again) this.setInterrupt(true);
    return byte;
  }

  private writeData(value: number): void {
    if (!this.running) return;
    if (this.phase === 'execution' && this.byFifo && this.transfer.direction === 'out') {
      this.setInterrupt(false);
      this.transfer.write(value);
      this.setInterrupt(true);
      return;
    }
    if (this.phase !== 'command') return;
    this.bytes.push(value);
    const command = commandOf(this.bytes[0]);
    if (!command) this.give([STATUS_0.INVALID]);
    else if (this.bytes.length > command.parameters) this.execute(command);
  }

  /** The result phase begins, or with nothing to give the next command may. */
  private give(result: number[]): void {
    this.bytes = [];
    this.again = false;
    this.result = result;
    this.phase = result.length > 0 ? 'result' : 'command';
  }

  private runDma(): void {
    if (this.phase === 'execution' && !this.byFifo) this.transfer.runDma();
  }

  private execute({ name }: FloppyCommand): void {
    const [code, first, second] = this.bytes;
    switch (name) {
      case 'recalibrate':
        this.recalibrate(first & 3);
        break;
      case 'seek':
        this.seek(first & 3, second);
        break;
      case 'relative seek': {
        const from = this.drives[first & 3]?.track ?? 0;
        this.seek(first & 3, code & 0x40 ? from + second : from - second);
        break;
      }
      case 'sense interrupt':
        this.senseInterrupt();
        break;
      case 'sense drive':
        this.give([this.driveStatus(first)]);
        break;
      case 'specify':
        this.specified = [first, second];
        this.give([]);
        break;
      case 'configure':
        this.configuration = [second, this.bytes[3]];
        this.give([]);
        break;
      case 'perpendicular':
        this.perpendicular = first;
        this.give([]);
        break;
      case 'lock':
        this.locked = (code & 0x80) !== 0;
        this.give([this.locked ? 0x10 : 0]);
        break;
      case 'version':
        this.give([VERSION_82077]);
        break;
      case 'dump registers':
        this.give(this.registers());
        break;
      case 'read id':
        this.transfer.readId(code, first, this.rate);
        break;
      default:
        this.phase = 'execution';
        this.lastSector = name === 'format' ? this.bytes[3] : this.bytes[6];
        this.transfer.start(name, this.bytes, this.rate);
        if (this.transfer.direction === 'none') break;
        if (this.byFifo) this.setInterrupt(true);
        else this.runDma();
    }
  }

  /** A drive that is not there never says that its head is on track 0. */
  private recalibrate(unit: number): void {
    const drive = this.drives[unit];
    drive?.seek(0);
    this.tell(unit, drive ? STATUS_0.SEEK_END : STATUS_0.ABNORMAL | STATUS_0.SEEK_END | STATUS_0.EQUIPMENT);
  }

  private seek(unit: number, track: number): void {
    this.drives[unit]?.seek(track);
    this.tell(unit, STATUS_0.SEEK_END);
  }

  private tell(unit: number, status: number): void {
    this.waiting = this.waiting.filter((one) => isSeek(one) && (one & 3) !== unit);
    this.waiting.push(status | unit);
    this.give([]);
    this.setInterrupt(true);
  }

  private senseInterrupt(): void {
    const status = this.waiting.shift();
    this.setInterrupt(false);
    if (status === undefined) {
      this.give([STATUS_0.INVALID]);
      return;
    }
    this.give([status, this.drives[status & 3]?.track ?? 0]);
    this.again = this.waiting.some(isSeek);
  }

  private driveStatus(select: number): number {
    const drive = this.drives[select & 3];
    const always = STATUS_3.READY | STATUS_3.TWO_SIDES | (select & 7);
    return always | (drive?.readOnly ? STATUS_3.PROTECTED : 0) | (drive?.track === 0 ? STATUS_3.TRACK_0 : 0);
  }

  private registers(): number[] {
    const tracks = Array.from({ length: UNITS }, (_, unit) => this.drives[unit]?.track ?? 0);
    const flags = (this.locked ? 0x80 : 0) | (this.perpendicular & 0x3f);
    return [...tracks, ...this.specified, this.lastSector, flags, ...this.configuration];
  }
}

/** Not of a reset: what that has left to tell is forgotten with the next command that interrupts, and is no new interrupt. */
function isSeek(status: number): boolean {
  return (status & STATUS_0.READY_CHANGED) !== STATUS_0.READY_CHANGED;
}
