// An ATA hard disk: the commands of the general feature set, PIO and DMA, 28- and 48-bit addresses and CHS.
// Source: ATA/ATAPI-6 (T13/1410D) chapter 8; CHS commands from ATA-3 (X3T10/2008D).
import { AtaDevice, type DmaPort, ERROR, SECTOR, STATUS } from './ata-device.js';
import { type DriveNames, type Geometry, identifyDisk, MOST_MULTIPLE } from './ata-identify.js';
import { type BlockBackend, BlockError } from './block-backend.js';

const CHUNK_SECTORS = 128;
const HEADS = 16;
const SECTORS_PER_TRACK = 63;
/** A disk smaller than two cylinders says that it has two, as in QEMU: with none, no BIOS reads it by cylinders. */
const LEAST_CYLINDERS = 2;
const MOST_CYLINDERS = 16383;
const DEFAULT_MODE = 0x45;
const ACTIVE = 0xff;

type Address = 'short' | 'long';
interface Transfer {
  address: Address;
  write: boolean;
  how: 'pio' | 'multiple' | 'dma';
}

const TRANSFERS: ReadonlyMap<number, Transfer> = new Map<number, Transfer>([
  [0x20, { address: 'short', write: false, how: 'pio' }],
  [0x21, { address: 'short', write: false, how: 'pio' }],
  [0x24, { address: 'long', write: false, how: 'pio' }],
  [0x25, { address: 'long', write: false, how: 'dma' }],
  [0x29, { address: 'long', write: false, how: 'multiple' }],
  [0x30, { address: 'short', write: true, how: 'pio' }],
  [0x31, { address: 'short', write: true, how: 'pio' }],
  [0x34, { address: 'long', write: true, how: 'pio' }],
  [0x35, { address: 'long', write: true, how: 'dma' }],
  [0x39, { address: 'long', write: true, how: 'multiple' }],
  [0xc4, { address: 'short', write: false, how: 'multiple' }],
  [0xc5, { address: 'short', write: true, how: 'multiple' }],
  [0xc8, { address: 'short', write: false, how: 'dma' }],
  [0xc9, { address: 'short', write: false, how: 'dma' }],
  [0xca, { address: 'short', write: true, how: 'dma' }],
  [0xcb, { address: 'short', write: true, how: 'dma' }],
]);

const OWN_FIELDS = ['lba', 'remaining', 'block', 'long', 'writing', 'multiple', 'writeCache', 'mode', 'heads', 'track'];

export class AtaDisk extends AtaDevice {
  protected readonly idleStatus = STATUS.DRDY | STATUS.DSC;
  private readonly sectors: number;
  private readonly geometry: Geometry;
  /** Where the transfer is, and what is left of it. */
  private lba = 0;
  private remaining = 0;
  /** Sectors between two interrupts. */
  private block = 1;
  private long = false;
  private writing = false;
  /** Sectors of a block of READ MULTIPLE; set from power-on, as kernels use the mode only where firmware has set it. */
  private multiple = MOST_MULTIPLE;
  private writeCache = true;
  private mode = DEFAULT_MODE;
  /** The geometry for CHS addresses. */
  private heads = HEADS;
  private track = SECTORS_PER_TRACK;

  constructor(
    private readonly storage: BlockBackend,
    private readonly names: DriveNames,
  ) {
    super();
    this.sectors = Math.floor(storage.size / SECTOR);
    this.geometry = geometryOf(this.sectors, HEADS, SECTORS_PER_TRACK);
    this.reset();
  }

  override reset(): void {
    super.reset();
    this.status = this.idleStatus;
    this.remaining = 0;
    this.multiple = MOST_MULTIPLE;
    this.heads = HEADS;
    this.track = SECTORS_PER_TRACK;
  }

  protected override ownFields(): readonly string[] {
    return OWN_FIELDS;
  }

  protected override setSignature(): void {
    this.signature(0, 0);
  }

  protected override execute(code: number): void {
    const transfer = TRANSFERS.get(code);
    if (transfer) this.transfer(transfer);
    else if (code >> 4 === 1 || code >> 4 === 7) this.succeed();
    else this.control(code);
  }

