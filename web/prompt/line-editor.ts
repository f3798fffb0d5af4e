// A line that is typed at a prompt: moved in, changed, completed by Tab, found again in what was typed before.
// The keys of emacs mode in GNU readline; ECMA-48 for the cursor. What it needs of a terminal is its width and a way to write.

export interface Screen {
  readonly columns: number;
  write(text: string): void;
}

/** What can stand behind the cursor: `from` is where the word begins that they complete. */
export interface Completions {
  from: number;
  words: readonly string[];
}

export type Typed = { line: string } | { interrupted: true } | { ended: true };

const HISTORY_MAX = 300;

/** The beginning that all have. */
export function commonStart(words: readonly string[]): string {
  let start = words[0] ?? '';
  for (const word of words) while (!word.startsWith(start)) start = start.slice(0, -1);
  return start;
}

/** Columns like those of ls. */
export function inColumns(words: readonly string[], width: number): string {
  const widest = Math.max(...words.map(({ length }) => length)) + 2;
  const columns = Math.max(1, Math.floor(width / widest));
  const rows = Math.ceil(words.length / columns);
  const lines = Array.from({ length: rows }, (_, row) =>
    words
      .filter((_word, i) => i % rows === row)
      .map((word) => word.padEnd(widest))
      .join('')
      .trimEnd(),
  );
  return lines.map((line) => `${line}\r\n`).join('');
}

export class LineEditor {
  private line = '';
  private at = 0;
  /** Rows that the cursor is below the prompt's. */
  private row = 0;
  private prompt = '';
  private waiting: ((typed: Typed) => void) | undefined;
  private recalled = -1;
  private draft = '';
  private tabs = 0;
  /** Typed before a line was wanted. */
  private ahead = '';

  constructor(
    private readonly screen: Screen,
    private readonly complete: (line: string, at: number) => Promise<Completions>,
    /** The newest last. */
    readonly history: string[] = [],
    private readonly kept: (history: readonly string[]) => void = () => {},
  ) {}

  read(prompt: string): Promise<Typed> {
    this.prompt = prompt;
    this.line = '';
    this.at = this.row = this.tabs = 0;
    this.recalled = -1;
    this.draw();
    const typed = new Promise<Typed>((resolve) => {
      this.waiting = resolve;
    });
    const { ahead } = this;
    this.ahead = '';
    if (ahead !== '') this.type(ahead);
    return typed;
  }

  /** What is under the cursor is drawn anew: the terminal has another width. */
  redraw(): void {
    if (this.waiting) this.draw();
  }

