// The last exits of a machine, decoded, as they happen; nothing is kept while nobody looks.
// src/vmm/exit-trail.ts.
import { hex } from '../../src/base/bytes.js';
import { grouped } from './numbers.js';
import type { RemoteMachine } from '../machine/remote-machine.js';
import type { TrailLine } from '../../src/vmm/exit-trail.js';
import { element } from './element.js';

const REASON = 22;
const NUMBER = 10;

export class ExitList {
  readonly root: HTMLDetailsElement;
  private readonly still = element('input', { type: 'checkbox' });
  private readonly list = element('pre', { tabindex: 0, role: 'region', 'aria-label': 'Last exits, the newest first' });
  private asked = false;

  constructor(private readonly machine: RemoteMachine) {
    this.root = element(
      'details',
      { class: 'exit-list' },
      element('summary', {}, 'Last 200 exits'),
      element('label', {}, this.still, ' Hold still'),
      this.list,
    );
    this.root.ontoggle = () => machine.watch(this.root.open);
  }

  /** Asks for them when somebody looks and the last answer has come. */
  poll(): void {
    if (!this.root.open || this.still.checked || this.asked) return;
    this.asked = true;
    this.machine
      .lastExits()
      .then((lines) => {
        this.list.textContent = lines.reverse().map(textOf).join('\n') || 'none yet';
      })
      .catch(() => {
        // gone with its machine
      })
      .finally(() => {
        this.asked = false;
      });
  }
}

const textOf = ({ number, reason, at, what }: TrailLine): string =>
  `${grouped(number + 1).padStart(NUMBER)}  ${reason.padEnd(REASON)}  ${hex(at)}  ${what}`.trimEnd();
