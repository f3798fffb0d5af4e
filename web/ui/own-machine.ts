// A machine of the visitor's: what it boots, its settings, and its buttons.
// Ours.
import { formatSize, MIB } from '../../src/base/bytes.js';
import { InputError, messageOf } from '../../src/base/errors.js';
import type { Mode } from '../../src/vmm/config.js';
import { MEMORY_MAX, MEMORY_MIN } from '../../src/vmm/layout.js';
import { core } from '../../src/hosts/browser/package-files.js';
import type { BootRequest, Ending, MachineRequest } from '../machine/contract.js';
import { MODES } from '../modes.js';
import { byId, element } from './element.js';
import type { FileKind } from './file-kinds.js';
import { MachineView } from './machine-view.js';
import { clearErrors, notice } from './notice.js';
import { brief } from './numbers.js';
import { OwnFiles } from './own-files.js';
import { remember } from './stored.js';

/** What cannot be started, and what to do. */
interface Lacking {
  what: string;
  advice: string;
}

const NO_BIOS =
  'Add SeaBIOS’s bios.bin and vgabios-stdvga.bin: Debian has them in the package seabios (/usr/share/seabios), QEMU in its folder pc-bios. ' +
  'They are kept for the next time.';

/** What a BIOS may boot, the most likely first. */
const MEDIA = ['cdrom', 'disk', 'floppy'] as const;

export class OwnMachine {
  private readonly form = byId<HTMLFormElement>('own-form');
  private readonly start = byId<HTMLButtonElement>('own-start');
  private readonly stop = byId<HTMLButtonElement>('own-stop');
  private readonly pause = byId<HTMLButtonElement>('own-pause');
  private readonly reset = byId<HTMLButtonElement>('own-reset');
  private readonly mode = byId<HTMLSelectElement>('own-mode');
  private readonly memory = byId<HTMLInputElement>('memory');
  private readonly commandLine = byId<HTMLInputElement>('command-line');
  private readonly vmx = byId<HTMLInputElement>('vmx');
  private readonly ept = byId<HTMLInputElement>('ept');
  private readonly first = byId<HTMLSelectElement>('boot-first');
  private readonly place = byId('own-machine');
  private readonly files: OwnFiles;
  private view: MachineView | undefined;

  constructor() {
    this.mode.append(
      ...MODES.map(({ mode, title }) => element('option', { value: mode, selected: mode === 'hw' }, title)),
    );
    this.memory.max = String(MEMORY_MAX / MIB);
    remember(this.mode, this.memory, this.commandLine, this.vmx, this.ept, this.first);
    this.first.addEventListener('change', () => this.showBoot());
    this.files = new OwnFiles(() => this.showBoot());
    this.mode.onchange = () => this.showSwitches();
    this.showSwitches();
    // Our own words say what is wrong, not the browser's.
    this.form.noValidate = true;
    this.form.onsubmit = (event) => {
      event.preventDefault();
      void this.run();
    };
    this.stop.onclick = () => this.view?.machine.stop();
    this.pause.onclick = () => {
      const on = this.pause.getAttribute('aria-pressed') !== 'true';
      this.pause.setAttribute('aria-pressed', String(on));
      this.view?.pause(on);
    };
    this.reset.onclick = () => this.view?.reset();
  }

  /** A machine is on. */
  get busy(): boolean {
    return this.start.disabled;
  }

  poll(now: number): void {
    this.view?.poll(now);
  }

  showRates(): void {
    this.view?.showRates();
  }

  take(files: readonly File[]): Promise<void> {
    return this.files.take(files);
  }

  /** A kernel boots by itself, anything else through a BIOS. */
  private boot(): BootRequest | Lacking {
    const { files } = this;
    const kernel = files.get('kernel');
    if (kernel) return { kind: 'kernel', kernel, initrd: files.get('initrd'), commandLine: this.commandLine.value };
    const media = MEDIA.filter((kind) => files.get(kind));
    const chosen = media.find((kind) => kind === this.first.value) ?? media[0];
    const medium = chosen && files.get(chosen);
    if (!chosen || !medium)
      return {
        what: 'There is nothing to boot.',
        advice: 'Add a Linux vmlinuz or a Multiboot kernel, or the image of a disk, CD or floppy.',
      };
    const bios = files.get('bios');
    if (!bios)
      return { what: `${medium.name} boots through a BIOS, and there is none.`, advice: `${NO_BIOS} Or add a kernel.` };
    return { kind: 'bios', bios, vgabios: files.get('vgabios'), first: chosen };
  }

