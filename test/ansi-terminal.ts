// A terminal as far as our text screens need one: what its cells show after what was written to it. Anything else is an error.
// Source: ECMA-48 (CUP, SGR, ED); xterm's ctlseqs (private modes 7, 25, 1049).

const ESC = String.fromCharCode(0x1b);
const SEQUENCES = new RegExp(`${ESC}\\[([\\d;?]*)([A-Za-z])|(\\r?\\n)|([^${ESC}])`, 'gu');
/** The beginning of a sequence whose end has not come. */
const CUT = new RegExp(`${ESC}(?:\\[[\\d;?]*)?$`, 'u');

export class AnsiTerminal {
  text: string[][] = [];
  /** SGR parameters of each cell. */
  style: string[][] = [];
  row = 0;
  column = 0;
  cursorShows = true;
  /** It shows the screen of its own that programs may have. */
  alternate = false;
  /** What was written while it did not, without sequences. */
  plain = '';
  private sgr = '0';
  private rest = '';

  constructor(
    readonly columns: number,
    readonly rows: number,
  ) {
    this.clear();
  }

  get lines(): string[] {
    return this.text.map((line) => line.join(''));
  }

  /** The style of the first cell of `text`. */
  styleOf(text: string): string | undefined {
    const row = this.lines.findIndex((line) => line.includes(text));
    return row < 0 ? undefined : this.style[row][this.lines[row].indexOf(text)];
  }

  write(output: string): void {
    const all = this.rest + output;
    this.rest = CUT.exec(all)?.[0] ?? '';
    for (const [whole, parameters, final, newline, character] of all
      .slice(0, all.length - this.rest.length)
      .matchAll(SEQUENCES)) {
      if (final !== undefined) this.obey(parameters, final);
      else if (!this.alternate) this.plain += newline === undefined ? whole : '\n';
      else this.put(character ?? whole);
    }
  }

  private put(character: string): void {
    if (this.column >= this.columns) throw new Error(`row ${this.row}: written beyond the last column`);
    this.text[this.row][this.column] = character;
    this.style[this.row][this.column++] = this.sgr;
  }

  private obey(parameters: string, final: string): void {
    if (final === 'H') [this.row, this.column] = parameters.split(';').map((value) => Number(value) - 1);
    else if (final === 'm') this.sgr = parameters;
    else if (final === 'J' && parameters === '2') this.clear();
    else if (parameters === '?25') this.cursorShows = final === 'h';
    else if (parameters === '?1049') this.alternate = final === 'h';
    else if (parameters !== '?7') throw new Error(`a sequence that nobody expects: ${parameters}${final}`);
  }

  private clear(): void {
    this.text = Array.from({ length: this.rows }, () => new Array(this.columns).fill(' '));
    this.style = this.text.map((line) => line.map(() => '0'));
  }
}
