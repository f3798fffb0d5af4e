// The VGA screen on a canvas, its text for those who cannot see it, and the keyboard that goes with it.
// HTML canvas 2D; UI Events (keyboard).
import type { RemoteMachine } from '../machine/remote-machine.js';
import { element } from './element.js';
import { keyCode } from './key-codes.js';

/** Milliseconds between two pictures. */
const PERIOD = 100;

export class ScreenView {
  readonly root: HTMLElement;
  private readonly canvas = element('canvas', { width: 720, height: 400, tabindex: 0, role: 'img' });
  private readonly text = element('pre', { class: 'unseen', 'aria-label': 'Text on the screen' });
  private readonly held = new Set<number>();
  private lastAt = 0;
  private asked = false;

  /** `leave`: what gets the focus when Ctrl-F6 is pressed. */
  constructor(
    private readonly machine: RemoteMachine,
    leave: () => HTMLElement,
  ) {
    this.canvas.setAttribute('aria-label', 'Screen of the machine; type here');
    this.root = element('div', { class: 'screen' }, this.canvas, this.text);
    this.canvas.onkeydown = (event) => {
      if (event.ctrlKey && event.key === 'F6') {
        leave().focus();
        return event.preventDefault();
      }
      this.key(event, true);
    };
    this.canvas.onkeyup = (event) => this.key(event, false);
    // Keys that come up elsewhere would stay down in the machine.
    this.canvas.onblur = () => {
      for (const code of this.held) machine.key(code, false);
      this.held.clear();
    };
    this.canvas.onpointerdown = () => this.canvas.focus();
  }

  /** Asks for a picture when it is time and the last one has come. */
  poll(now: number): void {
    if (this.asked || now - this.lastAt < PERIOD || !this.canvas.isConnected || this.canvas.offsetParent === null)
      return;
    this.lastAt = now;
    this.asked = true;
    this.machine
      .screen()
      .then(({ width, height, pixels, lines }) => {
        this.asked = false;
        if (this.canvas.width !== width || this.canvas.height !== height) {
          this.canvas.width = width;
          this.canvas.height = height;
        }
        const picture = new ImageData(new Uint8ClampedArray(pixels.buffer as ArrayBuffer), width, height);
        this.canvas.getContext('2d')?.putImageData(picture, 0, 0);
        const text = lines.join('\n').trimEnd();
        if (this.text.textContent !== text) this.text.textContent = text;
      })
      .catch(() => {
        // not built yet, or gone: ask again at the next time
        this.asked = false;
      });
  }

  private key(event: KeyboardEvent, down: boolean): void {
    const code = keyCode(event);
    if (code === undefined) return;
    event.preventDefault();
    if (down) this.held.add(code);
    else this.held.delete(code);
    this.machine.key(code, down);
  }
}
