// The keys that a phone's keyboard lacks, as buttons: Esc, Tab, the arrows, and a Ctrl that holds for the next key.
// UI Events KeyboardEvent key Values for the names.
import { element } from './element.js';

export type RowKey = 'Escape' | 'Tab' | 'ArrowLeft' | 'ArrowUp' | 'ArrowDown' | 'ArrowRight';

const KEYS: readonly [key: RowKey, shown: string, label?: string][] = [
  ['Escape', 'Esc'],
  ['Tab', 'Tab'],
  ['ArrowLeft', '←', 'Arrow left'],
  ['ArrowUp', '↑', 'Arrow up'],
  ['ArrowDown', '↓', 'Arrow down'],
  ['ArrowRight', '→', 'Arrow right'],
];

export class KeyRow {
  readonly root: HTMLElement;
  private readonly control = element('button', { type: 'button', class: 'row-key', 'aria-pressed': 'false' }, 'Ctrl');

  /** `pressed` gets a key and whether Ctrl is held; `of` names what they go to. */
  constructor(of: string, pressed: (key: RowKey, control: boolean) => void) {
    this.root = element('div', { class: 'key-row', role: 'group', 'aria-label': `Keys for ${of}` });
    this.control.onclick = () => this.hold(this.control.getAttribute('aria-pressed') !== 'true');
    for (const [key, shown, label] of KEYS) {
      const button = element('button', { type: 'button', class: 'row-key', 'aria-label': label }, shown);
      button.onclick = () => pressed(key, this.takeControl());
      this.root.append(button);
      if (key === 'Tab') this.root.append(this.control);
    }
    // the focus stays where it is, and with it a phone's keyboard
    this.root.onpointerdown = (event) => event.preventDefault();
  }

  /** Whether Ctrl was held for the key that is being typed; it is no longer. */
  takeControl(): boolean {
    const held = this.control.getAttribute('aria-pressed') === 'true';
    if (held) this.hold(false);
    return held;
  }

  private hold(on: boolean): void {
    this.control.setAttribute('aria-pressed', String(on));
  }
}
