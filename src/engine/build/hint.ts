// What somebody may have meant who has written a name that there is not. Levenshtein, "Binary codes capable of correcting deletions, insertions
// and reversals", 1966.
const FAR = 3;

/** ` (did you mean NAME?)`, or nothing. */
export function hint(given: string, known: readonly string[]): string {
  if (given.length > 64) return '';
  const far = Math.min(FAR, (given.length >> 1) + 1);
  const near = known
    .map((name) => ({ name, distance: distance(given.toLowerCase(), name.toLowerCase()) }))
    .filter((one) => one.distance < far)
    .sort((a, b) => a.distance - b.distance)[0];
  return near ? ` (did you mean ${near.name}?)` : '';
}

function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++)
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)));
    row = next;
  }
  return row[b.length]!;
}