  private control(code: number): void {
    switch (code) {
      case 0x40:
      case 0x41:
      case 0x42:
        if (this.locate(code === 0x42 ? 'long' : 'short')) this.succeed();
        break;
      case 0x27:
        this.lba48 = this.sectors - 1;
        this.succeed();
        break;
      case 0xf8:
        this.setShort(Math.min(this.sectors, 0x0fffffff) - 1);
        this.succeed();
        break;
      case 0x90:
        this.setSignature();
        this.error = 0x01;
        this.succeed();
        break;
      case 0x91:
        this.initializeParameters();
        break;
      case 0xc6:
        this.setMultiple();
        break;
      case 0xe5:
        this.count = ACTIVE;
        this.succeed();
        break;
      case 0xe0:
      case 0xe1:
      case 0xe2:
      case 0xe3:
      case 0xe6:
        this.succeed();
        break;
      case 0xe7:
      case 0xea:
        if (this.guard(() => this.storage.flush())) this.succeed();
        break;
      case 0xec:
        this.buffer.set(this.identify());
        this.remaining = 0;
        this.offer(0, SECTOR);
        break;
      case 0xef:
        this.setFeatures();
        break;
      default:
        // SMART, security, host protected area and whatever else IDENTIFY does not announce.
        this.fail(ERROR.ABRT);
    }
  }

  protected override dataRead(): void {
    if (this.remaining > 0) this.readBlock();
    else this.status = this.idleStatus;
  }

  protected override dataWritten(): void {
    const count = Math.min(this.block, this.remaining);
    if (!this.guard(() => this.write(count))) return;
    if (this.remaining > 0) this.ask(Math.min(this.block, this.remaining) * SECTOR, true);
    else this.finish();
  }

  protected override transferDma(port: DmaPort): void {
    while (this.remaining > 0) {
      const count = Math.min(CHUNK_SECTORS, this.remaining);
      const bytes = this.buffer.subarray(0, count * SECTOR);
      if (!this.writing && !this.guard(() => this.read(count))) return;
      const moved = this.writing ? port.fromMemory(bytes) : port.toMemory(bytes);
      if (moved < bytes.length) {
        // The descriptors ended first: the device goes on asking, and nothing more happens until it is reset.
        this.dma = 'none';
        return;
      }
      if (this.writing && !this.guard(() => this.write(count))) return;
    }
    this.finish();
  }

  private transfer({ address, write, how }: Transfer): void {
    if (!this.locate(address)) return;
    if (write && this.storage.readOnly) {
      this.fail(ERROR.ABRT | ERROR.WP);
      return;
    }
    if (how === 'multiple' && this.multiple === 0) {
      this.fail(ERROR.ABRT);
      return;
    }
    this.writing = write;
    this.block = how === 'multiple' ? this.multiple : 1;
    if (how === 'dma') this.awaitDma(write ? 'out' : 'in');
    else if (write) this.ask(Math.min(this.block, this.remaining) * SECTOR, false);
    else this.readBlock();
  }

  /** Takes address and count from the task file. False: they are not on the disk, and the command has failed. */
  private locate(address: Address): boolean {
    this.long = address === 'long';
    this.remaining = this.long ? this.count || 65536 : this.count & 0xff || 256;
    this.lba = this.long ? this.lba48 : this.shortAddress();
    if (this.lba >= 0 && this.lba + this.remaining <= this.sectors) return true;
    this.remaining = 0;
    this.fail(ERROR.IDNF);
    return false;
  }

  private shortAddress(): number {
    const low = this.lbaLow & 0xff;
    const cylinder = (this.lbaMid & 0xff) | ((this.lbaHigh & 0xff) << 8);
    if (this.usesLba) return low + cylinder * 256 + this.head * 2 ** 24;
    if (low === 0 || low > this.track || this.head >= this.heads) return -1;
    return (cylinder * this.heads + this.head) * this.track + low - 1;
  }

