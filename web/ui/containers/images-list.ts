// Images on the page: those that there are, ways to get one (a registry, a tar), and to have one as a file.
// Ours. Docker Engine API: ImageCreate, ImageLoad, ImageGet.
import { formatSize } from '../../../src/base/bytes.js';
import { InputError, messageOf } from '../../../src/base/errors.js';
import { type Docker, GivenUp, type ImageRow, type Watcher } from '../../containers/docker.js';
import type { FileTransfer } from '../../containers/file-transfer.js';
import { element } from '../element.js';
import { clearErrors, failed } from '../notice.js';
import { saveFile } from '../save-file.js';
import { imageRows, Things } from './things.js';

/** What was wrong with a file, and what to do about it. */
function explained(name: string, error: unknown, platform: string): InputError {
  const what = messageOf(error);
  const advice = /no image for/.test(what)
    ? `Programs run here are 32-bit x86. Where there is Docker: docker pull --platform ${platform} IMAGE, docker save -o image.tar IMAGE, and drop image.tar.`
    : /^(tar|gzip|zstd):|: no tar/.test(what)
      ? 'It is no tar of docker save or skopeo copy, or it did not come whole: get it again.'
      : error instanceof InputError
        ? error.advice
        : '';
  return new InputError(`${name}: ${what}`, advice);
}

export interface ImagesAround {
  docker: Docker;
  transfer: FileTransfer;
  /** What programs are for here. */
  platform: string;
  changed(): Promise<void>;
  /** Somebody wants to run one. */
  chosen(name: string): void;
  /** One was loaded: there is more to keep. */
  loaded(): void;
}

export class ImagesList {
  private readonly things: Things;

  constructor(private readonly around: ImagesAround) {
    const choose = element('input', {
      type: 'file',
      id: 'image-files',
      multiple: true,
      hidden: true,
      'aria-label': 'Images',
    });
    choose.accept = '.tar,.gz,.tgz,.zst,application/x-tar,application/gzip';
    const button = element('button', { type: 'button', id: 'load-image' }, 'Load a tar…');
    button.onclick = () => choose.click();
    choose.onchange = () => {
      const files = [...(choose.files ?? [])];
      choose.value = '';
      void this.take(files, true);
    };
    this.things = new Things(
      'Images',
      'There is none. Drop what docker save has written.',
      {
        ...{ id: 'pull-name', label: 'Image to pull', placeholder: 'registry/name:tag', button: 'Pull' },
        take: (name) => this.pull(name),
      },
      button,
      choose,
    );
  }

  get root(): HTMLElement {
    return this.things.root;
  }

  show(images: readonly ImageRow[]): void {
    const { api } = this.around.docker;
    this.things.show(
      imageRows(images, {
        run: (name) => this.around.chosen(name),
        save: (name) => void this.save(name).catch(failed),
        remove: (name) => void api.json('DELETE', `/images/${name}`).catch(failed),
      }),
    );
  }

  /** Tars of images are loaded; `asImages`: those of roots become images. True: one of them was taken. */
  async take(files: readonly File[], asImages: boolean): Promise<void> {
    clearErrors();
    for (const file of files)
      await this.watched(file.name, (watcher) => this.takeOne(file, asImages, watcher)).catch((error) => {
        this.things.tell('');
        failed(explained(file.name, error, this.around.platform));
      });
  }

  /** Shows how far something has come, with a way to give it up. */
  private async watched(name: string, what: (watcher: Watcher) => Promise<void>): Promise<void> {
    const giveUp = new AbortController();
    const work = this.things.begin(() => giveUp.abort());
    const told = (phase: string, current: number, total: number): void => {
      work.told(current / total);
      this.things.tell(`${name}: ${phase}, ${formatSize(current)} of ${formatSize(total)}`);
    };
    try {
      await what({ signal: giveUp.signal, told });
    } catch (error) {
      if (!(error instanceof GivenUp)) throw error;
      this.things.tell(`${name}: given up, and nothing of it is kept`);
    } finally {
      work.end();
    }
  }

  private async takeOne(file: File, asImages: boolean, watcher: Watcher): Promise<void> {
    const { quota = Number.POSITIVE_INFINITY, usage = 0 } = (await navigator.storage?.estimate()) ?? {};
    if (file.size === 0) throw new InputError('the file is empty', 'Choose another one.');
    if (file.size > quota - usage)
      throw new InputError(
        `it has ${formatSize(file.size)}, and the browser gives this page ${formatSize(Math.max(0, quota - usage))} more`,
        'Remove images that are not needed, or make room on the disk.',
      );
    let names: string[];
    try {
      names = await this.around.docker.load(file, this.around.platform, watcher);
    } catch (error) {
      if (!asImages || !/holds no image/.test(messageOf(error))) throw error;
      const name = file.name.replace(/\.(tar|tgz|tar\.\w+)$/i, '').toLowerCase();
      names = [`${name.replace(/[^a-z0-9]+/g, '-').replace(/^-|-$/g, '') || 'root'}:latest`];
      await this.around.docker.importRoot(names[0]!.slice(0, -':latest'.length), file, watcher);
    }
    this.things.tell(`Loaded ${names.join(', ')}`);
    await this.around.changed();
    this.around.chosen(names[0]!);
    this.around.loaded();
  }

  private async pull(name: string): Promise<void> {
    this.things.tell(`${name}: asking the registry`);
    await this.watched(name, async (watcher) => {
      await this.around.docker.pull(name, watcher);
      this.things.tell(`Pulled ${name}`);
      await this.around.changed();
      this.around.loaded();
    });
  }

  /** `docker save` as a download. */
  private async save(name: string): Promise<void> {
    const { things } = this;
    const saved = await this.around.transfer.image(name, (read) => things.tell(`${name}: ${formatSize(read)}`));
    saveFile(saved.name, saved.blob);
    things.tell(`${saved.name}: ${formatSize(saved.blob.size)}`);
  }
}
