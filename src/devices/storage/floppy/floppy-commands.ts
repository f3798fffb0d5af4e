// The commands of the controller by their first byte: how many bytes follow, and what the bits beside mean.
// Source: Intel 82077AA data sheet (290166), table 5-1 (command set) and 5.2 (result phases).

export const STATUS_0 = { ABNORMAL: 0x40, INVALID: 0x80, READY_CHANGED: 0xc0, SEEK_END: 0x20, EQUIPMENT: 0x10 };
export const STATUS_1 = { END: 0x80, DATA: 0x20, NO_DATA: 0x04, NOT_WRITABLE: 0x02, NO_ADDRESS: 0x01 };
export const STATUS_2 = { CONTROL_MARK: 0x40, DATA: 0x20 };
export const STATUS_3 = { PROTECTED: 0x40, READY: 0x20, TRACK_0: 0x10, TWO_SIDES: 0x08 };

export type CommandName =
  | ('read' | 'read deleted' | 'read track' | 'verify' | 'write' | 'write deleted' | 'format' | 'read id')
  | ('recalibrate' | 'seek' | 'relative seek' | 'sense interrupt' | 'sense drive')
  | ('specify' | 'configure' | 'perpendicular' | 'lock' | 'version' | 'dump registers');

export interface FloppyCommand {
  name: CommandName;
  /** Bytes behind the first. */
  parameters: number;
}

/** `bits`: those of the first byte that are not for flags. */
const ROWS: readonly [bits: number, value: number, name: CommandName, parameters: number][] = [
  [0x1f, 0x06, 'read', 8],
  [0x1f, 0x0c, 'read deleted', 8],
  [0x3f, 0x05, 'write', 8],
  [0x3f, 0x09, 'write deleted', 8],
  [0x9f, 0x02, 'read track', 8],
  [0x1f, 0x16, 'verify', 8],
  [0xbf, 0x0d, 'format', 5],
  [0xbf, 0x0a, 'read id', 1],
  [0xff, 0x07, 'recalibrate', 1],
  [0xff, 0x0f, 'seek', 2],
  [0xbf, 0x8f, 'relative seek', 2],
  [0xff, 0x08, 'sense interrupt', 0],
  [0xff, 0x04, 'sense drive', 1],
  [0xff, 0x03, 'specify', 2],
  [0xff, 0x13, 'configure', 3],
  [0xff, 0x12, 'perpendicular', 1],
  [0x7f, 0x14, 'lock', 0],
  [0xff, 0x10, 'version', 0],
  [0xff, 0x0e, 'dump registers', 0],
];

/**
 * Undefined: an invalid command. DEVIATION: the three SCAN commands are, as in the 82078; nobody has used them on a PC.
 */
export function commandOf(code: number): FloppyCommand | undefined {
  const row = ROWS.find(([bits, value]) => (code & bits) === value);
  return row && { name: row[2], parameters: row[3] };
}

/** Bits of the first byte of a command that moves data. */
export const FLAG = { MULTI_TRACK: 0x80, MFM: 0x40, SKIP: 0x20 };
