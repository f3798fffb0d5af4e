// A machine of the visitor's: files dropped or chosen, memory, a command line; then its console and its screen.
// Ours; HTML drag and drop.
import { formatSize, MIB } from '../../src/base/bytes.js';
import { InputError, messageOf } from '../../src/base/errors.js';
import type { Mode } from '../../src/vmm/config.js';
import { MEMORY_MAX, MEMORY_MIN } from '../../src/vmm/layout.js';
import { core } from '../core.js';
import type { Ending } from '../machine/contract.js';
import { RemoteMachine } from '../machine/remote-machine.js';
import { MODES } from '../modes.js';
import { ConsoleView } from './console-view.js';
import { byId, element } from './element.js';
import { type FileKind, KIND_NAMES, recognize } from './file-kinds.js';
import { clearErrors, notice } from './notice.js';
import { brief } from './numbers.js';
import { Rates } from './rates.js';
import { ScreenView } from './screen-view.js';

/** Each in its place; a disk and a CD share one. */
type Place = 'kernel' | 'initrd' | 'disk';
const placeOf = (kind: FileKind): Place => (kind === 'cdrom' ? 'disk' : kind);

interface Running {
  machine: RemoteMachine;
  screen: ScreenView;
  rates: Rates;
  status: HTMLElement;
  state: string;
}

export class OwnMachine {
  private readonly chosen = new Map<Place, { file: File; kind: FileKind }>();
  private readonly form = byId<HTMLFormElement>('own-form');
  private readonly start = byId<HTMLButtonElement>('own-start');
  private readonly stop = byId<HTMLButtonElement>('own-stop');
  private readonly place = byId('own-machine');
  private running: Running | undefined;

  constructor() {
    byId('own-mode').append(
      ...MODES.map(({ mode, title }) => element('option', { value: mode, selected: mode === 'hw' }, title)),
    );
    const input = byId<HTMLInputElement>('files');
    byId('add-files').onclick = () => input.click();
    input.onchange = () => {
      void this.take([...(input.files ?? [])]);
      input.value = '';
    };
    this.acceptDrops(byId('own'), byId('drop'));
    byId<HTMLInputElement>('memory').max = String(MEMORY_MAX / MIB);
    // Our own words say what is wrong, not the browser's.
    this.form.noValidate = true;
    this.form.onsubmit = (event) => {
      event.preventDefault();
      void this.run();
    };
    this.stop.onclick = () => this.running?.machine.stop();
  }

  poll(now: number): void {
    if (!this.running) return;
    const { machine, screen, rates } = this.running;
    machine.poll();
    rates.add(now, machine.counters);
    screen.poll(now);
  }

  showRates(): void {
    if (!this.running) return;
    const { rates, status, state } = this.running;
    const speed = `${brief(rates.of('instructions'))} instructions/s · ${brief(rates.of('exits'))} exits/s`;
    status.textContent = state === 'running' ? speed : state;
  }

  /** Files go to their places by what they are. */
  async take(files: readonly File[]): Promise<void> {
    clearErrors();
    for (const file of files) {
      try {
        const recognized = await recognize(file);
        if ('kind' in recognized) this.chosen.set(placeOf(recognized.kind), { file, kind: recognized.kind });
        else notice('error', recognized.what, recognized.advice);
      } catch (error) {
        notice(
          'error',
          `${file.name}: the browser could not read it (${messageOf(error)}).`,
          'A folder cannot be dropped; choose files.',
        );
      }
    }
    this.showChosen();
  }

  private showChosen(): void {
    const rows = [...this.chosen].map(([place, { file, kind }]) => {
      const remove = element('button', { type: 'button', 'aria-label': `Remove ${file.name}` }, '×');
      remove.onclick = () => {
        this.chosen.delete(place);
        this.showChosen();
      };
      const name = element('span', {}, file.name);
      return element(
        'li',
        { 'data-kind': kind },
        element('b', {}, KIND_NAMES[kind]),
        name,
        element('small', {}, formatSize(file.size)),
        remove,
      );
    });
    byId('chosen').replaceChildren(...rows);
  }

