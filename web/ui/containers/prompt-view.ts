// A prompt for docker's commands on the engine in this tab, and beside it the tab's folder: its files, an editor, ways in and out.
// Ours. The commands are src/cli/docker; HTML 4.11.4 (dialog).
import { formatSize } from '../../../src/base/bytes.js';
import type { CarriedClient } from '../../../src/http/carried-client.js';
import { completer } from '../../prompt/completion.js';
import { LineEditor } from '../../prompt/line-editor.js';
import { Shell } from '../../prompt/shell.js';
import { TabFiles } from '../../prompt/tab-files.js';
import { TabHost } from '../../prompt/tab-host.js';
import { ConsoleView } from '../console-view.js';
import { element } from '../element.js';
import { saveFile } from '../save-file.js';
import { store, stored } from '../stored.js';

const FOLDER = 'prompt-files';
const HISTORY = 'prompt-history';
/** A first build, for who has none. */
const STARTER: Readonly<Record<string, string>> = {
  Dockerfile: 'FROM tabvisor\nCOPY hello.sh /bin/hello\nRUN chmod 755 /bin/hello\nCMD ["sh", "/bin/hello"]\n',
  'hello.sh': '#!/bin/sh\necho "Hello from a container in a tab"\nhostname\n',
};

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

function keptHistory(): string[] {
  try {
    const lines: unknown = JSON.parse(stored(HISTORY) ?? '[]');
    return Array.isArray(lines) ? lines.filter((line) => typeof line === 'string') : [];
  } catch {
    return [];
  }
}

async function privateFolder(): Promise<FileSystemDirectoryHandle | undefined> {
  try {
    return await (await navigator.storage.getDirectory()).getDirectoryHandle(FOLDER, { create: true });
  } catch {
    return undefined;
  }
}

export class PromptView {
  readonly root = element('section', { class: 'prompt', id: 'prompt', 'aria-label': 'Prompt' });
  private readonly list = element('ul', { class: 'files', id: 'prompt-files' });
  private readonly console: ConsoleView;
  private readonly editor: LineEditor;
  private readonly shell: Shell;
  private running = false;

  private constructor(
    api: CarriedClient,
    private readonly files: TabFiles,
    place: HTMLElement,
  ) {
    const upload = element('button', { type: 'button', id: 'prompt-upload' }, 'Upload…');
    const choose = element('input', { type: 'file', multiple: true, hidden: true, id: 'prompt-upload-files' });
    choose.setAttribute('aria-label', "Files for the tab's folder");
    const fresh = element('button', { type: 'button', id: 'prompt-new' }, 'New file…');
    upload.onclick = () => choose.click();
    choose.onchange = () => {
      const chosen = [...(choose.files ?? [])];
      choose.value = '';
      void this.take(chosen);
    };
    fresh.onclick = () => this.edit(files.resolve('untitled'), true);
    const panel = element('div', { class: 'console' });
    const about = files.lasts ? '' : ' This browser keeps it for as long as the page is open.';
    this.root.append(
      element('figure', { class: 'terminal' }, element('figcaption', {}, 'Docker prompt'), panel),
      element(
        'section',
        { class: 'lane things' },
        element('h2', {}, 'Files'),
        element('p', { class: 'told' }, `The tab’s folder: what docker build, cp, load and save see.${about}`),
        this.list,
        element('div', { class: 'add' }, fresh, upload, choose),
      ),
    );
    place.append(this.root);
    this.console = new ConsoleView(
      panel,
      'Docker prompt',
      (text) => this.typed(text),
      () => upload,
    );
    this.console.live = true;
    const { console } = this;
    const host = new TabHost(console, files, api, () => this.shell.interrupted());
    const page = {
      edit: (path: string) => this.edit(path),
      download: (path: string) => this.download(path),
    };
    this.shell = new Shell(host, page, () => this.editor.history);
    this.editor = new LineEditor(
      {
        get columns() {
          return console.size.columns;
        },
        write: (text) => console.write(encode(text)),
      },
      completer(api, files),
      keptHistory(),
      (history) => store(HISTORY, JSON.stringify(history)),
    );
    console.onResize(() => {
      if (this.running) host.resize();
      else this.editor.redraw();
    });
    files.onChange = () => this.show();
    this.show();
    void this.serve();
  }

