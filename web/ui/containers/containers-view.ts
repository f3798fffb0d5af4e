// Containers on the page: the engine begins when the view is first shown, lists follow its events, what is dropped is loaded.
// Ours. This module and what it needs is loaded when somebody wants it.
import { formatSize, MIB } from '../../../src/base/bytes.js';
import { InputError, messageOf } from '../../../src/base/errors.js';
import { core, ownRoot } from '../../../src/hosts/browser/package-files.js';
import { linesOf } from '../../../src/http/carried-client.js';
import { type ContainerRow, Docker, GivenUp, type Watcher } from '../../containers/docker.js';
import { type RemoteEngine, startEngine } from '../../containers/remote-engine.js';
import { clearErrors, notice } from '../notice.js';
import { byId, element } from '../element.js';
import { type Action, ContainerCard, nameOf } from './container-card.js';
import { RunForm } from './run-form.js';
import { Terminals } from './terminals.js';
import { imageRows, Things } from './things.js';

const MEMORY = 512 * MIB;
const OWN_IMAGE = 'tabvisor';
/** Milliseconds: after an event, for others that come with it; and between two looks at how long containers run. */
const SETTLE = 60;
const AGES = 5000;

function failed(error: unknown): void {
  const text = messageOf(error);
  notice('error', /[.!?]$/.test(text) ? text : `${text}.`, error instanceof InputError ? error.advice : '');
}

/** Not in a private window of some browsers. */
async function keepsFiles(): Promise<boolean> {
  try {
    await navigator.storage.getDirectory();
    return true;
  } catch {
    return false;
  }
}

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

