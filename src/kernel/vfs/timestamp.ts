// A point in time as files and clocks have it: whole seconds and nanoseconds, exact.

export interface Timestamp {
  readonly seconds: number;
  /** 0 to 999,999,999. */
  readonly nanoseconds: number;
}

export const EPOCH: Timestamp = { seconds: 0, nanoseconds: 0 };

/** From nanoseconds since 1970, which a number holds to some 256. */
export function timestampOf(nanoseconds: number): Timestamp {
  const seconds = Math.floor(nanoseconds / 1e9);
  return { seconds, nanoseconds: Math.min(999_999_999, Math.max(0, Math.round(nanoseconds - seconds * 1e9))) };
}

export function isLater(a: Timestamp, b: Timestamp): boolean {
  return a.seconds !== b.seconds ? a.seconds > b.seconds : a.nanoseconds > b.nanoseconds;
}
