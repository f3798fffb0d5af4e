// A container on the page: what it is, what it takes, and what can be done with it.
// Docker Engine API: ContainerSummary, ContainerStats. CPU as `docker stats` works it out.
import { formatSize } from '../../../src/base/bytes.js';
import { linesOf } from '../../../src/http/carried-client.js';
import type { ContainerRow, Docker, Stats } from '../../containers/docker.js';
import { element } from '../element.js';

export type Action = 'attach' | 'exec' | 'logs' | 'files' | 'start' | 'stop' | 'pause' | 'unpause' | 'remove';

const BUTTONS: readonly { action: Action; title: string; when: readonly string[] }[] = [
  { action: 'attach', title: 'Attach', when: ['running', 'paused'] },
  { action: 'exec', title: 'Exec sh', when: ['running'] },
  { action: 'logs', title: 'Logs', when: ['running', 'paused', 'exited', 'created', 'restarting'] },
  { action: 'files', title: 'Files…', when: ['running', 'paused', 'exited', 'created'] },
  { action: 'pause', title: 'Pause', when: ['running'] },
  { action: 'unpause', title: 'Go on', when: ['paused'] },
  { action: 'stop', title: 'Stop', when: ['running', 'paused', 'restarting'] },
  { action: 'start', title: 'Start', when: ['created', 'exited', 'dead'] },
  { action: 'remove', title: 'Remove', when: ['running', 'paused', 'exited', 'created', 'dead', 'restarting'] },
];

export const nameOf = ({ Names, Id }: ContainerRow): string => Names[0]?.replace(/^\//, '') ?? Id.slice(0, 12);

export class ContainerCard {
  readonly root = element('article', { class: 'lane container' });
  private readonly cpu = element('dd', {}, '–');
  private readonly memory = element('dd', {}, '–');
  private readonly pids = element('dd', {}, '–');
  private readonly address = element('dd', {}, '–');
  private readonly ports = element('p', { class: 'ports' });
  private readonly about = element('p', {});
  private readonly status = element('span', { class: 'state' });
  private readonly title = element('h2', {});
  private readonly actions: { action: Action; when: readonly string[]; button: HTMLButtonElement }[];
  private stop: (() => void) | undefined;

  constructor(
    private row: ContainerRow,
    private readonly docker: Docker,
    act: (action: Action, row: ContainerRow) => void,
  ) {
    const name = nameOf(row);
    this.actions = BUTTONS.map(({ action, title, when }) => {
      const button = element('button', { type: 'button', 'aria-label': `${title} ${name}` }, title);
      button.onclick = () => act(action, this.row);
      return { action, when, button };
    });
    const gauge = (label: string, value: HTMLElement) => element('div', {}, element('dt', {}, label), value);
    this.root.append(
      element('div', { class: 'container-head' }, this.title, this.status, this.about, this.ports),
      element(
        'dl',
        { class: 'gauges' },
        gauge('CPU', this.cpu),
        gauge('Memory', this.memory),
        gauge('Tasks', this.pids),
        gauge('Address', this.address),
      ),
      element('div', { class: 'actions' }, ...this.actions.map(({ button }) => button)),
    );
    this.show(row);
  }

  show(row: ContainerRow): void {
    this.row = row;
    const { State, Status, Image, Command, HostConfig, NetworkSettings } = row;
    this.root.dataset.state = State;
    this.root.dataset.name = nameOf(row);
    this.title.textContent = nameOf(row);
    this.status.textContent = Status || State;
    this.about.textContent = `${Image} · ${Command}`;
    const places = Object.entries(NetworkSettings.Networks).filter(([, { IPAddress }]) => IPAddress !== '');
    this.address.textContent =
      places.map(([network, { IPAddress }]) => `${IPAddress} (${network})`).join(', ') || HostConfig.NetworkMode;
    this.showPorts(row);
    const had = document.activeElement;
    for (const { when, button } of this.actions) button.hidden = !when.includes(State);
    // who has pressed Stop goes on with Start
    if (had instanceof HTMLElement && had.hidden && this.root.contains(had))
      this.actions.find(({ button }) => !button.hidden)?.button.focus();
    if (State === 'running' || State === 'paused') this.stop ??= this.watch();
    else this.close();
  }

  /** Links to what its published ports serve. */
  private showPorts({ State, Ports }: ContainerRow): void {
    const open = State === 'running' ? Ports.filter(({ PublicPort, Type }) => PublicPort && Type === 'tcp') : [];
    const shown = open.map(({ PublicPort }) => String(PublicPort));
    if (this.ports.dataset.shown === shown.join()) return;
    this.ports.dataset.shown = shown.join();
    this.ports.replaceChildren(
      ...shown.map((port) =>
        element('a', { href: `port/${port}/`, target: '_blank', rel: 'noopener' }, `Open :${port} ↗`),
      ),
    );
  }

  /** Looks no more at what it takes. */
  close(): void {
    this.stop?.();
    this.stop = undefined;
    for (const value of [this.cpu, this.memory, this.pids]) value.textContent = '–';
  }

  private watch(): () => void {
    let over = false;
    let cancel = (): void => {};
    const look = async (): Promise<void> => {
      const answer = await this.docker.api.ask({ method: 'GET', target: `/containers/${this.row.Id}/stats` });
      cancel = () => answer.cancel();
      if (over) cancel();
      for await (const stats of linesOf<Stats>(answer.body)) if (!over) this.take(stats);
    };
    // one that ends meanwhile is shown as such
    look().catch(() => {});
    return () => {
      over = true;
      cancel();
    };
  }

  private take({ cpu_stats: now, precpu_stats: before, memory_stats, pids_stats }: Stats): void {
    const used = now.cpu_usage.total_usage - before.cpu_usage.total_usage;
    const all = (now.system_cpu_usage ?? 0) - (before.system_cpu_usage ?? 0);
    if (before.system_cpu_usage !== undefined && all > 0)
      this.cpu.textContent = `${Math.max(0, (100 * used) / all).toFixed(1)}%`;
    const { usage, limit } = memory_stats;
    if (usage !== undefined)
      this.memory.textContent = `${formatSize(usage)}${limit === undefined ? '' : ` of ${formatSize(limit)}`}`;
    if (pids_stats.current !== undefined) this.pids.textContent = String(pids_stats.current);
  }
}
