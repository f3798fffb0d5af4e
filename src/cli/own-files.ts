// Names for files that we write unasked, in the folder that we were started from: tabvisor-DATE-TIME.KIND.
// Ours; .gitignore knows the pattern.
import { existsSync } from 'node:fs';

/** A name that no file has yet. */
export function freshName(
  kind: 'snap' | 'png',
  now = new Date(),
  taken: (name: string) => boolean = existsSync,
): string {
  const two = (value: number): string => String(value).padStart(2, '0');
  const date = `${now.getFullYear()}${two(now.getMonth() + 1)}${two(now.getDate())}`;
  const stem = `tabvisor-${date}-${two(now.getHours())}${two(now.getMinutes())}${two(now.getSeconds())}`;
  for (let i = 1; ; i++) {
    const name = `${stem}${i === 1 ? '' : `-${i}`}.${kind}`;
    if (!taken(name)) return name;
  }
}
