// How layers are shown on terminals of several widths: no line is longer than the terminal's, and each is written over its own.
import { expect, test } from 'vitest';
import { layerProgress } from './layer-progress.js';

/** What a terminal of endless height shows. ECMA-48: CUU, CUD, EL. */
function shown(written: string, columns: number): string[] {
  const lines = [''];
  let row = 0;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what a terminal takes
  for (const [, count, what, sign] of written.matchAll(/\x1b\[(\d*)([ABK])|([^\x1b])/g)) {
    if (what === 'A') row -= Number(count);
    else if (what === 'B') row += Number(count);
    else if (sign === '\n') row++;
    else if (sign === '\r') lines[row] = '';
    else if (sign !== undefined) {
      if (lines[row]!.length === columns) row++;
      lines[row] = (lines[row] ?? '') + sign;
    }
    lines[row] ??= '';
  }
  return lines;
}

test.each([100, 60, 40, 24])('on %d columns', (columns) => {
  let written = '';
  const write = (text: string): void => {
    written += text;
  };
  const screen = { isTTY: true, columns, write };
  const progress = layerProgress(screen);
  const [one, other] = ['0123456789ab', 'cdef01234567'];
  progress({ id: 'latest', status: 'Pulling from library/debian' });
  progress({ id: one, status: 'Pulling fs layer' });
  progress({ id: other, status: 'Pulling fs layer' });
  progress({ status: `Digest: sha256:${'0'.repeat(64)}` });
  progress({ id: one, status: 'Downloading', current: 5_000_000, total: 10_000_000 });
  progress({ id: other, status: 'Pull complete' });
  const lines = shown(written, columns);
  expect(lines.every((line) => line.length <= columns)).toBe(true);
  const ofLayers = lines.filter((line) => line.startsWith(one) || line.startsWith(other));
  expect(ofLayers).toEqual([expect.stringContaining(`${one}: D`), `${other}: Pull complete`.slice(0, columns - 1)]);
  expect(ofLayers[0]).toBe(
    {
      100: `${one}: Downloading [===============>              ] 5MB/10MB`,
      60: `${one}: Downloading [===========>          ] 5MB/10MB`,
      40: `${one}: Downloading 5MB/10MB`,
      24: `${one}: Downloadi`,
    }[columns],
  );
});
