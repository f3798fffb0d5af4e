// A machine that is on, or was: its state, console, screen and last exits.
// Ours.
import { formatSize } from '../../src/base/bytes.js';
import { type MachineListener, RemoteMachine } from '../machine/remote-machine.js';
import { ConsoleView } from './console-view.js';
import { element } from './element.js';
import { ExitList } from './exit-list.js';
import { brief } from './numbers.js';
import { elapsed, phaseOf } from './phase.js';
import { Rates } from './rates.js';
import { ScreenView } from './screen-view.js';

export class MachineView {
  readonly root: HTMLElement;
  readonly machine: RemoteMachine;
  private readonly console: ConsoleView;
  private readonly screen: ScreenView;
  private readonly exits: ExitList;
  private readonly rates = new Rates();
  private readonly state = element('p', { class: 'status', role: 'status' }, 'loading the processor');
  private readonly counters = element('p', { class: 'counters' });
  private readonly loading = element('progress', { max: 1, value: 0, 'aria-label': 'Loading', hidden: true });
  private readonly startedAt = performance.now();
  /** Its processor has begun: there is nothing more to load. */
  private begun = false;
  private printed = false;
  private paused = false;
  private running = true;

  /** `leave`: what gets the focus when Ctrl-F6 is pressed. */
  constructor(leave: () => HTMLElement) {
    const place = element('div', { class: 'console tall' });
    const listener: MachineListener = {
      output: (bytes, shown) => {
        this.printed = true;
        this.console.write(bytes, shown);
      },
      loading: (name, done, total) => {
        this.say(done < total ? `loading ${name}: ${formatSize(done)} of ${formatSize(total)}` : 'running');
        this.loading.value = done / total;
        this.loading.hidden = done >= total;
      },
      warning: (line) => this.console.say(line),
    };
    this.machine = new RemoteMachine(listener);
    this.screen = new ScreenView(this.machine, leave);
    this.exits = new ExitList(this.machine);
    this.root = element(
      'div',
      {},
      element('div', { class: 'status-line' }, this.state, this.counters, this.loading),
      element(
        'div',
        { class: 'pair' },
        element('figure', {}, element('figcaption', {}, 'Console (ttyS0)'), place),
        element('figure', {}, element('figcaption', {}, 'Screen (tty0)'), this.screen.root),
      ),
      this.exits.root,
    );
    this.console = new ConsoleView(place, 'Console of your machine', (text) => this.machine.type(text), leave);
    this.console.live = true;
  }

  focus(onScreen: boolean): void {
    if (onScreen) this.screen.focus();
    else this.console.focus();
  }

  poll(now: number): void {
    if (!this.running) return;
    this.machine.poll();
    this.rates.add(now, this.machine.counters);
    this.screen.poll(now);
  }

  /** Brings the numbers up to date: less often than `poll`. */
  showRates(): void {
    if (!this.running) return;
    this.exits.poll();
    if (!this.begun && this.machine.counters.instructions > 0) {
      this.begun = true;
      if (!this.paused) this.say('running');
    }
    const time = elapsed(performance.now() - this.startedAt);
    if (this.paused) this.counters.textContent = time;
    else if (this.printed || this.screen.shows)
      this.counters.textContent = `${time} · ${brief(this.rates.of('instructions'))} instructions/s · ${brief(this.rates.of('exits'))} exits/s`;
    else if (this.machine.counters.instructions > 0)
      this.counters.textContent = `${time} · nothing printed yet; ${phaseOf(this.machine.counters.cr0)}`;
    else this.counters.textContent = time;
  }

  pause(on: boolean): void {
    this.paused = on;
    this.machine.pause(on);
    this.say(on ? 'paused' : 'running');
  }

  reset(): void {
    this.printed = false;
    this.machine.reset();
  }

  /** The machine is off: `text` says why. */
  end(text: string): void {
    this.running = false;
    this.loading.hidden = true;
    this.console.live = false;
    this.screen.live = false;
    this.counters.textContent = elapsed(performance.now() - this.startedAt);
    this.say(text);
  }

  /** Before it is taken from the page. */
  close(): void {
    this.console.close();
  }

  private say(text: string): void {
    if (this.state.textContent !== text) this.state.textContent = text;
  }
}
