// What is to be run: image, command, limits, network, volume; and the same as a line of docker's, which is what is run: it can be written, too.
// Ours. docs.docker.com/reference/cli/docker/container/run.
import { InputError } from '../../../src/base/errors.js';
import { type Docker, lineOf, type RunRequest } from '../../containers/docker.js';
import { wordsOf } from '../../containers/words.js';
import { element } from '../element.js';
import { remember } from '../stored.js';

const OWN = 'sh';

const text = (id: string, placeholder: string, more: Record<string, string> = {}) =>
  element('input', {
    ...{ id, type: 'text', placeholder, spellcheck: 'false', autocapitalize: 'off', autocomplete: 'off' },
    ...more,
  });

export class RunForm {
  readonly root = element('form', { id: 'run-form', class: 'controls' });
  private readonly image = element('select', { id: 'run-image' });
  private readonly command = text('run-command', 'as the image says');
  private readonly name = text('run-name', 'any');
  private readonly memory = text('run-memory', 'all', { size: '5' });
  private readonly cpus = text('run-cpus', 'all', { size: '4', inputmode: 'decimal' });
  private readonly pids = text('run-pids', 'all', { size: '4', inputmode: 'numeric' });
  private readonly network = element('select', { id: 'run-network' });
  private readonly volume = text('run-volume', 'data:/data', { size: '11' });
  private readonly publish = text('run-publish', '8080:80', { size: '7' });
  private readonly tty = element('input', { type: 'checkbox', id: 'run-tty', checked: true });
  private readonly remove = element('input', { type: 'checkbox', id: 'run-remove' });
  private readonly line = text('run-line', 'docker run -it IMAGE', { 'aria-label': 'As a line of docker’s' });
  /** Somebody has written the line. */
  private written = false;
  /** What images run by themselves. */
  private readonly commands = new Map<string, string[]>();

  constructor(
    private readonly docker: Docker,
    run: (line: string) => Promise<void>,
    failed: (error: unknown) => void,
  ) {
    remember(this.memory, this.cpus, this.pids);
    const label = (title: string, input: HTMLElement, kind = '') =>
      element('label', { class: kind }, title, ' ', input);
    this.root.append(
      label('Image', this.image),
      label('Command', this.command, 'wide'),
      label('Name', this.name),
      label('Memory', this.memory),
      label('CPUs', this.cpus),
      label('Tasks', this.pids),
      label('Network', this.network),
      label('Volume', this.volume),
      label('Port', this.publish),
      element('label', {}, this.tty, ' Terminal (-it)'),
      element('label', {}, this.remove, ' Remove at its end (--rm)'),
      element('button', { type: 'submit', class: 'primary', id: 'run' }, 'Run'),
      element('div', { class: 'as-line' }, this.line),
    );
    this.root.noValidate = true;
    this.root.oninput = ({ target }) => {
      this.written = target === this.line;
      this.show();
    };
    this.image.onchange = () => void this.learn();
    this.root.onsubmit = (event) => {
      event.preventDefault();
      void (async () => run(this.written ? this.line.value : lineOf(this.request())))().then(() => this.ran(), failed);
    };
  }

  /** What has been run has its name. */
  private ran(): void {
    this.name.value = '';
    this.written = false;
    this.show();
  }

  offer(images: readonly string[], networks: readonly string[]): void {
    fill(this.image, images);
    fill(this.network, networks);
    void this.learn();
  }

  choose(image: string): void {
    this.image.value = image;
    this.written = false;
    void this.learn();
    this.command.focus();
  }

  private async learn(): Promise<void> {
    const { value } = this.image;
    if (value !== '' && !this.commands.has(value)) {
      const own = await this.docker.commandOf(value).catch(() => []);
      this.commands.set(value, own);
    }
    const own = this.commands.get(value) ?? [];
    this.command.placeholder = own.length > 0 ? own.join(' ') : OWN;
    this.show();
  }

  /** Throws InputError. */
  private request(): RunRequest {
    const image = this.image.value;
    if (image === '') throw new InputError('There is no image.', 'Drop one on the page, or pull one.');
    const command = wordsOf(this.command.value);
    if (!command) throw new InputError('Command: a quote is not closed.');
    const volume = this.volume.value.trim();
    if (volume !== '' && !/^[\w.-]+:\/\S*$/.test(volume))
      throw new InputError(`Volume: '${volume}' is no name with a path.`, 'For example data:/data.');
    const publish = this.publish.value.trim();
    if (publish !== '' && !/^(?:[\d.]+:)?(?:[\d-]*:)?\d{1,5}(?:\/tcp)?$/.test(publish))
      throw new InputError(
        `Port: '${publish}' is no port of the tab with one of the container.`,
        'For example 8080:80.',
      );
    return {
      image,
      command: command.length === 0 && (this.commands.get(image) ?? []).length === 0 ? [OWN] : command,
      ...{ name: this.name.value.trim(), memory: this.memory.value.trim(), cpus: this.cpus.value.trim() },
      pids: this.pids.value.trim(),
      ...{ network: this.network.value, volume, publish, tty: this.tty.checked, remove: this.remove.checked },
    };
  }

  private show(): void {
    if (this.written) return;
    try {
      this.line.value = lineOf(this.request());
    } catch {
      this.line.value = '';
    }
  }
}

/** What was chosen stays so, if it is still there. */
function fill(select: HTMLSelectElement, values: readonly string[]): void {
  const chosen = select.value;
  select.replaceChildren(...values.map((value) => element('option', { value }, value)));
  if (values.includes(chosen)) select.value = chosen;
}
