// Containers on the page: the engine begins when the view is first shown, lists follow its events, what is dropped is loaded.
// Ours. This module and what it needs is loaded when somebody wants it.
import { formatSize, MIB } from '../../../src/base/bytes.js';
import { InputError, messageOf } from '../../../src/base/errors.js';
import { core, ownRoot } from '../../../src/hosts/browser/package-files.js';
import { linesOf } from '../../../src/http/carried-client.js';
import { type ContainerRow, Docker } from '../../containers/docker.js';
import { type RemoteEngine, startEngine } from '../../containers/remote-engine.js';
import { FileTransfer } from '../../containers/file-transfer.js';
import { filesIn } from '../../containers/given-files.js';
import { clearErrors, failed, notice } from '../notice.js';
import { byId, element } from '../element.js';
import { type Action, ContainerCard, nameOf } from './container-card.js';
import { RunForm } from './run-form.js';
import { Terminals } from './terminals.js';
import { ImagesList } from './images-list.js';
import { showRoom } from './kept-room.js';
import { Things } from './things.js';
import { VolumesList } from './volumes-list.js';

const MEMORY = 512 * MIB;
const OWN_IMAGE = 'tabvisor';
/** Milliseconds: after an event, for others that come with it; and between two looks at how long containers run. */
const SETTLE = 60;
const AGES = 5000;

/** Not in a private window of some browsers. */
async function keepsFiles(): Promise<boolean> {
  try {
    await navigator.storage.getDirectory();
    return true;
  } catch {
    return false;
  }
}

export class ContainersView {
  private readonly place = byId('containers-view');
  private readonly state = byId('containers-state');
  private readonly cards = new Map<string, ContainerCard>();
  private readonly grid = element('div', { class: 'cards', id: 'container-cards' });
  /** Leads a connection to a published port. */
  dial!: RemoteEngine['dial'];
  private docker!: Docker;
  private transfer!: FileTransfer;
  private form!: RunForm;
  private terminals!: Terminals;
  private images!: ImagesList;
  private networks!: Things;
  private volumes!: VolumesList;
  private readonly room = byId('containers-room');
  /** Takes back what was said of another tab. */
  private taken?: () => void;
  private due = false;
  private prompted: Promise<void> = Promise.resolve();

  private constructor() {}

  /** Undefined: it can't begin, and the page has been told why. */
  static async start(): Promise<ContainersView | undefined> {
    const view = new ContainersView();
    view.say('starting the engine');
    try {
      const forgets = !(await keepsFiles());
      const start = { core: await core(), memory: MEMORY, version: __VERSION__, forgets };
      const { api, anew, dial } = await startEngine(start, {
        held: () => view.waits(),
        lost: (error) => view.lost(error),
        complain: failed,
      });
      view.taken?.();
      view.dial = dial;
      view.docker = new Docker(api);
      view.transfer = new FileTransfer(api);
      view.build(await view.docker.platform());
      if (anew) await view.docker.importRoot(OWN_IMAGE, await ownRoot());
      void view.follow();
      setInterval(() => view.age(), AGES);
      await view.refresh();
      view.say(`running, with ${formatSize(MEMORY)} for all containers`);
      if (forgets)
        notice(
          'hint',
          'This browser gives the page no files of its own, as in a private window: images, containers and volumes are in memory, and gone when the page is.',
          'To keep them, open the page in an ordinary window.',
        );
      else void showRoom(view.room);
      return view;
    } catch (error) {
      if (!(error instanceof InputError)) view.lost(new InputError(messageOf(error), 'This is a bug of tabvisor.'));
      return undefined;
    }
  }

  private say(text: string): void {
    if (this.state.textContent !== text) this.state.textContent = text;
  }

  /** Until another tab is gone. */
  private waits(): void {
    this.say('waiting for another tab');
    this.taken = notice(
      'hint',
      'Another tab of this browser has the containers open.',
      'Go on there; or close it, and they go on here.',
    );
  }

  private lost(error: InputError): void {
    this.say('not running');
    for (const card of this.cards.values()) card.close();
    failed(error);
  }

  private build(platform: string): void {
    const { docker, transfer } = this;
    const changed = (): Promise<void> => this.refresh();
    const terminals = element('div', { class: 'terminals', id: 'terminals' });
    this.terminals = new Terminals(terminals, docker);
    this.form = new RunForm(docker, (line) => this.run(line), failed);
    this.images = new ImagesList({
      ...{ docker, transfer, platform, changed },
      chosen: (name) => this.form.choose(name),
      loaded: () => void this.keep(),
    });
    this.volumes = new VolumesList(docker.api, transfer, changed);
    this.networks = new Things('Networks', '', {
      ...{ id: 'network-name', label: 'New network', placeholder: 'name', button: 'Create' },
      take: async (name) => {
        await docker.api.json('POST', '/networks/create', { Name: name });
        await this.refresh();
      },
    });
    this.place.replaceChildren(
      this.form.root,
      this.grid,
      terminals,
      element(
        'div',
        { class: 'pair' },
        this.images.root,
        element('div', { class: 'stack' }, this.networks.root, this.volumes.root),
      ),
    );
    this.place.hidden = false;
    this.prompted = this.prompt().catch(failed);
  }