  type(text: string): void {
    for (let i = 0; i < text.length; ) {
      if (!this.waiting) {
        this.ahead += text.slice(i);
        return;
      }
      // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what keys send
      const sequence = /^(?:\x1b(?:\[[0-9;]*[~A-Za-z]|O[A-Z]|[bdf\x7f])|[\s\S])/u.exec(text.slice(i))![0];
      i += sequence.length;
      this.key(sequence);
    }
  }

  private key(key: string): void {
    if (key !== '\t') this.tabs = 0;
    const act = KEYS[key];
    if (act) act.call(this);
    else if (key >= ' ' && key !== '\x7f' && !key.startsWith('\x1b')) this.insert(key);
  }

  private insert(text: string): void {
    this.change(this.line.slice(0, this.at) + text + this.line.slice(this.at), this.at + text.length);
  }

  private change(line: string, at: number): void {
    this.line = line;
    this.at = at;
    this.draw();
  }

  private draw(): void {
    const { columns } = this.screen;
    const width = this.prompt.length;
    const end = width + this.line.length;
    const place = width + this.at;
    const up = this.row > 0 ? `\x1b[${this.row}A` : '';
    // a full row leaves the cursor in it until more is written
    const wrapped = end > 0 && end % columns === 0 ? '\r\n' : '';
    const back = Math.floor(end / columns) - Math.floor(place / columns);
    const right = place % columns;
    this.screen.write(
      `${up}\r\x1b[J${this.prompt}${this.line}${wrapped}${back > 0 ? `\x1b[${back}A` : ''}\r${right > 0 ? `\x1b[${right}C` : ''}`,
    );
    this.row = Math.floor(place / columns);
  }

  /** Leaves the line as it is shown. */
  private leave(typed: Typed, mark = ''): void {
    this.at = this.line.length;
    this.draw();
    this.screen.write(`${mark}\r\n`);
    this.row = 0;
    const { waiting } = this;
    this.waiting = undefined;
    waiting?.(typed);
  }

  enter(): void {
    const { line, history } = this;
    if (line.trim() !== '' && history.at(-1) !== line) {
      history.push(line);
      history.splice(0, history.length - HISTORY_MAX);
      this.kept(history);
    }
    this.leave({ line });
  }

  interrupt(): void {
    this.leave({ interrupted: true }, '^C');
  }

  endOrDelete(): void {
    if (this.line === '') this.leave({ ended: true });
    else this.remove(this.at, this.at + 1);
  }

  move(to: number): void {
    this.at = Math.max(0, Math.min(this.line.length, to));
    this.draw();
  }

  remove(from: number, to: number): void {
    if (from < 0 || from === to) return;
    this.change(this.line.slice(0, from) + this.line.slice(to), from);
  }

  left = (): void => this.move(this.at - 1);
  right = (): void => this.move(this.at + 1);
  home = (): void => this.move(0);
  end = (): void => this.move(this.line.length);
  backspace = (): void => this.remove(this.at - 1, this.at);
  deleteNext = (): void => this.remove(this.at, this.at + 1);
  killRest = (): void => this.remove(this.at, this.line.length);
  killStart = (): void => this.remove(0, this.at);
  killWord = (): void => this.remove(this.wordStart(), this.at);
  wordLeft = (): void => this.move(this.wordStart());
  wordRight = (): void => this.move(this.at + /^\s*\S*/.exec(this.line.slice(this.at))![0].length);

  private wordStart(): number {
    return this.line.slice(0, this.at).replace(/\S*\s*$/, '').length;
  }

  clear(): void {
    this.screen.write('\x1b[2J\x1b[H');
    this.row = 0;
    this.draw();
  }

  recall(step: number): void {
    const { history } = this;
    const next = this.recalled + step;
    if (next < -1 || next >= history.length) return;
    if (this.recalled === -1) this.draft = this.line;
    this.recalled = next;
    const line = next === -1 ? this.draft : history.at(-1 - next)!;
    this.change(line, line.length);
  }

  async tab(): Promise<void> {
    const { line, at } = this;
    const presses = ++this.tabs;
    const { from, words } = await this.complete(line, at).catch(() => ({ from: at, words: [] }));
    // who has gone on typing meanwhile wants it no more
    if (!this.waiting || this.line !== line || this.at !== at || words.length === 0) return;
    const word = line.slice(from, at);
    const start = commonStart(words);
    const only = words.length === 1 && !start.endsWith('/') ? ' ' : '';
    if (start.length > word.length || only) {
      this.change(line.slice(0, from) + start + only + line.slice(at), from + start.length + only.length);
      return;
    }
    if (presses < 2) return;
    this.screen.write(`\r\n${inColumns(words, this.screen.columns)}`);
    this.row = 0;
    this.draw();
  }
}

/** By what a terminal sends. */
const KEYS: Readonly<Record<string, (this: LineEditor) => void>> = {
  '\r': LineEditor.prototype.enter,
  '\n': LineEditor.prototype.enter,
  '\x03': LineEditor.prototype.interrupt,
  '\x04': LineEditor.prototype.endOrDelete,
  '\x0c': LineEditor.prototype.clear,
  '\t'() {
    void this.tab();
  },
  '\x7f'() {
    this.backspace();
  },
  '\b'() {
    this.backspace();
  },
  '\x01'() {
    this.home();
  },
  '\x05'() {
    this.end();
  },
  '\x02'() {
    this.left();
  },
  '\x06'() {
    this.right();
  },
  '\x0b'() {
    this.killRest();
  },
  '\x15'() {
    this.killStart();
  },
  '\x17'() {
    this.killWord();
  },
  '\x1b\x7f'() {
    this.killWord();
  },
  '\x10'() {
    this.recall(1);
  },
  '\x0e'() {
    this.recall(-1);
  },
  '\x1b[A'() {
    this.recall(1);
  },
  '\x1b[B'() {
    this.recall(-1);
  },
  '\x1b[C'() {
    this.right();
  },
  '\x1b[D'() {
    this.left();
  },
  '\x1b[1;5C'() {
    this.wordRight();
  },
  '\x1b[1;5D'() {
    this.wordLeft();
  },
  '\x1bf'() {
    this.wordRight();
  },
  '\x1bb'() {
    this.wordLeft();
  },
  '\x1b[H'() {
    this.home();
  },
  '\x1b[F'() {
    this.end();
  },
  '\x1b[3~'() {
    this.deleteNext();
  },
};
