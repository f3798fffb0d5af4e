// A line that says how far a large file has been loaded, on a terminal alone.
// Ours.
import type { WriteStream } from 'node:tty';
import { formatSize, MIB } from '../base/bytes.js';

const WORTH_SHOWING = 64 * MIB;

export function progressLine(
  stream: Pick<WriteStream, 'write' | 'isTTY'>,
): (name: string, done: number, total: number) => void {
  return (name, done, total) => {
    if (!stream.isTTY || total < WORTH_SHOWING) return;
    const end = done === total ? '\n' : '';
    stream.write(`\rloading ${name}: ${formatSize(done)} of ${formatSize(total)}\x1b[K${end}`);
  };
}
