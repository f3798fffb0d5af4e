// Files into a container and out of it: a path in it, what is put there, what is taken from there.
// Ours. docs.docker.com/reference/cli/docker/container/cp.
import { formatSize } from '../../../src/base/bytes.js';
import { messageOf } from '../../../src/base/errors.js';
import type { FileTransfer } from '../../containers/file-transfer.js';
import { filesOf, type GivenFile } from '../../containers/given-files.js';
import { element } from '../element.js';
import { saveFile } from '../save-file.js';

/** `path`: what is offered first. */
export function filesDialog(of: { id: string; name: string; path: string }, transfer: FileTransfer): HTMLDialogElement {
  const path = element('input', {
    ...{ type: 'text', id: 'files-path', spellcheck: 'false', autocapitalize: 'off', autocomplete: 'off' },
    value: of.path,
  });
  const told = element('p', { class: 'told', role: 'status' });
  const button = (title: string, more = {}): HTMLButtonElement => element('button', { type: 'button', ...more }, title);
  const chooser = (id: string, label: string, more: Record<string, boolean>) =>
    element('input', { type: 'file', id, multiple: true, hidden: true, 'aria-label': label, ...more });
  const files = chooser('files-in', 'Files for the container', {});
  const folder = chooser('folder-in', 'A folder for the container', { webkitdirectory: true });
  const [put, putFolder, take, close] = [
    button('Put files here…'),
    button('Put a folder here…'),
    button('Download it'),
    button('Close'),
  ];
  const form = element(
    'form',
    { method: 'dialog' },
    element('label', {}, `Path in ${of.name} `, path),
    element(
      'p',
      { class: 'told' },
      'A folder, to put files into; a file or a folder, which comes as a tar, to download.',
    ),
    told,
    element('div', { class: 'buttons' }, put, putFolder, take, close, files, folder),
  );
  const dialog = element('dialog', { class: 'editor', 'aria-label': `Files of ${of.name}` }, form);

  const work = async (what: () => Promise<string>): Promise<void> => {
    told.classList.remove('wrong');
    for (const one of [put, putFolder, take]) one.disabled = true;
    try {
      told.textContent = await what();
    } catch (error) {
      told.classList.add('wrong');
      told.textContent = messageOf(error);
    }
    for (const one of [put, putFolder, take]) one.disabled = false;
  };
  const progress = (read: number): void => {
    told.textContent = formatSize(read);
  };
  const into = (input: HTMLInputElement) => (): void => {
    void work(async () => {
      const given: GivenFile[] = filesOf(input);
      input.value = '';
      const to = path.value;
      await transfer.put(of.id, to, given, progress);
      return `${given.length === 1 ? given[0]!.path : `${given.length} files`}: in ${of.name}:${to}`;
    });
  };
  put.onclick = () => files.click();
  putFolder.onclick = () => folder.click();
  files.onchange = into(files);
  folder.onchange = into(folder);
  take.onclick = () =>
    void work(async () => {
      const { name, blob } = await transfer.take(of.id, path.value, progress);
      saveFile(name, blob);
      return `${name}: ${formatSize(blob.size)}`;
    });
  close.onclick = () => dialog.close();
  form.onsubmit = (event) => event.preventDefault();
  dialog.onclose = () => dialog.remove();
  return dialog;
}
