// The address of the engine that has a data folder, in a file of it.
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const ADDRESS = 'engine.host';

/** Where the engine listens that has the folder: for commands that find it locked. What is returned takes it away. */
export function announce(folder: string, host: string): () => void {
  const path = join(folder, ADDRESS);
  writeFileSync(path, `${host}\n`, { mode: 0o600 });
  return () => {
    if (announced(folder) === host) rmSync(path, { force: true });
  };
}

export function announced(folder: string): string | undefined {
  try {
    return readFileSync(join(folder, ADDRESS), 'utf8').trim();
  } catch {
    return undefined;
  }
}
