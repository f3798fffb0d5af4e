// How far layers have come: on a terminal a line for each that is written again, elsewhere a line for each step.
// As docker pull and push show it.
import { decimalSize } from '../base/units.js';
import type { OnProgress, Progress } from '../oci/registry/progress.js';

const BAR = 30;

interface Screen {
  isTTY?: boolean;
  columns: number;
  write(text: string): unknown;
}

export function layerProgress(stream: Screen): OnProgress {
  if (!stream.isTTY) return plain(stream);
  /** Of each layer, how many lines above the cursor. */
  const rows = new Map<string, number>();
  return (progress) => {
    const { id } = progress;
    if (id === undefined || !/^[0-9a-f]{12}$/.test(id)) {
      stream.write(`${id === undefined ? '' : `${id}: `}${progress.status}\n`);
      for (const [layer, row] of rows) rows.set(layer, row + 1);
      return;
    }
    if (!rows.has(id)) {
      for (const [layer, row] of rows) rows.set(layer, row + 1);
      rows.set(id, 1);
      stream.write('\n');
    }
    const up = rows.get(id)!;
    stream.write(`\x1b[${up}A\r${lineOf(progress).slice(0, (stream.columns || 80) - 1)}\x1b[K\x1b[${up}B\r`);
  };
}

function plain(stream: Screen): OnProgress {
  const shown = new Map<string, string>();
  return ({ id, status, current }) => {
    const isStep = current === undefined;
    if (!isStep || (id !== undefined && shown.get(id) === status)) return;
    if (id !== undefined) shown.set(id, status);
    stream.write(`${id === undefined ? '' : `${id}: `}${status}\n`);
  };
}

function lineOf({ id, status, current, total }: Progress): string {
  if (current === undefined || !total) return `${id}: ${status}`;
  const done = Math.min(BAR, Math.floor((BAR * current) / total));
  const bar = `${'='.repeat(done)}>`.slice(0, BAR).padEnd(BAR);
  return `${id}: ${status} [${bar}] ${decimalSize(current, 4)}/${decimalSize(total, 4)}`;
}
