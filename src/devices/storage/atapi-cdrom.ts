// An ATAPI CD-ROM drive: the packet protocol by PIO and by DMA, and the commands of a reader.
// Source: ATA/ATAPI-6 (T13/1410D) sections 8.23 (PACKET), 9.8; MMC-3 (T10/1363D).
import { AtaDevice, BUFFER_SIZE, type DmaPort, ERROR, SECTOR, STATUS } from './ata-device.js';
import { isMode } from './ata-disk.js';
import { type DriveNames, identifyCdrom } from './ata-identify.js';
import { type BlockBackend, BlockError } from './block-backend.js';
import {
  CD_SECTOR,
  capacityData,
  configurationData,
  discInfoData,
  eventData,
  inquiryData,
  mechanismStatus,
  modePages,
  OP,
  SENSE,
  type Sense,
  senseData,
  tocData,
  trackInfoData,
} from './mmc.js';

const PACKET_SIZE = 12;
/** The interrupt reason, in the count register. */
const REASON = { COMMAND: 0x01, TO_HOST: 0x02 };
const BUFFER_SECTORS = BUFFER_SIZE / CD_SECTOR;
const DEFAULT_MODE = 0x42;

const OWN_FIELDS = [
  'phase',
  'byDma',
  'limit',
  'filled',
  'lba',
  'remaining',
  'sense',
  'locked',
  'trayOpen',
  'event',
  'mode',
  'attention',
];

export class AtapiCdrom extends AtaDevice {
  protected readonly idleStatus = STATUS.DRDY | STATUS.DSC;
  /** What the data register carries: nothing, a packet, its reply, or an IDENTIFY block. */
  private phase = 'idle';
  private byDma = false;
  /** Most bytes of one block of a PIO reply. */
  private limit = 0;
  /** Bytes of the buffer that hold reply. */
  private filled = 0;
  /** Sectors that the reply still has to read. */
  private lba = 0;
  private remaining = 0;
  private sense: number[] = [...SENSE.NONE];
  private locked = false;
  private trayOpen = false;
  private event = 0;
  /** The next command must learn that the medium has changed. */
  private attention = false;
  private mode = DEFAULT_MODE;

  constructor(
    private disc: BlockBackend | undefined,
    private readonly names: DriveNames,
  ) {
    super();
    this.reset();
  }

  /** Puts another disc in, or none. */
  insert(disc: BlockBackend | undefined): void {
    this.disc = disc;
    this.trayOpen = false;
    this.event = disc ? 2 : 3;
    this.attention = disc !== undefined;
    this.remaining = 0;
  }

  override reset(): void {
    super.reset();
    this.status = 0;
    this.phase = 'idle';
    this.remaining = 0;
    this.filled = 0;
    this.locked = false;
    this.sense = [...SENSE.NONE];
  }

  protected override ownFields(): readonly string[] {
    return OWN_FIELDS;
  }

  protected override setSignature(): void {
    this.signature(0x14, 0xeb);
  }

  protected override execute(code: number): void {
    this.phase = 'idle';
    this.remaining = 0;
    switch (code) {
      case 0x08:
        this.reset();
        break;
      case 0x90:
        this.setSignature();
        this.error = 0x01;
        this.succeed();
        this.status = 0;
        break;
      case 0xa0:
        this.byDma = (this.features & 1) !== 0;
        this.limit = (this.lbaMid & 0xff) | ((this.lbaHigh & 0xff) << 8);
        this.phase = 'packet';
        this.count = REASON.COMMAND;
        this.ask(PACKET_SIZE, false);
        break;
      case 0xa1:
        this.buffer.set(identifyCdrom({ names: this.names, mode: this.mode }));
        this.phase = 'identify';
        this.offer(0, SECTOR);
        break;
      case 0xec:
        this.setSignature();
        this.fail(ERROR.ABRT);
        break;
      case 0xef:
        this.setFeatures();
        break;
      case 0xe0:
      case 0xe1:
      case 0xe2:
      case 0xe3:
      case 0xe6:
        this.succeed();
        break;
      case 0xe5:
        this.count = 0xff;
        this.succeed();
        break;
      default:
        this.fail(ERROR.ABRT);
    }
  }

