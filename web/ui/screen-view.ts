// The VGA screen on a canvas, its text for those who cannot see it, and the keyboard that goes with it.
// HTML canvas (bitmaprenderer); UI Events (keyboard); Input Events 2 (what a phone's keyboard sends instead).
import { press, type Stroke, strokeOf } from '../../src/devices/input/us-layout.js';
import type { RemoteMachine } from '../machine/remote-machine.js';
import { element } from './element.js';
import { codeOfKey, keyCode } from './key-codes.js';
import { KeyRow } from './key-row.js';

/** Milliseconds between two pictures. */
const PERIOD = 100;
/** What a phone's keyboard does beside typing characters. */
const INPUT_KEYS: Record<string, string> = {
  deleteContentBackward: '\b',
  insertLineBreak: '\n',
  insertParagraph: '\n',
};

export class ScreenView {
  readonly root: HTMLElement;
  /** Whether keys go to the machine. */
  live = true;
  /** There is something on it. */
  shows = false;
  private readonly canvas = element('canvas', { width: 720, height: 400, tabindex: 0, role: 'img' });
  private readonly text = element('pre', { class: 'unseen', role: 'region', 'aria-label': 'Text on the screen' });
  /** Has the focus on a phone, where nothing else brings the keyboard up. */
  private readonly soft = element('textarea', { class: 'unseen', tabindex: -1, 'aria-label': 'Type on the screen' });
  private readonly row: KeyRow;
  private readonly held = new Set<number>();
  private lastAt = 0;
  private asked = false;

  /** `leave`: what gets the focus when Ctrl-F6 is pressed. */
  constructor(
    private readonly machine: RemoteMachine,
    leave: () => HTMLElement,
  ) {
    this.canvas.setAttribute('aria-label', 'Screen of the machine; type here');
    this.row = new KeyRow('the screen', (key, control) => {
      const code = codeOfKey(key);
      if (code !== undefined) this.stroke({ code, shift: false, control });
    });
    this.root = element('div', { class: 'screen' }, this.canvas, this.text, this.soft, this.row.root);
    for (const place of [this.canvas, this.soft]) {
      place.onkeydown = (event: KeyboardEvent) => {
        if (!this.live) return;
        if (event.ctrlKey && event.key === 'F6') {
          leave().focus();
          return event.preventDefault();
        }
        this.key(event, true);
      };
      place.onkeyup = (event: KeyboardEvent) => this.key(event, false);
      // Keys that come up elsewhere would stay down in the machine.
      place.onblur = () => {
        for (const code of this.held) machine.key(code, false);
        this.held.clear();
      };
    }
    this.soft.addEventListener('beforeinput', (event) => {
      event.preventDefault();
      for (const character of event.data ?? INPUT_KEYS[event.inputType] ?? '') this.type(character);
    });
    this.canvas.onpointerdown = (event) => {
      const touched = event.pointerType === 'touch';
      if (touched) event.preventDefault();
      (touched ? this.soft : this.canvas).focus();
    };
  }

  focus(): void {
    this.canvas.focus();
  }

  /** Asks for a picture when it is time and the last one has come. */
  poll(now: number): void {
    if (this.asked || now - this.lastAt < PERIOD || !this.canvas.isConnected || this.canvas.offsetParent === null)
      return;
    this.lastAt = now;
    this.asked = true;
    this.machine
      .screen()
      .then(({ picture, lines }) => {
        this.asked = false;
        const { width, height } = picture;
        if (this.canvas.width !== width || this.canvas.height !== height) {
          this.canvas.width = width;
          this.canvas.height = height;
        }
        this.canvas.getContext('bitmaprenderer')?.transferFromImageBitmap(picture);
        const text = lines.join('\n').trimEnd();
        if (this.text.textContent !== text) this.text.textContent = text;
        this.shows ||= text !== '' || lines.length === 0;
      })
      .catch(() => {
        // not built yet, or gone: ask again at the next time
        this.asked = false;
      });
  }

  private key(event: KeyboardEvent, down: boolean): void {
    const code = keyCode(event);
    if (!this.live || code === undefined) return;
    event.preventDefault();
    if (down && this.row.takeControl()) this.stroke({ code, shift: false, control: true });
    else {
      if (down) this.held.add(code);
      else this.held.delete(code);
      this.machine.key(code, down);
    }
  }

  private type(character: string): void {
    const stroke = strokeOf(character);
    if (stroke) this.stroke({ ...stroke, control: stroke.control || this.row.takeControl() });
  }

  private stroke(stroke: Stroke): void {
    if (this.live) press(stroke, (code, down) => this.machine.key(code, down));
  }
}
