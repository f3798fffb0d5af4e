// What there is, counted: the objects that some of them lead to, by class. For what should have gone and has not. Ours.
// Closures are not seen into; nothing of ours keeps its state in them.

/** Objects that are looked at, at most. */
const MOST = 4_000_000;

/** How many objects of each class there are; `entries`: what maps, sets and arrays hold, all together. */
export function census(...roots: readonly object[]): Record<string, number> {
  const seen = new Set<object>(roots);
  const left = [...seen];
  const counts = new Map<string, number>();
  const count = (name: string, by: number): void => void counts.set(name, (counts.get(name) ?? 0) + by);
  const meet = (value: unknown): void => {
    if (typeof value !== 'object' || value === null || seen.has(value) || seen.size >= MOST) return;
    seen.add(value);
    left.push(value);
  };
  for (let one = left.pop(); one; one = left.pop()) {
    count(nameOf(one), 1);
    if (ArrayBuffer.isView(one)) continue;
    if (one instanceof Map) {
      count('entries', one.size);
      for (const [key, value] of one) {
        meet(key);
        meet(value);
      }
    } else if (one instanceof Set) {
      count('entries', one.size);
      for (const value of one) meet(value);
    } else if (Array.isArray(one)) count('entries', one.length);
    for (const { value } of Object.values(Object.getOwnPropertyDescriptors(one))) meet(value);
  }
  return Object.fromEntries([...counts].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function nameOf(object: object): string {
  const prototype: { constructor?: unknown } | null = Object.getPrototypeOf(object);
  return typeof prototype?.constructor === 'function' ? prototype.constructor.name : 'Object';
}