  protected override dataWritten(): void {
    if (this.phase === 'packet') this.runPacket(this.buffer.slice(0, PACKET_SIZE));
  }

  protected override dataRead(): void {
    if (this.phase === 'identify') {
      this.phase = 'idle';
      this.status = this.idleStatus;
    } else this.replyByPio();
  }

  protected override transferDma(port: DmaPort): void {
    for (;;) {
      const bytes = this.buffer.subarray(0, this.filled);
      if (port.toMemory(bytes) < bytes.length) {
        // The descriptors ended first; the drive waits until it is reset.
        this.dma = 'none';
        return;
      }
      this.filled = 0;
      if (this.remaining === 0) break;
      if (!this.refill()) return;
    }
    this.complete();
  }

  private get sectors(): number {
    return this.disc && !this.trayOpen ? Math.floor(this.disc.size / CD_SECTOR) : 0;
  }

  private setFeatures(): void {
    const mode = this.count & 0xff;
    const known = (this.features & 0xff) === 0x03 && isMode(mode);
    if (known && mode & 0x60) this.mode = mode;
    if (known) this.succeed();
    else this.fail(ERROR.ABRT);
  }

  /** Ends a packet command with an error. */
  private refuse(sense: Sense): void {
    this.sense = [...sense];
    this.phase = 'idle';
    this.remaining = 0;
    this.filled = 0;
    this.count = REASON.TO_HOST | REASON.COMMAND;
    this.fail((sense[0] << 4) | ERROR.ABRT);
  }

  private complete(): void {
    this.phase = 'idle';
    this.count = REASON.TO_HOST | REASON.COMMAND;
    this.succeed();
  }

  /** Answers with a few bytes, as many of them as the host allows. */
  private reply(bytes: readonly number[] | undefined, allowed: number): void {
    if (!bytes) {
      this.refuse(SENSE.INVALID_FIELD);
      return;
    }
    this.filled = Math.min(bytes.length, allowed);
    this.buffer.set(bytes.slice(0, this.filled));
    this.beginReply();
  }

  private replySectors(lba: number, count: number): void {
    if (lba + count > this.sectors) {
      this.refuse(SENSE.OUT_OF_RANGE);
      return;
    }
    this.lba = lba;
    this.remaining = count;
    this.filled = 0;
    if (count === 0 || this.refill()) this.beginReply();
  }

  private beginReply(): void {
    this.phase = 'reply';
    this.position = 0;
    this.end = 0;
    if (this.filled === 0) this.complete();
    else if (this.byDma) this.awaitDma('in');
    else this.replyByPio();
  }

  /** Reads the next sectors into the buffer. False: the host's storage failed, and so has the command. */
  private refill(): boolean {
    const count = Math.min(BUFFER_SECTORS, this.remaining);
    try {
      this.disc?.read(this.lba * CD_SECTOR, this.buffer.subarray(0, count * CD_SECTOR));
    } catch (error) {
      if (!(error instanceof BlockError)) throw error;
      this.refuse(SENSE.READ_ERROR);
      return false;
    }
    this.lba += count;
    this.remaining -= count;
    this.filled = count * CD_SECTOR;
    return true;
  }

  /** Offers the next block of the reply, or ends the command. */
  private replyByPio(): void {
    let from = this.position;
    if (from >= this.filled) {
      if (this.remaining === 0) {
        this.complete();
        return;
      }
      if (!this.refill()) return;
      from = 0;
    }
    // A limit of zero or an odd one stands for the even number below.
    const limit = (this.limit || 0xffff) & ~1 || 2;
    const length = Math.min(limit, this.filled - from);
    this.lbaMid = length & 0xff;
    this.lbaHigh = length >> 8;
    this.count = REASON.TO_HOST;
    this.offer(from, from + length);
  }

  private runPacket(packet: Uint8Array): void {
    const op = packet[0];
    if (this.attention && op !== OP.INQUIRY && op !== OP.REQUEST_SENSE && op !== OP.GET_EVENT_STATUS) {
      this.attention = false;
      this.refuse(SENSE.MEDIUM_CHANGED);
      return;
    }
    if (op === OP.REQUEST_SENSE) {
      const [key, code, qualifier] = this.sense;
      this.sense = [...SENSE.NONE];
      this.reply(senseData([key, code, qualifier]), packet[4]);
      return;
    }
    this.sense = [...SENSE.NONE];
    if (needsDisc(op) && this.sectors === 0) this.refuse(SENSE.NO_MEDIUM);
    else this.runCommand(op, packet);
  }