  private acceptDrops(panel: HTMLElement, target: HTMLElement): void {
    const over = (on: boolean) => target.classList.toggle('over', on);
    panel.addEventListener('dragover', (event) => {
      event.preventDefault();
      over(true);
    });
    panel.addEventListener('dragleave', () => over(false));
    panel.addEventListener('drop', (event) => {
      event.preventDefault();
      over(false);
      void this.take([...(event.dataTransfer?.files ?? [])]);
    });
  }

  private async run(): Promise<void> {
    if (this.running) return;
    clearErrors();
    const memory = byId<HTMLInputElement>('memory');
    const size = Number(memory.value) * MIB;
    const kernel = this.chosen.get('kernel')?.file;
    if (!kernel) {
      notice('error', 'There is no kernel.', 'Add a Linux vmlinuz or a Multiboot kernel.');
      byId('add-files').focus();
      return;
    }
    if (!Number.isInteger(size / MIB) || size < MEMORY_MIN || size > MEMORY_MAX) {
      notice(
        'error',
        `Memory: a machine has ${formatSize(MEMORY_MIN)} to ${formatSize(MEMORY_MAX)}.`,
        'Give a whole number of MiB between them.',
      );
      memory.focus();
      return;
    }
    this.setRunning(true);
    let ending: Ending;
    try {
      ending = await this.runMachine(kernel, size);
    } catch (error) {
      const advice = error instanceof InputError ? error.advice : 'This is a bug of tabvisor.';
      ending = { kind: 'refused', what: messageOf(error), advice };
    }
    this.ended(ending);
  }

  private async runMachine(kernel: File, memory: number): Promise<Ending> {
    const module = await core();
    const initrd = this.chosen.get('initrd')?.file;
    const disk = this.chosen.get('disk');
    const status = element('p', { class: 'status', role: 'status' }, 'starting');
    const loading = element('progress', { max: 1, value: 0, 'aria-label': 'Loading' });
    const consolePlace = element('div', { class: 'console tall' });
    const machine = new RemoteMachine({
      output: (bytes) => view.write(bytes),
      loading: (name, done, total) => {
        running.state = `loading ${name}: ${formatSize(done)} of ${formatSize(total)}`;
        loading.value = done / total;
        loading.hidden = done >= total;
        if (done >= total) running.state = 'running';
      },
      warning: (line) => view.say(line),
    });
    const screen = new ScreenView(machine, () => this.stop);
    const running: Running = { machine, screen, rates: new Rates(), status, state: 'running' };
    this.place.replaceChildren(
      element('div', { class: 'status-line' }, status, loading),
      element(
        'div',
        { class: 'pair' },
        element('figure', {}, element('figcaption', {}, 'Console (ttyS0)'), consolePlace),
        element('figure', {}, element('figcaption', {}, 'Screen (tty0)'), screen.root),
      ),
    );
    this.place.hidden = false;
    const view: ConsoleView = new ConsoleView(
      consolePlace,
      'Console of your machine',
      (text) => machine.type(text),
      () => this.stop,
    );
    this.running = running;
    view.live = true;
    view.focus();
    const file = (one: File) => ({ name: one.name, blob: one });
    const ending = await machine.run({
      core: module,
      mode: byId<HTMLSelectElement>('own-mode').value as Mode,
      memory,
      kernel: file(kernel),
      initrd: initrd && file(initrd),
      commandLine: byId<HTMLInputElement>('command-line').value,
      disk: disk && { ...file(disk.file), cdrom: disk.kind === 'cdrom' },
    });
    loading.hidden = true;
    return ending;
  }

  private setRunning(on: boolean): void {
    this.start.disabled = on;
    this.stop.disabled = !on;
  }

  private ended(ending: Ending): void {
    const say = (text: string): void => {
      if (this.running) this.running.status.textContent = text;
    };
    if (ending.kind === 'stopped') say('stopped');
    else if (ending.kind === 'refused') {
      say('not started');
      this.place.hidden = true;
      notice('error', ending.what, ending.advice);
    } else {
      const { outcome, statistics } = ending;
      const done = `${brief(statistics.instructions)} instructions, ${brief(statistics.entries)} exits`;
      say(`${outcome.kind === 'power-off' ? 'powered off' : `ended: ${outcome.kind}`} after ${done}`);
      if (outcome.kind === 'triple-fault')
        notice(
          'error',
          `The guest crashed: triple fault after exception ${outcome.vector}.`,
          'Its last words are on the console.',
        );
    }
    this.running = undefined;
    this.setRunning(false);
  }
}
