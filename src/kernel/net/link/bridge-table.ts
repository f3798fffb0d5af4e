// Which station is behind which port of a bridge: learned from frames that came, forgotten after a while, or set by hand.
// IEEE 802.1D section 7.9; man 8 bridge; Linux net/bridge/br_fdb.c.
import type { Bridge } from './bridge.js';
import type { BridgePort } from './bridge-port.js';

/** DEVIATION: stations that one bridge learns; further ones are flooded to. Linux has no bound unless it is told one. */
const STATIONS_MAX = 4096;
/** With those that programs set. */
const ENTRIES_MAX = 16_384;

export interface StationEntry {
  readonly station: number;
  /** Undefined: the bridge itself. */
  port?: BridgePort;
  /** Frames for it are the bridge's own. */
  local: boolean;
  /** Does not age. */
  static: boolean;
  /** Was set by a program, and is not learned anew elsewhere. */
  added: boolean;
  /** Nanoseconds: when it was last heard, and last forwarded to. */
  updated: number;
  used: number;
}

export class BridgeTable {
  private readonly entries = new Map<number, StationEntry>();
  private learned = 0;

  constructor(private readonly bridge: Bridge) {}

  /** Those that are not too old. */
  get all(): StationEntry[] {
    this.age();
    return [...this.entries.values()];
  }

  get(station: number): StationEntry | undefined {
    return this.entries.get(station);
  }

  /** Where frames to `station` go; undefined: nobody knows. */
  find(station: number, now: number): StationEntry | undefined {
    const entry = this.entries.get(station);
    return entry && !this.isOld(entry, now) ? entry : undefined;
  }

  /** A frame came from `station`. */
  learn(station: number, port: BridgePort, now: number): void {
    const entry = this.entries.get(station);
    if (entry) {
      if (entry.local) return;
      if (entry.port !== port && !entry.static) {
        entry.port = port;
        this.tell(entry, false);
      }
      entry.updated = now;
      return;
    }
    if (this.learned >= STATIONS_MAX) this.age();
    if (this.learned >= STATIONS_MAX) return;
    this.put({ station, port, local: false, static: false, added: false, updated: now, used: now });
  }

  /** False: there are too many. */
  put(entry: StationEntry): boolean {
    if (!this.entries.has(entry.station) && this.entries.size >= ENTRIES_MAX) return false;
    const before = this.entries.get(entry.station);
    if (before && !before.local) this.learned--;
    this.entries.set(entry.station, entry);
    if (!entry.local) this.learned++;
    this.tell(entry, false);
    return true;
  }

  remove(entry: StationEntry): void {
    if (this.entries.get(entry.station) !== entry) return;
    this.entries.delete(entry.station);
    if (!entry.local) this.learned--;
    this.tell(entry, true);
  }

  /** What is behind a port goes with it; with `learnedOnly` what was set by hand stays. */
  flush(port: BridgePort | undefined, learnedOnly: boolean): void {
    for (const entry of [...this.entries.values()])
      if ((port === undefined || entry.port === port) && !(learnedOnly && entry.static)) this.remove(entry);
  }

  private isOld(entry: StationEntry, now: number): boolean {
    return !entry.static && now - entry.updated > this.bridge.ageing;
  }

  private age(): void {
    const now = this.bridge.namespace.now();
    for (const entry of [...this.entries.values()]) if (this.isOld(entry, now)) this.remove(entry);
  }

  private tell(entry: StationEntry, gone: boolean): void {
    this.bridge.namespace.changes.stationChanged(this.bridge, entry, gone);
  }
}