  private setShort(lba: number): void {
    let low = lba & 0xff;
    let middle = (lba >>> 8) & 0xffff;
    let head = (lba >>> 24) & 15;
    if (!this.usesLba) {
      const tracks = Math.floor(lba / this.track);
      low = (lba % this.track) + 1;
      head = tracks % this.heads;
      middle = Math.floor(tracks / this.heads);
    }
    this.lbaLow = low;
    this.lbaMid = middle & 0xff;
    this.lbaHigh = (middle >> 8) & 0xff;
    this.head = head;
  }

  private showAddress(lba: number): void {
    if (this.long) this.lba48 = lba;
    else this.setShort(lba);
  }

  private readBlock(): void {
    const count = Math.min(this.block, this.remaining);
    if (this.guard(() => this.read(count))) this.offer(0, count * SECTOR);
  }

  private read(count: number): void {
    this.storage.read(this.lba * SECTOR, this.buffer.subarray(0, count * SECTOR));
    this.advance(count);
  }

  private write(count: number): void {
    this.storage.write(this.lba * SECTOR, this.buffer.subarray(0, count * SECTOR));
    if (!this.writeCache) this.storage.flush();
    this.advance(count);
  }

  private advance(count: number): void {
    this.lba += count;
    this.remaining -= count;
  }

  private finish(): void {
    this.count = 0;
    this.showAddress(this.lba - 1);
    this.succeed();
  }

  /** Does something to the storage. False: the host's storage failed, and so has the command. */
  private guard(action: () => void): boolean {
    try {
      action();
      return true;
    } catch (error) {
      if (!(error instanceof BlockError)) throw error;
      this.count = this.remaining & 0xffff;
      this.showAddress(this.lba);
      this.remaining = 0;
      this.pio = 'none';
      if (this.writing) this.fail(ERROR.ABRT, STATUS.DF);
      else this.fail(ERROR.UNC);
      return false;
    }
  }

  private initializeParameters(): void {
    const track = this.count & 0xff;
    if (track === 0) {
      this.fail(ERROR.ABRT);
      return;
    }
    this.heads = this.head + 1;
    this.track = track;
    this.succeed();
  }

  private setMultiple(): void {
    const count = this.count & 0xff;
    if (count > MOST_MULTIPLE || count & (count - 1)) {
      this.fail(ERROR.ABRT);
      return;
    }
    this.multiple = count;
    this.succeed();
  }

  private setFeatures(): void {
    switch (this.features & 0xff) {
      case 0x02:
      case 0x82:
        this.writeCache = (this.features & 0x80) === 0;
        if (!this.writeCache && !this.guard(() => this.storage.flush())) return;
        break;
      case 0x03:
        if (!isMode(this.count & 0xff)) {
          this.fail(ERROR.ABRT);
          return;
        }
        if (this.count & 0x60) this.mode = this.count & 0xff;
        break;
      case 0x55:
      case 0xaa:
      case 0x66:
      case 0xcc:
        // Look-ahead, and what a software reset reverts to: nothing here depends on them.
        break;
      default:
        this.fail(ERROR.ABRT);
        return;
    }
    this.succeed();
  }

  private identify(): Uint8Array {
    return identifyDisk({
      names: this.names,
      sectors: this.sectors,
      geometry: this.geometry,
      current: geometryOf(this.sectors, this.heads, this.track),
      multiple: this.multiple,
      writeCache: this.writeCache,
      mode: this.mode,
    });
  }
}

/** PIO modes up to 4, multiword DMA up to 2, Ultra DMA up to 5. */
export function isMode(mode: number): boolean {
  const number = mode & 7;
  return (
    mode <= 1 ||
    (mode >> 3 === 1 && number <= 4) ||
    (mode >> 3 === 4 && number <= 2) ||
    (mode >> 3 === 8 && number <= 5)
  );
}

function geometryOf(total: number, heads: number, sectors: number): Geometry {
  const cylinders = Math.floor(total / (heads * sectors));
  return { cylinders: Math.min(MOST_CYLINDERS, Math.max(LEAST_CYLINDERS, cylinders)), heads, sectors };
}