  /** The commands of a prompt are loaded behind what is seen first. */
  private async prompt(): Promise<void> {
    const { PromptView } = await import('./prompt-view.js');
    const place = element('div', {});
    this.terminals.place.after(place);
    await PromptView.open(this.docker.api, place, failed);
  }

  /** What is kept should stay: the browser may ask, or say no. */
  private async keep(): Promise<void> {
    if (this.room.textContent === '') return;
    await navigator.storage.persist?.().catch(() => false);
    await showRoom(this.room);
  }

  take(files: readonly File[], asImages: boolean): Promise<void> {
    return this.images.take(files, asImages);
  }

  /** A folder that was dropped. */
  fill(folder: FileSystemDirectoryEntry): Promise<void> {
    return this.volumes.fill(() => filesIn(folder));
  }

  private async files(id: string, name: string): Promise<void> {
    const { filesDialog } = await import('./files-dialog.js');
    const dialog = filesDialog({ id, name, path: await this.docker.workingFolder(id) }, this.transfer);
    this.place.append(dialog);
    dialog.showModal();
  }

  private async run(line: string): Promise<void> {
    clearErrors();
    const { docker } = this;
    await this.prompted;
    const { parseRun } = await import('../../containers/run-line.js');
    const request = parseRun(line);
    const id = await docker.create(request);
    const start = (): Promise<void> => docker.act(id, 'start');
    await this.refresh();
    const row = (await docker.containers()).find(({ Id }) => Id === id);
    const name = row ? nameOf(row) : id.slice(0, 12);
    if (request.tty) await this.terminals.run(id, name, start);
    else await start();
  }

  private async act(action: Action, row: ContainerRow): Promise<void> {
    const { docker, terminals } = this;
    const [id, name] = [row.Id, nameOf(row)];
    clearErrors();
    if (action === 'attach') await terminals.attach(id, name);
    else if (action === 'exec') await terminals.exec(id, name, ['sh']);
    else if (action === 'files') await this.files(id, name);
    else if (action === 'logs') await terminals.logs(id, name);
    else if (action === 'remove') await docker.remove(id);
    else if (action === 'start' && (await docker.hasTerminal(id)))
      await terminals.run(id, name, () => docker.act(id, 'start'));
    else await docker.act(id, action === 'stop' ? 'stop?t=2' : action);
  }

  /** Whatever happens in the engine is seen here. */
  private async follow(): Promise<void> {
    const { body } = await this.docker.api.ask({ method: 'GET', target: '/events' });
    for await (const _ of linesOf(body)) {
      if (this.due) continue;
      this.due = true;
      setTimeout(() => {
        this.due = false;
        this.refresh().catch(() => {});
      }, SETTLE);
    }
  }

  private async refresh(): Promise<void> {
    const { api } = this.docker;
    const [images, containers, networks, { Volumes }] = await Promise.all([
      this.docker.images(),
      this.docker.containers(),
      api.json<{ Name: string; Id: string; Driver: string; IPAM: { Config: { Subnet: string }[] } }[]>(
        'GET',
        '/networks',
      ),
      api.json<{ Volumes: { Name: string }[] | null }>('GET', '/volumes'),
    ]);
    const remove = (id: string) => () => void api.json('DELETE', `/networks/${id}`).catch(failed);
    this.images.show(images);
    this.networks.show(
      networks.map(({ Name, Id, Driver, IPAM }) => ({
        title: Name,
        more: IPAM?.Config?.[0]?.Subnet ?? Driver,
        buttons: ['bridge', 'host', 'none'].includes(Name)
          ? []
          : [{ title: '×', label: `Remove network ${Name}`, press: remove(Id) }],
      })),
    );
    this.volumes.show((Volumes ?? []).map(({ Name }) => Name));
    const names = images.flatMap(({ RepoTags, Id }) =>
      RepoTags[0] === '<none>:<none>' ? [Id.slice(7, 19)] : RepoTags,
    );
    this.form.offer(
      names,
      networks.map(({ Name }) => Name),
    );
    this.showContainers(containers);
  }

  /** How long something has run changes without an event. */
  private age(): void {
    if (this.cards.size === 0 || document.hidden || this.place.offsetParent === null) return;
    this.docker
      .containers()
      .then((rows) => this.showContainers(rows))
      .catch(() => {});
  }

  private showContainers(rows: readonly ContainerRow[]): void {
    for (const [id, card] of this.cards)
      if (!rows.some(({ Id }) => Id === id)) {
        card.close();
        card.root.remove();
        this.cards.delete(id);
      }
    for (const row of rows) {
      const known = this.cards.get(row.Id);
      if (known) {
        known.show(row);
        continue;
      }
      const card = new ContainerCard(row, this.docker, (action, of) => void this.act(action, of).catch(failed));
      this.cards.set(row.Id, card);
      this.grid.prepend(card.root);
    }
    this.grid.hidden = rows.length === 0;
  }
}
