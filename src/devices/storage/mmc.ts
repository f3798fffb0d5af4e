// What a CD-ROM drive answers to the commands that ask about it and its disc.
// Source: MMC-3 (T10/1363D), SPC-2 (T10/1236D).

export const CD_SECTOR = 2048;
/** Frames before the first sector: two seconds. */
const LEAD_IN = 150;
const LEAD_OUT_TRACK = 0xaa;
const DATA_TRACK = 0x14;

export const OP = {
  TEST_UNIT_READY: 0x00,
  REQUEST_SENSE: 0x03,
  INQUIRY: 0x12,
  MODE_SENSE_6: 0x1a,
  START_STOP_UNIT: 0x1b,
  PREVENT_ALLOW: 0x1e,
  READ_CAPACITY: 0x25,
  READ_10: 0x28,
  SEEK_10: 0x2b,
  SYNCHRONIZE_CACHE: 0x35,
  READ_TOC: 0x43,
  GET_CONFIGURATION: 0x46,
  GET_EVENT_STATUS: 0x4a,
  READ_DISC_INFO: 0x51,
  READ_TRACK_INFO: 0x52,
  MODE_SENSE_10: 0x5a,
  READ_12: 0xa8,
  MECHANISM_STATUS: 0xbd,
  SET_CD_SPEED: 0xbb,
} as const;

/** Sense key, additional code, its qualifier. */
export type Sense = readonly [key: number, code: number, qualifier: number];
export const SENSE = {
  NONE: [0, 0, 0],
  NO_MEDIUM: [2, 0x3a, 0],
  READ_ERROR: [3, 0x11, 0],
  INVALID_OPCODE: [5, 0x20, 0],
  OUT_OF_RANGE: [5, 0x21, 0],
  INVALID_FIELD: [5, 0x24, 0],
  MEDIUM_CHANGED: [6, 0x28, 0],
  REMOVAL_PREVENTED: [5, 0x53, 2],
} as const satisfies Record<string, Sense>;

const big = (value: number, bytes: number): number[] =>
  Array.from({ length: bytes }, (_, i) => Math.floor(value / 256 ** (bytes - 1 - i)) % 256);
const text = (value: string, length: number): number[] =>
  [...value.padEnd(length).slice(0, length)].map((char) => char.charCodeAt(0));

export function senseData([key, code, qualifier]: Sense): number[] {
  return [0x70, 0, key, 0, 0, 0, 0, 10, 0, 0, 0, 0, code, qualifier, 0, 0, 0, 0];
}

export function inquiryData(model: string, firmware: string): number[] {
  // A removable CD-ROM that answers in ATAPI's form.
  return [0x05, 0x80, 0x00, 0x21, 31, 0, 0, 0, ...text('TABVISOR', 8), ...text(model, 16), ...text(firmware, 4)];
}

export function capacityData(sectors: number): number[] {
  return [...big(sectors - 1, 4), ...big(CD_SECTOR, 4)];
}

function address(sector: number, msf: boolean): number[] {
  if (!msf) return big(sector, 4);
  const frame = sector + LEAD_IN;
  return [0, Math.min(255, Math.floor(frame / (75 * 60))), Math.floor(frame / 75) % 60, frame % 75];
}

/** Formats 0 (tracks), 1 (session) and 2 (raw); undefined for others or a track that is not there. */
export function tocData(sectors: number, format: number, firstTrack: number, msf: boolean): number[] | undefined {
  const track = (number: number, sector: number): number[] => [0, DATA_TRACK, number, 0, ...address(sector, msf)];
  const framed = (body: number[]): number[] => [...big(body.length + 2, 2), 1, 1, ...body];
  if (format === 0) {
    if (firstTrack > 1 && firstTrack !== LEAD_OUT_TRACK) return undefined;
    return framed([...(firstTrack <= 1 ? track(1, 0) : []), ...track(LEAD_OUT_TRACK, sectors)]);
  }
  if (format === 1) return framed(track(1, 0));
  if (format !== 2) return undefined;
  const point = (number: number, where: number[]): number[] => [1, DATA_TRACK, 0, number, 0, 0, 0, ...where];
  return framed([
    ...point(0xa0, [0, 1, 0, 0]),
    ...point(0xa1, [0, 1, 0, 0]),
    ...point(0xa2, address(sectors, true)),
    ...point(1, address(0, true)),
  ]);
}

/** Profile CD-ROM, or DVD-ROM when the disc is larger than a CD. */
export function configurationData(sectors: number): number[] {
  const dvd = sectors > 450_000;
  const current = sectors === 0 ? 0 : dvd ? 0x10 : 0x08;
  const profile = (number: number): number[] => [...big(number, 2), number === current ? 1 : 0, 0];
  const features = [
    ...[0x00, 0x00, 0x03, 8, ...profile(0x10), ...profile(0x08)],
    // Core: ATAPI.
    ...[0x00, 0x01, 0x0b, 8, ...big(2, 4), 1, 0, 0, 0],
    // Removable medium: a tray that ejects and can be locked.
    ...[0x00, 0x03, 0x03, 4, 0x29, 0, 0, 0],
    // CD read.
    ...[0x00, 0x1e, 0x08 | (current === 0x08 ? 1 : 0), 4, 0, 0, 0, 0],
  ];
  return [...big(features.length + 4, 4), 0, 0, ...big(current, 2), ...features];
}

/** Media events only. `event`: 0 none, 1 eject requested, 2 new medium, 3 medium removed. */
export function eventData(wanted: number, event: number, present: boolean): number[] {
  const media = 0x10;
  if (!(wanted & media)) return [0, 2, 0x80, media];
  return [0, 6, 0x04, media, event, present ? 2 : 0, 0, 0];
}

export function discInfoData(): number[] {
  // One finished session with one track, not erasable.
  return [0, 32, 0x0e, 1, 1, 1, 1, 0x20, ...new Array(26).fill(0)];
}

export function trackInfoData(sectors: number): number[] {
  return [
    ...big(34, 2),
    ...[1, 1, 0, 0x04, 0x41, 0],
    ...big(0, 4),
    ...big(0, 4),
    ...big(0, 4),
    ...big(0, 4),
    ...big(sectors, 4),
    ...big(0, 4),
    ...[0, 0, 0, 0],
  ];
}

/** Mode pages 0x01 (errors), 0x0E (audio), 0x2A (capabilities), or all by 0x3F; undefined for others. */
export function modePages(page: number, locked: boolean): number[] | undefined {
  const errors = [0x01, 6, 0, 5, 0, 0, 0, 0];
  const audio = [0x0e, 14, 4, 0, 0, 0, 0, 75, 1, 0xff, 2, 0xff, 0, 0, 0, 0];
  const capabilities = [
    ...[0x2a, 18, 0x3b, 0, 0x70, 0x60, 0x29 | (locked ? 2 : 0), 0],
    ...[...big(706 * 8, 2), ...big(2, 2), ...big(512, 2), ...big(706 * 8, 2)],
    ...[0, 0, 0, 0],
  ];
  const pages: Record<number, number[]> = {
    1: errors,
    14: audio,
    42: capabilities,
    63: [...errors, ...audio, ...capabilities],
  };
  return pages[page];
}

export function mechanismStatus(): number[] {
  return [0, 0, 0, 0, 0, 0, 0, 0];
}
