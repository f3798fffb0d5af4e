// Volumes on the page: those that there are, and a folder of the person's computer that becomes one.
// Ours. Docker Engine API: VolumeCreate, PutContainerArchive.
import { formatSize } from '../../../src/base/bytes.js';
import { messageOf } from '../../../src/base/errors.js';
import type { CarriedClient } from '../../../src/http/carried-client.js';
import type { FileTransfer } from '../../containers/file-transfer.js';
import { filesOf, type GivenFile, nameFor, within } from '../../containers/given-files.js';
import { element } from '../element.js';
import { failed } from '../notice.js';
import { Things } from './things.js';

export class VolumesList {
  private readonly things: Things;

  constructor(
    private readonly api: CarriedClient,
    private readonly transfer: FileTransfer,
    private readonly changed: () => Promise<void>,
  ) {
    const folder = element('input', {
      ...{ type: 'file', id: 'volume-folder', hidden: true, webkitdirectory: true },
      'aria-label': 'A folder that becomes a volume',
    });
    const fromFolder = element('button', { type: 'button', id: 'volume-from' }, 'A folder…');
    fromFolder.onclick = () => folder.click();
    folder.onchange = () => {
      void this.fill(async () => filesOf(folder)).then(() => {
        folder.value = '';
      });
    };
    this.things = new Things(
      'Volumes',
      'There is none. A folder of this computer becomes one.',
      {
        ...{ id: 'volume-name', label: 'New volume', placeholder: 'name', button: 'Create' },
        take: async (name) => {
          await api.json('POST', '/volumes/create', { Name: name });
          await changed();
        },
      },
      fromFolder,
      folder,
    );
  }

  get root(): HTMLElement {
    return this.things.root;
  }

  show(names: readonly string[]): void {
    const remove = (name: string) => (): void => void this.api.json('DELETE', `/volumes/${name}`).catch(failed);
    this.things.show(
      names.map((name) => ({
        ...{ title: name, more: '' },
        buttons: [{ title: '×', label: `Remove volume ${name}`, press: remove(name) }],
      })),
    );
  }

  /** A folder becomes a volume of its name. */
  async fill(take: () => Promise<readonly GivenFile[]>): Promise<void> {
    const { things } = this;
    try {
      const files = await take();
      const name = nameFor(files[0]?.path.split('/')[0] ?? '');
      await this.transfer.volume(name, within(files), (read) => things.tell(`${name}: ${formatSize(read)}`));
      things.tell(`${name}: ${files.length} files; docker run -v ${name}:/data IMAGE`);
      await this.changed();
    } catch (error) {
      things.tell(messageOf(error), true);
    }
  }
}
