// Lists of what containers are made of: images, networks, volumes; each with a way to get one and to be rid of it.
// Ours.
import { formatSize } from '../../../src/base/bytes.js';
import { messageOf } from '../../../src/base/errors.js';
import type { ImageRow } from '../../containers/docker.js';
import { element } from '../element.js';

export interface Row {
  title: string;
  more: string;
  buttons: readonly { title: string; label: string; press(): void }[];
}

/** A card with a heading, a list, and a form of one field below it. */
export class Things {
  readonly root = element('section', { class: 'lane things' });
  readonly list = element('ul', { class: 'files' });
  private readonly told = element('p', { class: 'told', role: 'status' });
  private readonly bar = element('progress', { 'aria-label': 'Progress' });
  private readonly cancel = element('button', { type: 'button' }, 'Cancel');
  private readonly work = element('div', { class: 'work', hidden: true }, this.bar, this.cancel);

  constructor(
    title: string,
    private readonly empty: string,
    add: { id: string; label: string; placeholder: string; button: string; take(name: string): Promise<void> },
    ...more: HTMLElement[]
  ) {
    const input = element('input', {
      ...{ id: add.id, type: 'text', placeholder: add.placeholder, 'aria-label': add.label, spellcheck: 'false' },
      ...{ autocapitalize: 'off', autocomplete: 'off' },
    });
    const button = element('button', { type: 'submit' }, add.button);
    const form = element('form', { class: 'add' }, input, button, ...more);
    form.onsubmit = (event) => {
      event.preventDefault();
      const name = input.value.trim();
      if (name === '') {
        input.focus();
        return;
      }
      button.disabled = true;
      void add
        .take(name)
        .then(() => {
          input.value = '';
        })
        .catch((error: unknown) => this.tell(messageOf(error), true))
        .finally(() => {
          button.disabled = false;
        });
    };
    this.root.append(element('h2', {}, title), this.list, form, this.work, this.told);
  }

  /** What is under way, or was wrong; empty: nothing is. */
  tell(text: string, wrong = false): void {
    if (this.told.textContent !== text) this.told.textContent = text;
    this.told.classList.toggle('wrong', wrong);
  }

  /** While something is under way: how far it has come, and a way to end it. What is returned takes both away. */
  begin(cancel: () => void): { told(part: number): void; end(): void } {
    this.cancel.onclick = cancel;
    this.bar.removeAttribute('value');
    this.work.hidden = false;
    return {
      told: (part) => {
        this.bar.value = part;
      },
      end: () => {
        // who has pressed Cancel goes on in this card
        if (this.work.contains(document.activeElement)) this.root.querySelector('input')?.focus();
        this.work.hidden = true;
      },
    };
  }

  show(rows: readonly Row[]): void {
    const items = rows.map(({ title, more, buttons }) =>
      element(
        'li',
        { 'data-name': title },
        element('span', {}, title),
        element('small', {}, more),
        ...buttons.map((button) => {
          const made = element('button', { type: 'button', 'aria-label': button.label }, button.title);
          made.onclick = button.press;
          return made;
        }),
      ),
    );
    this.list.replaceChildren(...(items.length > 0 ? items : [element('li', { class: 'none' }, this.empty)]));
  }
}

/** An image's names, one row each; its id where it has none. */
export function imageRows(
  images: readonly ImageRow[],
  { run, save, remove }: Record<'run' | 'save' | 'remove', (name: string) => void>,
): Row[] {
  return images.flatMap(({ Id, RepoTags, Size }) => {
    const names = RepoTags.filter((name) => name !== '<none>:<none>');
    const shown = names.length > 0 ? names : [Id.slice(7, 19)];
    return shown.map((name) => ({
      title: name,
      more: formatSize(Size),
      buttons: [
        { title: 'Run…', label: `Run ${name}`, press: () => run(name) },
        { title: '↓', label: `Download ${name}`, press: () => save(name) },
        { title: '×', label: `Remove ${name}`, press: () => remove(name) },
      ],
    }));
  });
}
