// A text screen as a stream of text: what has been written on it since it was last looked at, also when it has scrolled.
// Ours: for whoever looks for a text, or keeps what was shown, where the guest has a screen in place of a serial port.
import { linesOf, type TextScreen } from './text-screen.js';

export class ScreenStream {
  private lines: string[] = [];
  /** The row that the stream's last line is, so that what is written behind it goes on there. */
  private row = -1;

  /** What is new. A row that begins anew, or is another, stands on a line of its own. */
  see(screen: TextScreen): string {
    const now = rowsOf(screen);
    const scrolled = scrolledBy(this.lines, now);
    const before = this.lines.slice(scrolled);
    this.row -= scrolled;
    this.lines = now;
    let text = '';
    for (const [row, line] of now.entries()) {
      const old = before[row] ?? '';
      // what was rubbed out, or blank and gone, says nothing; what comes on a row that was cleared is no end of what stood there
      if (row === this.row && line.trim() === '' && old.trim() !== '') this.row = -1;
      if (old.startsWith(line) || line.trimEnd() === old.trimEnd()) continue;
      const goesOn = row === this.row && line.startsWith(old);
      text += goesOn ? line.slice(old.length) : `\n${line}`;
      this.row = row;
    }
    return text;
  }
}

/** Rows that are looked at: no mode for reading has more, and a guest may set up a thousand. */
const ROWS = 128;

/** Blanks before the cursor are part of a prompt. */
function rowsOf(screen: TextScreen): string[] {
  const { cursor } = screen;
  return linesOf({ ...screen, rows: Math.min(ROWS, screen.rows) }).map((line, row) =>
    row === cursor?.row ? line.padEnd(cursor.column) : line,
  );
}

/** By how many rows: the fewest that leave every row as it was, but for the last one that was written. */
function scrolledBy(before: readonly string[], now: readonly string[]): number {
  let last = before.length - 1;
  while (last >= 0 && before[last].trim() === '') last--;
  for (let rows = 0; rows <= last; rows++) {
    const fits = before
      .slice(rows, last + 1)
      .every((line, i) =>
        i === last - rows ? now[i]?.startsWith(line.trimEnd()) : now[i]?.trimEnd() === line.trimEnd(),
      );
    if (fits) return rows;
  }
  return 0;
}
