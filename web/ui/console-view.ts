// A serial console on the page: xterm.js, fitted to its place, in the page's colours.
// xterm.js 6 API; ECMA-48 and xterm's control sequences for keys. Copy takes the selection, and Ctrl-C goes through when nothing is selected.
import { FitAddon } from '@xterm/addon-fit';
import { Terminal } from '@xterm/xterm';
import '@xterm/xterm/css/xterm.css';
import { KeyRow, type RowKey } from './key-row.js';
import { onTheme, terminalTheme } from './theme.js';

/** Final bytes of the arrows' sequences. */
const ARROWS: Partial<Record<RowKey, string>> = { ArrowUp: 'A', ArrowDown: 'B', ArrowRight: 'C', ArrowLeft: 'D' };

export class ConsoleView {
  private readonly terminal: Terminal;
  private readonly fit = new FitAddon();
  private readonly place: HTMLElement;
  private readonly row: KeyRow;
  private written = false;
  /** Whether keys go to a machine; otherwise they are the browser's, so that Tab leads on. */
  live = false;
  /** Gives back what the page keeps for it. */
  readonly close: () => void;

  /** `place` is in the page, or will be. `leave`: what gets the focus when Ctrl-F6 is pressed. */
  constructor(place: HTMLElement, label: string, typed: (text: string) => void, leave: () => HTMLElement) {
    this.place = place;
    this.terminal = new Terminal({
      convertEol: false,
      fontFamily: 'ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace',
      fontSize: 12,
      scrollback: 5000,
      theme: terminalTheme(),
    });
    this.terminal.loadAddon(this.fit);
    this.terminal.open(place);
    this.terminal.textarea?.setAttribute('aria-label', label);
    this.row = new KeyRow(label, (key, control) => typed(this.sequence(key, control)));
    place.after(this.row.root);
    this.terminal.onData((text) => typed(this.row.takeControl() ? controlled(text) : text));
    this.terminal.attachCustomKeyEventHandler((event) => {
      if (!this.live) return false;
      if (event.ctrlKey && event.key === 'F6') {
        if (event.type === 'keydown') leave().focus();
        event.preventDefault();
        return false;
      }
      // Left to the browser: copying what is selected, and pasting.
      if ((event.ctrlKey || event.metaKey) && event.code === 'KeyC' && this.terminal.hasSelection()) {
        if (event.type === 'keydown') void navigator.clipboard?.writeText(this.terminal.getSelection());
        if (event.type === 'keyup') this.terminal.clearSelection();
        return false;
      }
      return !((event.ctrlKey || event.metaKey) && event.code === 'KeyV');
    });
    const resizes = new ResizeObserver(() => this.resize());
    resizes.observe(place);
    const noTheme = onTheme(() => {
      this.terminal.options.theme = terminalTheme();
    });
    this.close = () => {
      noTheme();
      resizes.disconnect();
      this.terminal.dispose();
    };
    this.resize();
  }

  /** Calls `shown` when the terminal has taken them. */
  write(bytes: Uint8Array, shown?: () => void): void {
    this.written = true;
    this.terminal.write(bytes, shown);
  }

  /** A line of the page's own between the guest's. */
  say(text: string): void {
    this.written = true;
    this.terminal.write(`\r\n\x1b[2m${text}\x1b[0m\r\n`);
  }

  clear(): void {
    if (this.written) this.terminal.reset();
    this.written = false;
  }

  get size(): { columns: number; rows: number } {
    return { columns: this.terminal.cols, rows: this.terminal.rows };
  }

  /** `changed` is called when its place has become another size. */
  onResize(changed: (size: { columns: number; rows: number }) => void): void {
    this.terminal.onResize(() => changed(this.size));
  }

  focus(): void {
    this.terminal.focus();
  }

  private sequence(key: RowKey, control: boolean): string {
    if (key === 'Escape') return '\x1b';
    if (key === 'Tab') return '\t';
    const final = ARROWS[key];
    if (control) return `\x1b[1;5${final}`;
    return `${this.terminal.modes.applicationCursorKeysMode ? '\x1bO' : '\x1b['}${final}`;
  }

  private resize(): void {
    if (this.place.clientWidth > 0) this.fit.fit();
  }
}

/** Of one character the control character; more than one is pasted and stays as it is. */
function controlled(text: string): string {
  return text.length === 1 && /[@-_a-z]/.test(text) ? String.fromCharCode(text.charCodeAt(0) & 0x1f) : text;
}
