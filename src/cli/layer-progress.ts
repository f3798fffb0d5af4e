// How far layers have come: on a terminal a line for each that is written again, elsewhere a line for each step.
// As docker pull and push show it.
import { decimalSize } from '../base/units.js';
import type { OnProgress, Progress } from '../oci/registry/progress.js';

/** Widest and narrowest; where there is no room for it there is none. */
const BAR = 30;
const BAR_LEAST = 5;

interface Screen {
  isTTY?: boolean;
  columns: number;
  write(text: string): unknown;
}

export function layerProgress(stream: Screen): OnProgress {
  if (!stream.isTTY) return plain(stream);
  /** Of each layer, how many lines above the cursor. */
  const rows = new Map<string, number>();
  const columns = (): number => stream.columns || 80;
  return (progress) => {
    const { id } = progress;
    if (id === undefined || !/^[0-9a-f]{12}$/.test(id)) {
      const line = `${id === undefined ? '' : `${id}: `}${progress.status}`;
      stream.write(`${line}\n`);
      for (const [layer, row] of rows) rows.set(layer, row + Math.max(1, Math.ceil(line.length / columns())));
      return;
    }
    if (!rows.has(id)) {
      for (const [layer, row] of rows) rows.set(layer, row + 1);
      rows.set(id, 1);
      stream.write('\n');
    }
    const up = rows.get(id)!;
    stream.write(`\x1b[${up}A\r${lineOf(progress, columns() - 1).slice(0, columns() - 1)}\x1b[K\x1b[${up}B\r`);
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

function lineOf({ id, status, current, total }: Progress, width: number): string {
  if (current === undefined || !total) return `${id}: ${status}`;
  const [before, behind] = [`${id}: ${status}`, `${decimalSize(current, 4)}/${decimalSize(total, 4)}`];
  const size = Math.min(BAR, width - before.length - behind.length - ' [] '.length);
  if (size < BAR_LEAST) return `${before} ${behind}`;
  const done = Math.min(size, Math.floor((size * current) / total));
  return `${before} [${`${'='.repeat(done)}>`.slice(0, size).padEnd(size)}] ${behind}`;
}
