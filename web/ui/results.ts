// The table of the race: for each operation of a workload its time and its exits by reason in each mode, and why that is so.
// Ours; the words are src/modes/explanations.ts, exits have the SDM's names.
import { digits, duration } from '../../src/base/numbers.js';
import { explain, type Figures, type MeasuredRow, timesAsFast } from '../../src/modes/explain.js';
import type { Lap } from '../../src/modes/laps.js';
import { RACE, ROWS, type Row } from '../../src/modes/rows.js';
import { element } from './element.js';
import type { Lane } from './lane.js';

/** Exits for each operation below which a reason is left out: timer ticks, the workload's own line. */
const NOTICED = 0.01;
/** The guest's clock counts milliseconds. */
const TICK = 1e-3;

const CAPTION =
  'Each workload’s time for one operation, by the guest’s own clock, and how many times as fast as mode full that is; below, the exits to the monitor for each operation, by reason.';

export class Results {
  private readonly bodies = new Map<string, HTMLElement>();
  private readonly verdict = element('p', { class: 'verdict', id: 'verdict' });
  private readonly table = element('table', { 'aria-labelledby': 'results-title' });
  /** What the rows were made of. */
  private shown = new Map<string, readonly (Lap | undefined)[]>();

  constructor(private readonly place: HTMLElement) {
    const title = element('h2', { id: 'results-title' }, 'Results');
    const scroll = element('div', { class: 'scroll', tabindex: 0, role: 'region', 'aria-labelledby': 'results-title' });
    scroll.append(this.table);
    place.replaceChildren(title, element('figure', {}, element('figcaption', {}, CAPTION), scroll), this.verdict);
  }

  /** Brings the rows up to date whose laps are new. */
  show(lanes: readonly Lane[]): void {
    this.place.hidden = !lanes.some(({ laps }) => laps.size > 0);
    if (!this.table.tHead) {
      const head = lanes.map(({ offered }) =>
        element('th', { scope: 'col' }, offered.title, ' ', element('small', {}, offered.mode)),
      );
      this.table.append(element('thead', {}, element('tr', {}, ...head)));
    }
    for (const row of ROWS) {
      const laps = lanes.map((lane) => lane.laps.get(row.workload));
      const before = this.shown.get(row.workload);
      if (before && laps.every((lap, i) => lap === before[i])) continue;
      this.shown.set(row.workload, laps);
      this.body(row).replaceChildren(...(laps.some((lap) => lap) || 'race' in row ? rowsOf(row, lanes) : []));
    }
    this.verdict.textContent = verdictOn(lanes);
  }

  private body(row: Row): HTMLElement {
    let body = this.bodies.get(row.workload);
    if (!body) {
      body = element('tbody', { 'data-workload': row.workload });
      this.bodies.set(row.workload, body);
      this.table.append(body);
    }
    return body;
  }
}

/** The row's name, a cell for each mode, and the words. */
function rowsOf(row: Row, lanes: readonly Lane[]): HTMLElement[] {
  const measured: MeasuredRow = { workload: row.workload, operation: row.operation, modes: {} };
  for (const { offered, laps } of lanes) {
    const figures = figuresOf(laps.get(row.workload));
    if (figures) measured.modes[offered.mode] = figures;
  }
  const most = Math.max(...Object.values(measured.modes).map(each));
  const cells = lanes.map((lane) => cell(row, lane, measured, most));
  const name = element('th', { scope: 'rowgroup', colspan: lanes.length }, row.name);
  name.append(element('small', {}, `, one ${row.operation}`));
  const why = element(
    'td',
    { colspan: lanes.length, class: 'why' },
    element('p', { class: 'words' }, explain(measured)),
  );
  return [element('tr', {}, name), element('tr', {}, ...cells), element('tr', {}, why)];
}

const each = ({ seconds, operations }: Figures): number => seconds / operations;
const sum = (exits: Record<string, number>): number => Object.values(exits).reduce((all, one) => all + one, 0);

function figuresOf(lap: Lap | undefined): Figures | undefined {
  if (lap?.seconds === undefined || !lap.operations) return undefined;
  return { seconds: lap.seconds, operations: lap.operations, exits: sum(lap.exits) };
}

function cell(row: Row, { offered, laps }: Lane, measured: MeasuredRow, most: number): HTMLElement {
  const lap = laps.get(row.workload);
  const made = element('td', { 'data-mode': offered.mode, title: lap?.text });
  const figures = measured.modes[offered.mode];
  if (!lap || !figures) {
    made.append(element('small', {}, lap?.failed ?? lap?.skipped?.replace('-', ' ') ?? '–'));
    made.classList.toggle('failed', lap?.failed !== undefined);
    return made;
  }
  const time = figures.seconds > 0 ? duration(each(figures)) : `below ${duration(TICK / figures.operations)}`;
  made.append(element('span', { class: 'time' }, time));
  const times = offered.mode === 'full' ? undefined : timesAsFast(measured, offered.mode, 'full');
  if (times !== undefined) made.append(' ', element('small', {}, `× ${digits(times)}`));
  const bar = element('span', { class: 'bar', 'aria-hidden': 'true' });
  bar.style.width = `${most > 0 ? Math.max(1, (100 * each(figures)) / most) : 1}%`;
  made.append(bar, exitsOf(lap, figures.operations));
  return made;
}

function exitsOf({ exits }: Lap, operations: number): HTMLElement {
  const noticed = Object.entries(exits)
    .map(([reason, count]): [string, number] => [reason, count / operations])
    .filter(([, count]) => count >= NOTICED)
    .sort(([, a], [, b]) => b - a);
  if (noticed.length === 0) return element('small', { class: 'exits' }, 'no exits');
  return element(
    'ul',
    { class: 'exits' },
    ...noticed.map(([reason, count]) => element('li', {}, element('span', {}, reason), ` ${digits(count)}`)),
  );
}

/** Whether all modes have worked out the same: of workloads that were run by all of them, as much of each. */
function verdictOn(lanes: readonly Lane[]): string {
  const done = lanes.filter(({ laps }) => RACE.every(({ workload }) => laps.has(workload)));
  if (done.length < 2) return '';
  const differing = RACE.filter(({ workload }) => {
    const laps = done.map((lane) => lane.laps.get(workload));
    const sameWork = new Set(laps.map((lap) => lap?.operations)).size === 1;
    return sameWork && new Set(laps.map((lap) => lap?.checksum)).size > 1;
  });
  if (differing.length === 0) return `✓ All ${done.length} modes worked out the same checksums.`;
  return `✗ Checksums differ in ${differing.map(({ name }) => name).join(', ')}: this is a bug of tabvisor.`;
}