  private runCommand(op: number, packet: Uint8Array): void {
    const data = new DataView(packet.buffer, packet.byteOffset);
    const allowed = data.getUint16(7);
    switch (op) {
      case OP.TEST_UNIT_READY:
      case OP.SYNCHRONIZE_CACHE:
      case OP.SET_CD_SPEED:
        this.complete();
        break;
      case OP.INQUIRY:
        if (packet[1] & 3) this.refuse(SENSE.INVALID_FIELD);
        else this.reply(inquiryData(this.names.model, this.names.firmware), data.getUint16(3));
        break;
      case OP.START_STOP_UNIT:
        this.startStop(packet[4]);
        break;
      case OP.PREVENT_ALLOW:
        this.locked = (packet[4] & 1) !== 0;
        this.complete();
        break;
      case OP.READ_CAPACITY:
        this.reply(capacityData(this.sectors), 8);
        break;
      case OP.READ_10:
        this.replySectors(data.getUint32(2), allowed);
        break;
      case OP.READ_12:
        this.replySectors(data.getUint32(2), data.getUint32(6));
        break;
      case OP.SEEK_10:
        if (data.getUint32(2) < this.sectors) this.complete();
        else this.refuse(SENSE.OUT_OF_RANGE);
        break;
      case OP.READ_TOC: {
        // Older drivers give the format in the control byte.
        const format = packet[2] & 15 || packet[9] >> 6;
        this.reply(tocData(this.sectors, format, packet[6], (packet[1] & 2) !== 0), allowed);
        break;
      }
      case OP.GET_CONFIGURATION:
        this.reply(configurationData(this.sectors), allowed);
        break;
      case OP.GET_EVENT_STATUS:
        // Only polled, never waited for.
        if (packet[1] & 1) {
          this.reply(eventData(packet[4], this.event, this.sectors > 0), allowed);
          if (packet[4] & 0x10) this.event = 0;
        } else this.refuse(SENSE.INVALID_FIELD);
        break;
      case OP.READ_DISC_INFO:
        this.reply(discInfoData(), allowed);
        break;
      case OP.READ_TRACK_INFO:
        this.reply(trackInfoData(this.sectors), allowed);
        break;
      case OP.MODE_SENSE_6:
      case OP.MODE_SENSE_10:
        this.modeSense(op, packet, allowed);
        break;
      case OP.MECHANISM_STATUS:
        this.reply(mechanismStatus(), data.getUint16(8));
        break;
      default:
        this.refuse(SENSE.INVALID_OPCODE);
    }
  }

  private modeSense(op: number, packet: Uint8Array, allowed: number): void {
    // Saved values there are none.
    const pages = packet[2] >> 6 === 3 ? undefined : modePages(packet[2] & 0x3f, this.locked);
    if (!pages) this.refuse(SENSE.INVALID_FIELD);
    else if (op === OP.MODE_SENSE_6) this.reply([pages.length + 3, 0, 0, 0, ...pages], packet[4]);
    else this.reply([0, pages.length + 6, 0, 0, 0, 0, 0, 0, ...pages], allowed);
  }

  private startStop(how: number): void {
    const loadEject = (how & 2) !== 0;
    const start = (how & 1) !== 0;
    if (loadEject && !start && this.locked) {
      this.refuse(SENSE.REMOVAL_PREVENTED);
      return;
    }
    if (loadEject) this.trayOpen = !start;
    this.complete();
  }
}

function needsDisc(op: number): boolean {
  switch (op) {
    case OP.TEST_UNIT_READY:
    case OP.READ_CAPACITY:
    case OP.READ_10:
    case OP.READ_12:
    case OP.SEEK_10:
    case OP.READ_TOC:
    case OP.READ_DISC_INFO:
    case OP.READ_TRACK_INFO:
      return true;
    default:
      return false;
  }
}