export class ContainersView {
  private readonly place = byId('containers-view');
  private readonly state = byId('containers-state');
  private readonly cards = new Map<string, ContainerCard>();
  private readonly grid = element('div', { class: 'cards', id: 'container-cards' });
  /** Leads a connection to a published port. */
  dial!: RemoteEngine['dial'];
  private docker!: Docker;
  private form!: RunForm;
  private terminals!: Terminals;
  private images!: Things;
  private networks!: Things;
  private volumes!: Things;
  private readonly room = byId('containers-room');
  /** Takes back what was said of another tab. */
  private taken?: () => void;
  private due = false;
  private platform = '';
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
      view.platform = await view.docker.platform();
      view.build();
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
      else void view.showRoom();
      return view;
    } catch (error) {
      if (!(error instanceof InputError)) view.lost(new InputError(messageOf(error), 'This is a bug of tabvisor.'));
      return undefined;
    }
  }

  private say(text: string): void {
    if (this.state.textContent !== text) this.state.textContent = text;
  }

  /** What is used of what the browser gives, and whether it may take it back. */
  private async showRoom(): Promise<void> {
    const { quota = 0, usage = 0 } = await navigator.storage.estimate();
    const persists = (await navigator.storage.persisted?.()) ?? false;
    const more = formatSize(Math.max(0, quota - usage));
    this.room.textContent = `${formatSize(usage)} are kept in this browser, which gives up to ${more} more${persists ? '' : ' and may take it back when its disk is full'}.`;
    if (persists || !navigator.storage.persist) return;
    const ask = element('button', { type: 'button', id: 'keep' }, 'Keep it');
    ask.onclick = async () => {
      if (await navigator.storage.persist()) return void this.showRoom();
      this.room.textContent +=
        ' The browser did not agree to keep it: a bookmark of this page, or its use, may change its mind.';
    };
    this.room.append(' ', ask);
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

  private build(): void {
    const { docker } = this;
    const terminals = element('div', { class: 'terminals', id: 'terminals' });
    this.terminals = new Terminals(terminals, docker);
    this.form = new RunForm(docker, (line) => this.run(line), failed);
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
    this.images = new Things(
      'Images',
      'There is none. Drop what docker save has written.',
      {
        ...{ id: 'pull-name', label: 'Image to pull', placeholder: 'registry/name:tag', button: 'Pull' },
        take: (name) => this.pull(name),
      },
      button,
      choose,
    );
    const made = (target: string) => async (name: string) => {
      await docker.api.json('POST', target, { Name: name });
      await this.refresh();
    };
    this.networks = new Things('Networks', '', {
      ...{ id: 'network-name', label: 'New network', placeholder: 'name', button: 'Create' },
      take: made('/networks/create'),
    });
    this.volumes = new Things('Volumes', 'There is none.', {
      ...{ id: 'volume-name', label: 'New volume', placeholder: 'name', button: 'Create' },
      take: made('/volumes/create'),
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

  /** Tars of images are loaded; `asImages`: those of roots become images. True: one of them was taken. */
  async take(files: readonly File[], asImages: boolean): Promise<void> {
    clearErrors();
    for (const file of files) {
      const giveUp = new AbortController();
      const work = this.images.begin(() => giveUp.abort());
      try {
        await this.takeOne(file, asImages, {
          signal: giveUp.signal,
          told: (phase, current, total) => {
            work.told(current / total);
            this.images.tell(`${file.name}: ${phase}, ${formatSize(current)} of ${formatSize(total)}`);
          },
        });
      } catch (error) {
        this.images.tell(error instanceof GivenUp ? `${file.name}: given up, and nothing of it is kept` : '');
        if (!(error instanceof GivenUp)) failed(explained(file.name, error, this.platform));
      } finally {
        work.end();
      }
    }
  }

  private async takeOne(file: File, asImages: boolean, watcher: Watcher): Promise<void> {
    const { quota = Number.POSITIVE_INFINITY, usage = 0 } = (await navigator.storage?.estimate()) ?? {};
    if (file.size === 0) throw new InputError('the file is empty', 'A folder can not be dropped.');
    if (file.size > quota - usage)
      throw new InputError(
        `it has ${formatSize(file.size)}, and the browser gives this page ${formatSize(Math.max(0, quota - usage))} more`,
        'Remove images that are not needed, or make room on the disk.',
      );
    let names: string[];
    try {
      names = await this.docker.load(file, this.platform, watcher);
    } catch (error) {
      if (!asImages || !/holds no image/.test(messageOf(error))) throw error;
      const name = file.name.replace(/\.(tar|tgz|tar\.\w+)$/i, '').toLowerCase();
      names = [`${name.replace(/[^a-z0-9]+/g, '-').replace(/^-|-$/g, '') || 'root'}:latest`];
      await this.docker.importRoot(names[0]!.slice(0, -':latest'.length), file, watcher);
    }
    this.images.tell(`Loaded ${names.join(', ')}`);
    await this.refresh();
    this.form.choose(names[0]!);
    if (this.room.textContent !== '') {
      // what is kept should stay: the browser may ask, or say no
      await navigator.storage.persist?.().catch(() => false);
      void this.showRoom();
    }
  }

  private async pull(name: string): Promise<void> {
    this.images.tell(`pulling ${name}`);
    await this.docker.pull(name, (line) => this.images.tell(line));
    await this.refresh();
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
    const remove = (target: string) => () => void api.json('DELETE', target).catch(failed);
    this.images.show(
      imageRows(
        images,
        (name) => this.form.choose(name),
        (name) => remove(`/images/${name}`)(),
      ),
    );
    this.networks.show(
      networks.map(({ Name, Id, Driver, IPAM }) => ({
        title: Name,
        more: IPAM?.Config?.[0]?.Subnet ?? Driver,
        buttons: ['bridge', 'host', 'none'].includes(Name)
          ? []
          : [{ title: '×', label: `Remove network ${Name}`, press: remove(`/networks/${Id}`) }],
      })),
    );
    this.volumes.show(
      (Volumes ?? []).map(({ Name }) => ({
        ...{ title: Name, more: '' },
        buttons: [{ title: '×', label: `Remove volume ${Name}`, press: remove(`/volumes/${Name}`) }],
      })),
    );
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
