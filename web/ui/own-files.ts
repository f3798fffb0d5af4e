// The files of the visitor's machine: dropped anywhere on the page or chosen, each in its place by what it is.
// HTML 6.11 (drag and drop); file-kinds.ts recognizes them.
import { formatSize } from '../../src/base/bytes.js';
import { messageOf } from '../../src/base/errors.js';
import type { NamedFile } from '../machine/named-file.js';
import {
  FIRMWARE,
  type Firmware,
  type FirmwareKind,
  forgetFirmware,
  keepFirmware,
  keptFirmware,
  servedFirmware,
} from '../firmware.js';
import { byId, element } from './element.js';
import { type FileKind, KIND_NAMES, recognize } from './file-kinds.js';
import { clearErrors, notice } from './notice.js';

const isFirmware = (kind: FileKind): kind is FirmwareKind => (FIRMWARE as readonly string[]).includes(kind);

export class OwnFiles {
  private readonly chosen = new Map<FileKind, NamedFile>();
  private readonly list = byId('chosen');

  /** `changed` is called when there are others. */
  constructor(private readonly changed: () => void) {
    const input = byId<HTMLInputElement>('files');
    byId('add-files').onclick = () => input.click();
    input.onchange = () => {
      const files = [...(input.files ?? [])];
      input.value = '';
      void this.take(files);
    };
    void keptFirmware().then((firmware) => this.addFound(firmware));
  }

  get(kind: FileKind): NamedFile | undefined {
    return this.chosen.get(kind);
  }

  /** Files go to their places by what they are. */
  async take(files: readonly File[]): Promise<void> {
    clearErrors();
    for (const file of files) {
      try {
        const recognized = await recognize(file);
        if ('kind' in recognized) this.add(recognized.kind, file);
        else notice('error', recognized.what, recognized.advice);
      } catch (error) {
        notice(
          'error',
          `${file.name}: the browser could not read it (${messageOf(error)}).`,
          'A folder cannot be dropped; choose files.',
        );
      }
    }
    this.show();
    if (!this.chosen.has('kernel') && !this.chosen.has('bios')) this.addFound(await servedFirmware());
  }

  private add(kind: FileKind, file: File): void {
    this.chosen.set(kind, { name: file.name, blob: file });
    if (isFirmware(kind)) void keepFirmware(kind, file);
  }

  private addFound(firmware: Firmware): void {
    for (const kind of FIRMWARE) {
      const file = firmware[kind];
      if (file && !this.chosen.has(kind)) this.chosen.set(kind, file);
    }
    this.show();
  }

  private show(): void {
    const rows = (Object.keys(KIND_NAMES) as FileKind[]).flatMap((kind) => {
      const file = this.chosen.get(kind);
      return file ? [this.row(kind, file)] : [];
    });
    this.list.replaceChildren(...rows);
    this.changed();
  }

  private row(kind: FileKind, { name, blob }: NamedFile): HTMLElement {
    const remove = element('button', { type: 'button', 'aria-label': `Remove ${name}` }, '×');
    remove.onclick = () => {
      this.chosen.delete(kind);
      if (isFirmware(kind)) void forgetFirmware(kind);
      this.show();
      // the button is gone with its row
      byId('add-files').focus();
    };
    const size = element('small', {}, formatSize(blob.size));
    return element(
      'li',
      { 'data-kind': kind },
      element('b', {}, KIND_NAMES[kind]),
      element('span', {}, name),
      size,
      remove,
    );
  }
}

/** Catches what is dropped anywhere on the page. `over`: something hangs over it. */
export function acceptDrops(
  over: (on: boolean) => void,
  take: (files: readonly File[], dropped: DataTransfer | null) => void,
): void {
  const hasFiles = (event: DragEvent): boolean => event.dataTransfer?.types.includes('Files') ?? false;
  addEventListener('dragover', (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    over(true);
  });
  addEventListener('dragleave', (event) => {
    // out of the window, not from one element into another
    if (event.relatedTarget === null) over(false);
  });
  addEventListener('drop', (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    over(false);
    take([...(event.dataTransfer?.files ?? [])], event.dataTransfer);
  });
}
