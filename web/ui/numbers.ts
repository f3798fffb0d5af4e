// Numbers as the page shows them.
// Ours.

export const grouped = (value: number): string => Math.round(value).toLocaleString('en');

/** Three digits and a letter: 1.23 G, 45.6 M, 789. */
export function brief(value: number): string {
  for (const [unit, letter] of [
    [1e9, 'G'],
    [1e6, 'M'],
    [1e3, 'k'],
  ] as const) {
    if (value >= unit) return `${(value / unit).toPrecision(3)} ${letter}`;
  }
  return value.toFixed(0);
}