  static async open(api: CarriedClient, place: HTMLElement, complain: (error: unknown) => void): Promise<PromptView> {
    const files = await TabFiles.open(await privateFolder(), complain);
    if (files.list().length === 0 && stored(FOLDER) === undefined)
      for (const [name, text] of Object.entries(STARTER)) files.put(`/${name}`, text);
    store(FOLDER, 'begun');
    return new PromptView(api, files, place);
  }

  focus(): void {
    this.console.focus();
  }

  private async serve(): Promise<void> {
    this.console.write(encode('Try: docker run -d -p 8080:80 tabvisor httpd /, then Open :8080. help says more.\r\n'));
    for (;;) {
      const typed = await this.editor.read(this.shell.prompt);
      if (!('line' in typed)) continue;
      this.running = true;
      const rest = await this.shell.run(typed.line);
      this.running = false;
      this.editor.type(rest);
    }
  }

  private typed(text: string): void {
    if (this.running) this.shell.host.type(text);
    else this.editor.type(text);
  }

  private async take(files: readonly File[]): Promise<void> {
    for (const file of files) await this.files.take(file);
    this.show();
  }

  private show(): void {
    const rows = this.files.list().map(({ path, about }) => {
      const name = path.slice(1);
      const button = (title: string, label: string, press: () => void): HTMLElement => {
        const made = element('button', { type: 'button', 'aria-label': `${label} ${name}` }, title);
        made.onclick = press;
        return made;
      };
      const isFile = about.kind === 'file';
      return element(
        'li',
        { 'data-name': name },
        element('span', {}, isFile ? name : `${name}/`),
        element('small', {}, isFile ? formatSize(about.size) : ''),
        ...(isFile
          ? [
              ...(this.isText(path) ? [button('Edit', 'Edit', () => this.edit(path))] : []),
              button('↓', 'Download', () => this.download(path)),
            ]
          : []),
        button('×', 'Remove', () => this.files.remove(path)),
      );
    });
    this.list.replaceChildren(...(rows.length > 0 ? rows : [element('li', { class: 'none' }, 'It is empty.')]));
  }

  private isText(path: string): boolean {
    const { bytes } = this.files.content(path);
    return bytes !== undefined && !bytes.includes(0);
  }

  private download(path: string): void {
    const { blob } = this.files.content(path);
    if (!blob) return;
    saveFile(path.split('/').at(-1)!, blob);
  }

  /** Throws when the file is too long to be edited. `named`: its name may be another one. */
  private edit(path: string, named = false): void {
    const text = this.files.about(path, true) ? this.files.text(path) : '';
    const name = element('input', { type: 'text', id: 'edit-name', spellcheck: 'false', autocapitalize: 'off' });
    name.value = path.slice(1);
    name.readOnly = !named;
    const area = element('textarea', { id: 'edit-text', spellcheck: 'false', rows: 16, 'aria-label': 'Text' });
    area.value = text;
    const cancel = element('button', { type: 'button' }, 'Cancel');
    const save = element('button', { type: 'submit', class: 'primary' }, 'Save');
    const told = element('p', { class: 'told wrong', role: 'status' });
    const form = element(
      'form',
      {},
      element('label', {}, 'File ', name),
      area,
      told,
      element('div', { class: 'buttons' }, save, cancel),
    );
    const dialog = element('dialog', { class: 'editor', 'aria-label': 'Editor' }, form);
    cancel.onclick = () => dialog.close();
    dialog.onclose = () => {
      dialog.remove();
      this.focus();
    };
    const keep = (): void => {
      try {
        this.files.put(`/${name.value}`, area.value);
        dialog.close();
      } catch (error) {
        told.textContent = error instanceof Error ? error.message : String(error);
      }
    };
    form.onsubmit = (event) => {
      event.preventDefault();
      keep();
    };
    dialog.onkeydown = (event) => {
      if (!(event.ctrlKey || event.metaKey) || event.key !== 's') return;
      event.preventDefault();
      keep();
    };
    this.root.append(dialog);
    dialog.showModal();
    (named ? name : area).focus();
  }
}
