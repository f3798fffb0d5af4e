// Numbers as tables show them.
// Ours.

/** A whole number with thousands apart. */
export const count = (value: number): string =>
  Math.round(value)
    .toString()
    .replace(/\B(?=(\d{3})+$)/g, ',');

/** 3 digits that matter: 12.3, 1.23, 0.123; whole from 100 on, with thousands apart. Nothing for what is no number. */
export function digits(value: number | undefined): string {
  if (value === undefined || Number.isNaN(value)) return '';
  if (Math.abs(value) >= 100) return count(value);
  return value.toFixed(Math.abs(value) >= 10 ? 1 : 2);
}

/** How long one of many takes: `12.3 µs`, from nanoseconds to seconds. */
export function duration(seconds: number): string {
  for (const [unit, name] of [
    [1, 's'],
    [1e-3, 'ms'],
    [1e-6, 'µs'],
  ] as const) {
    if (seconds >= unit) return `${digits(seconds / unit)} ${name}`;
  }
  return `${digits(seconds * 1e9)} ns`;
}
