// A folder for tests to build from.
import { mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** A name that ends with @ is a link; one with .sh can be run. */
export type Files = Record<string, string | Uint8Array>;

export function buildContext(within: string, files: Files): string {
  const folder = mkdtempSync(join(within, 'context-'));
  for (const [name, data] of Object.entries(files)) {
    const path = join(folder, name);
    mkdirSync(dirname(path), { recursive: true });
    if (name.endsWith('@')) symlinkSync(data as string, path.slice(0, -1));
    else writeFileSync(path, data, { mode: name.endsWith('.sh') ? 0o755 : 0o644 });
  }
  return folder;
}