  private showBoot(): void {
    const boot = this.boot();
    byId('command-line').parentElement!.hidden = !('kind' in boot) || boot.kind !== 'kernel';
    const several = MEDIA.filter((kind) => this.files.get(kind)).length > 1;
    this.first.parentElement!.hidden = !several || this.files.get('kernel') !== undefined;
    let text: string;
    if ('what' in boot) text = `${boot.what} ${boot.advice}`;
    else if (boot.kind === 'kernel') text = `Boots the kernel ${boot.kernel.name}.`;
    else
      text = `Boots ${this.files.get(boot.first as FileKind)?.name} through the BIOS ${boot.bios.name}${boot.vgabios ? '' : '; without a video BIOS there is no screen'}.`;
    byId('boots').textContent = text;
  }

  /** VT-x is for modes that use it. */
  private showSwitches(): void {
    this.vmx.disabled = this.ept.disabled = this.mode.value === 'full';
  }

  private async run(): Promise<void> {
    if (this.busy) return;
    clearErrors();
    const size = Number(this.memory.value) * MIB;
    const boot = this.boot();
    if ('what' in boot) {
      notice('error', boot.what, boot.advice);
      byId('add-files').focus();
      return;
    }
    if (!Number.isInteger(size / MIB) || size < MEMORY_MIN || size > MEMORY_MAX) {
      notice(
        'error',
        `Memory: a machine has ${formatSize(MEMORY_MIN)} to ${formatSize(MEMORY_MAX)}.`,
        'Give a whole number of MiB between them.',
      );
      this.memory.focus();
      return;
    }
    if (this.mode.value !== 'full' && !this.vmx.checked) {
      notice(
        'error',
        'VT-x is switched off in this machine’s firmware, so VMXON is refused until the next reset (Intel SDM vol. 3C, 24.7).',
        'Switch VT-x on, or take full virtualization, which needs none.',
      );
      this.vmx.focus();
      return;
    }
    this.setRunning(true);
    const view = new MachineView(() => this.stop);
    this.view?.close();
    this.view = view;
    this.place.replaceChildren(view.root);
    this.place.hidden = false;
    view.focus(boot.kind === 'bios');
    let ending: Ending;
    try {
      ending = await view.machine.run(await this.request(boot, size));
    } catch (error) {
      const advice = error instanceof InputError ? error.advice : 'This is a bug of tabvisor.';
      ending = { kind: 'refused', what: messageOf(error), advice };
    }
    this.ended(view, ending);
  }

  private async request(boot: BootRequest, memory: number): Promise<Omit<MachineRequest, 'shared'>> {
    return {
      core: await core(),
      mode: this.mode.value as Mode,
      ept: this.ept.checked,
      vmx: this.vmx.checked,
      memory,
      boot,
      disk: this.files.get('disk'),
      cdrom: this.files.get('cdrom'),
      floppy: this.files.get('floppy'),
    };
  }

  private setRunning(on: boolean): void {
    this.start.disabled = on;
    for (const button of [this.stop, this.pause, this.reset]) button.disabled = !on;
    this.pause.setAttribute('aria-pressed', 'false');
  }

  private ended(view: MachineView, ending: Ending): void {
    this.setRunning(false);
    if (ending.kind === 'stopped') view.end('stopped');
    else if (ending.kind === 'refused') {
      view.end('not started');
      this.place.hidden = true;
      notice('error', ending.what, ending.advice);
    } else {
      const { outcome, statistics } = ending;
      const done = `${brief(statistics.instructions)} instructions, ${brief(statistics.entries)} exits`;
      view.end(`${outcome.kind === 'power-off' ? 'powered off' : `ended: ${outcome.kind}`} after ${done}`);
      if (outcome.kind === 'triple-fault')
        notice(
          'error',
          `The guest crashed: triple fault after exception ${outcome.vector}.`,
          'Its last words are on the console.',
        );
    }
  }
}
