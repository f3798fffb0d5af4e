// A Linux root of the visitor's: its layers, the program, and the terminal that this runs on.
// Ours.
import { formatSize, MIB } from '../../src/base/bytes.js';
import { InputError, messageOf } from '../../src/base/errors.js';
import { core } from '../../src/hosts/browser/package-files.js';
import type { RootEnding } from '../root/contract.js';
import { RemoteRoot } from '../root/remote-root.js';
import { ConsoleView } from './console-view.js';
import { byId, element } from './element.js';
import { clearErrors, notice } from './notice.js';
import { remember } from './stored.js';

const MEMORY_MIN = 64;
const MEMORY_MAX = 2048;
const USTAR = 257;

/** Is it a tar, or a packed one by its name? What else is packed with gzip is an initrd. */
export async function isLayer(file: File): Promise<boolean> {
  if (/\.(tar\.gz|tgz)$/i.test(file.name)) return true;
  const magic = new Uint8Array(await file.slice(USTAR, USTAR + 5).arrayBuffer());
  return String.fromCharCode(...magic) === 'ustar';
}

export class RootView {
  private readonly start = byId<HTMLButtonElement>('root-start');
  private readonly stop = byId<HTMLButtonElement>('root-stop');
  private readonly program = byId<HTMLInputElement>('root-program');
  private readonly memory = byId<HTMLInputElement>('root-memory');
  private readonly place = byId('root-view');
  private readonly list = byId('layers');
  private layers: File[] = [];
  private console: ConsoleView | undefined;
  private remote: RemoteRoot | undefined;

  constructor() {
    remember(this.program, this.memory);
    const input = byId<HTMLInputElement>('layer-files');
    byId('add-layers').onclick = () => input.click();
    input.onchange = () => {
      const files = [...(input.files ?? [])];
      input.value = '';
      this.take(files);
    };
    const form = byId<HTMLFormElement>('root-form');
    // Our own words say what is wrong, not the browser's.
    form.noValidate = true;
    form.onsubmit = (event) => {
      event.preventDefault();
      void this.run();
    };
    this.stop.onclick = () => this.remote?.stop();
  }

  /** A program is on. */
  get busy(): boolean {
    return this.start.disabled;
  }

  /** The first tar starts a shell by itself; more of them lie on it at the next start. */
  take(files: readonly File[]): void {
    clearErrors();
    const first = this.layers.length === 0;
    this.layers.push(...files);
    this.show();
    if (first && !this.busy) void this.run();
  }

  private show(): void {
    this.list.replaceChildren(
      ...this.layers.map((file) => {
        const remove = element('button', { type: 'button', 'aria-label': `Remove ${file.name}` }, '×');
        remove.onclick = () => {
          this.layers = this.layers.filter((other) => other !== file);
          this.show();
          // the button is gone with its row
          byId('add-layers').focus();
        };
        const size = element('small', {}, formatSize(file.size));
        return element('li', {}, element('b', {}, 'Layer'), element('span', {}, file.name), size, remove);
      }),
    );
  }

  private async run(): Promise<void> {
    if (this.busy) return;
    clearErrors();
    const command = this.program.value.split(' ').filter(Boolean);
    const memory = Number(this.memory.value);
    if (this.layers.length === 0 || command.length === 0) {
      notice(
        'error',
        this.layers.length === 0 ? 'There is no root.' : 'There is no program.',
        this.layers.length === 0 ? 'Add the tar of an i386 Linux root.' : 'Give one of the root, for example /bin/sh.',
      );
      (this.layers.length === 0 ? byId('add-layers') : this.program).focus();
      return;
    }
    if (!Number.isInteger(memory) || memory < MEMORY_MIN || memory > MEMORY_MAX) {
      notice('error', `Memory: a root has ${MEMORY_MIN} to ${MEMORY_MAX} MiB.`, 'Give a whole number between them.');
      this.memory.focus();
      return;
    }
    this.setRunning(true);
    const state = element('p', { class: 'status', role: 'status' }, 'loading the processor');
    const say = (text: string): void => {
      if (state.textContent !== text) state.textContent = text;
    };
    const place = element('div', { class: 'console tall' });
    this.console?.close();
    this.place.replaceChildren(
      element('div', { class: 'status-line' }, state),
      element('figure', {}, element('figcaption', {}, 'Terminal (pts/0)'), place),
    );
    this.place.hidden = false;
    const remote = new RemoteRoot({
      output: (bytes, shown) => console_.write(bytes, shown),
      unpacking: (name, done, total) => say(`unpacking ${name}: ${formatSize(done)} of ${formatSize(total)}`),
      running: () => say('running'),
    });
    const console_ = new ConsoleView(
      place,
      'Terminal of your root',
      (text) => remote.type(text),
      () => this.stop,
    );
    console_.onResize((size) => remote.resize(size));
    console_.live = true;
    console_.focus();
    this.console = console_;
    this.remote = remote;
    let ending: RootEnding;
    try {
      const request = { core: await core(), layers: this.layers.map((file) => ({ name: file.name, blob: file })) };
      ending = await remote.run({ ...request, command, memory: memory * MIB, size: console_.size });
    } catch (error) {
      const advice = error instanceof InputError ? error.advice : 'This is a bug of tabvisor.';
      ending = { kind: 'refused', what: messageOf(error), advice };
    }
    console_.live = false;
    this.setRunning(false);
    if (ending.kind === 'ended') say(`ended with status ${ending.status}`);
    else if (ending.kind === 'stopped') say('stopped');
    else {
      say('not started');
      this.place.hidden = true;
      notice('error', ending.what, ending.advice);
    }
  }

  private setRunning(on: boolean): void {
    this.start.disabled = on;
    this.stop.disabled = !on;
  }
}
