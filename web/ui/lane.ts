// One machine of the race: its console, its counters, how far it has come. When the race is over it stays at its guest's monitor.
// Ours; guest/README.md (the monitor).
import { InputError, messageOf } from '../../src/base/errors.js';
import { MIB } from '../../src/base/bytes.js';
import type { Lap } from '../../src/modes/laps.js';
import { RACE, raceCommandLine } from '../../src/modes/rows.js';
import { core, ownGuest } from '../../src/hosts/browser/package-files.js';
import type { Ending } from '../machine/contract.js';
import { RemoteMachine } from '../machine/remote-machine.js';
import type { OfferedMode } from '../modes.js';
import { ConsoleView } from './console-view.js';
import { element } from './element.js';
import { notice } from './notice.js';
import { brief } from './numbers.js';
import { Rates } from './rates.js';

const MEMORY = 64 * MIB;

const STATES = {
  off: 'off',
  waiting: 'waits for its turn',
  starting: 'starting',
  running: 'running',
  monitor: 'at its monitor',
  stopped: 'stopped',
  'powered-off': 'powered off',
  failed: 'failed',
  crashed: 'crashed',
} as const;
export type LaneState = keyof typeof STATES;

export class Lane {
  readonly root: HTMLElement;
  /** The newest of each workload. */
  readonly laps = new Map<string, Lap>();
  state: LaneState = 'off';
  /** Something was typed at the monitor. */
  touched = false;
  private machine: RemoteMachine | undefined;
  private view: ConsoleView;
  private rates = new Rates();
  private raced: () => void = () => {};
  /** Counts the runs: what comes of an earlier one is of no interest. */
  private runs = 0;
  private readonly shown = element('span', { class: 'state' }, STATES.off);
  private readonly speed = element('output', { 'data-gauge': 'instructions' }, '–');
  private readonly exits = element('output', { 'data-gauge': 'exits' }, '–');
  private readonly progress = element('progress', { max: RACE.length, value: 0 });
  private readonly start = element('button', { type: 'button' }, 'Run');
  private readonly halt = element('button', { type: 'button', disabled: true }, 'Stop');

  /** `changed` is called when its state or a lap is new. */
  constructor(
    readonly offered: OfferedMode,
    private readonly times: () => number,
    private readonly changed: () => void,
  ) {
    const { mode, title, means } = offered;
    const place = element('div', { class: 'console' });
    this.progress.setAttribute('aria-label', `Workloads done, ${title}`);
    this.start.setAttribute('aria-label', `Run ${title}`);
    this.halt.setAttribute('aria-label', `Stop ${title}`);
    this.root = element(
      'article',
      { class: 'lane', 'data-mode': mode, 'data-state': 'off' },
      element(
        'div',
        { class: 'lane-head' },
        element('div', {}, element('h2', {}, title, ' ', element('small', {}, mode)), element('p', {}, means)),
        element('div', { class: 'buttons' }, this.start, this.halt),
      ),
      element(
        'dl',
        { class: 'gauges' },
        element('div', {}, element('dt', {}, 'instructions/s'), element('dd', {}, this.speed)),
        element('div', {}, element('dt', {}, 'exits/s'), element('dd', {}, this.exits)),
        element('div', {}, element('dt', {}, 'state'), element('dd', {}, this.shown)),
      ),
      this.progress,
      place,
    );
    this.view = new ConsoleView(
      place,
      `Console, ${title}`,
      (text) => {
        this.touched ||= this.state === 'monitor';
        this.machine?.type(text);
      },
      () => this.halt,
    );
    this.start.onclick = () => void this.race();
    this.halt.onclick = () => this.stop();
  }

  /** On its way through the workloads. */
  get racing(): boolean {
    return this.state === 'starting' || this.state === 'running';
  }

  get on(): boolean {
    return this.racing || this.state === 'monitor';
  }

  /** A race is under way in which its turn has not come. */
  set waits(on: boolean) {
    if (on) this.show('waiting');
    else if (this.state === 'waiting') this.show('off');
  }

  stop(): void {
    if (!this.on) return;
    this.runs++;
    this.machine?.stop();
    this.ended({ kind: 'stopped' });
  }

  /** Starts anew; resolves when the workloads have come to their end, one way or another. */
  async race(): Promise<void> {
    if (this.racing) return;
    this.stop();
    this.laps.clear();
    this.touched = false;
    this.rates = new Rates();
    this.view.clear();
    this.show('starting');
    const raced = new Promise<void>((resolve) => {
      this.raced = resolve;
    });
    void this.runMachine(++this.runs);
    await raced;
  }

  /** Shows what has come since the last time. */
  poll(now: number): void {
    if (!this.machine) return;
    this.machine.poll();
    this.rates.add(now, this.machine.counters);
  }

  /** Brings the numbers up to date: less often than `poll`. */
  showRates(): void {
    if (!this.machine) return;
    this.speed.value = brief(this.rates.of('instructions'));
    this.exits.value = brief(this.rates.of('exits'));
  }

  private async runMachine(run: number): Promise<void> {
    let ending: Ending;
    try {
      const [module, guest] = await Promise.all([core(), ownGuest()]);
      if (run !== this.runs) return;
      const machine = new RemoteMachine({
        output: (bytes, shown) => (run === this.runs ? this.view.write(bytes, shown) : shown()),
        loading: () => {},
        warning: (line) => this.view.say(line),
        lap: (lap) => {
          if (run === this.runs) this.take(lap);
        },
      });
      this.machine = machine;
      this.show('running');
      ending = await machine.run({
        core: module,
        mode: this.offered.mode,
        ept: true,
        vmx: true,
        memory: MEMORY,
        boot: {
          kind: 'kernel',
          kernel: { name: 'tabvisor-guest.elf', blob: guest },
          commandLine: raceCommandLine(this.times()),
        },
        disk: 'scratch',
        laps: true,
      });
    } catch (error) {
      ending = {
        kind: 'refused',
        what: messageOf(error),
        advice: error instanceof InputError ? error.advice : 'This is a bug of tabvisor.',
      };
    }
    if (run === this.runs) this.ended(ending);
  }

  private take(lap: Lap): void {
    this.laps.set(lap.name, lap);
    if (this.state === 'running' && RACE.every(({ workload }) => this.laps.has(workload))) {
      this.show('monitor');
      this.raced();
    } else this.show(this.state);
  }

  private ended(ending: Ending): void {
    this.machine = undefined;
    this.speed.value = '–';
    this.exits.value = '–';
    if (ending.kind === 'stopped') this.show('stopped');
    else if (ending.kind === 'refused') {
      this.show('failed');
      notice('error', `${this.offered.title}: ${ending.what}`, ending.advice);
    } else if (ending.outcome.kind !== 'power-off') {
      this.show('crashed');
      this.view.say(`the machine ended: ${ending.outcome.kind}`);
    } else {
      this.show('powered-off');
      this.view.say('powered off');
    }
    this.raced();
  }

  private show(state: LaneState): void {
    this.state = state;
    this.shown.textContent = STATES[state];
    this.root.dataset.state = state;
    this.progress.value = RACE.filter(({ workload }) => this.laps.has(workload)).length;
    this.start.disabled = this.racing || state === 'waiting';
    this.halt.disabled = !this.on;
    this.view.live = this.on;
    this.changed();
  }
}
