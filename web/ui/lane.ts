// One machine of the race: its console, its counters, how far it has come.
// Ours.
import { InputError, messageOf } from '../../src/base/errors.js';
import { MIB } from '../../src/base/bytes.js';
import { WORKLOADS, type WorkloadLine } from '../../src/modes/workload-line.js';
import type { Statistics } from '../../src/vmm/vm.js';
import { core, ownGuest } from '../core.js';
import type { Ending } from '../machine/contract.js';
import { RemoteMachine } from '../machine/remote-machine.js';
import type { OfferedMode } from '../modes.js';
import { ConsoleView } from './console-view.js';
import { element } from './element.js';
import { notice } from './notice.js';
import { brief } from './numbers.js';
import { Rates } from './rates.js';
import { WorkloadReader } from './workloads.js';

const MEMORY = 64 * MIB;

export class Lane {
  readonly root: HTMLElement;
  readonly lines = new Map<string, WorkloadLine>();
  /** Of a run that has come to its end. */
  statistics: Statistics | undefined;
  private machine: RemoteMachine | undefined;
  private busy = false;
  private view: ConsoleView;
  private rates = new Rates();
  private readonly state = element('span', { class: 'state' }, 'off');
  private readonly speed = element('output', { 'data-gauge': 'instructions' }, '–');
  private readonly exits = element('output', { 'data-gauge': 'exits' }, '–');
  private readonly progress = element('progress', { max: WORKLOADS.length, value: 0 });
  private readonly button = element('button', { type: 'button' }, 'Run');

  /** `changed` is called when there is something new for the table. */
  constructor(
    readonly offered: OfferedMode,
    private readonly scale: () => number,
    private readonly changed: () => void,
  ) {
    const { mode, title, means } = offered;
    const place = element('div', { class: 'console' });
    this.progress.setAttribute('aria-label', `Workloads done, ${title}`);
    this.button.setAttribute('aria-label', `Run ${title}`);
    this.root = element(
      'article',
      { class: 'lane', 'data-mode': mode, 'data-state': 'off' },
      element(
        'div',
        { class: 'lane-head' },
        element('div', {}, element('h2', {}, title), element('p', {}, means)),
        this.button,
      ),
      element(
        'dl',
        { class: 'gauges' },
        element('div', {}, element('dt', {}, 'instructions/s'), element('dd', {}, this.speed)),
        element('div', {}, element('dt', {}, 'exits/s'), element('dd', {}, this.exits)),
        element('div', {}, element('dt', {}, 'state'), element('dd', {}, this.state)),
      ),
      this.progress,
      place,
    );
    this.view = new ConsoleView(
      place,
      `Console, ${title}`,
      (text) => this.machine?.type(text),
      () => this.button,
    );
    this.button.onclick = () => (this.busy ? this.stop() : void this.run());
  }

  get running(): boolean {
    return this.busy;
  }

  stop(): void {
    this.machine?.stop();
  }

  async run(): Promise<void> {
    if (this.busy) return;
    this.busy = true;
    this.lines.clear();
    this.statistics = undefined;
    this.rates = new Rates();
    this.view.clear();
    this.show('starting');
    try {
      this.ended(await this.runMachine());
    } catch (error) {
      this.ended({
        kind: 'refused',
        what: messageOf(error),
        advice: error instanceof InputError ? error.advice : 'This is a bug of tabvisor.',
      });
    }
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

  private async runMachine(): Promise<Ending> {
    const reader = new WorkloadReader((line) => {
      this.lines.set(line.name, line);
      this.progress.value = this.lines.size;
      this.changed();
    });
    const [module, guest] = await Promise.all([core(), ownGuest()]);
    const machine = new RemoteMachine({
      output: (bytes) => {
        this.view.write(bytes);
        reader.take(bytes);
      },
      loading: () => {},
      warning: (line) => this.view.say(line),
    });
    this.machine = machine;
    this.show('running');
    return machine.run({
      core: module,
      mode: this.offered.mode,
      memory: MEMORY,
      kernel: { name: 'tabvisor-guest.elf', blob: guest },
      commandLine: `run=all scale=${this.scale()} exit=poweroff`,
      disk: 'scratch',
    });
  }

  private ended(ending: Ending): void {
    this.busy = false;
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
      this.statistics = ending.statistics;
      this.show('done');
      this.view.say('powered off');
    }
    this.changed();
  }

  private show(state: string): void {
    this.state.textContent = state;
    this.root.dataset.state = state;
    this.progress.value = this.lines.size;
    this.button.textContent = this.busy ? 'Stop' : 'Run';
    this.button.setAttribute('aria-label', `${this.busy ? 'Stop' : 'Run'} ${this.offered.title}`);
    this.changed();
  }
}
