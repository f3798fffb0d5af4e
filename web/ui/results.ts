// The table at the end of the race: what each workload took in each mode, and what the monitor had to do for it.
// Ours; exits by the SDM's names (src/vmm/vmx/exit-reasons.ts).
import { type WorkloadLine, WORKLOADS } from '../../src/modes/workload-line.js';
import { reasonLabel } from '../../src/vmm/vmx/exit-reasons.js';
import { element } from './element.js';
import type { Lane } from './lane.js';
import { grouped } from './numbers.js';

/** Exit reasons that are shown of each mode. */
const REASONS = 6;

export function showResults(place: HTMLElement, lanes: readonly Lane[]): void {
  const any = lanes.some((lane) => lane.lines.size > 0);
  place.hidden = !any;
  if (!any) return;
  const head = element('tr', {}, element('th', { scope: 'col' }, 'Workload'));
  for (const { offered } of lanes) head.append(element('th', { scope: 'col' }, offered.title));
  const body = element('tbody');
  for (const name of WORKLOADS) body.append(workloadRow(name, lanes));
  const shared = WORKLOADS.filter((name) => lanes.every(({ lines }) => !lines.has(name) || lines.get(name)?.seconds));
  const foot = element('tfoot');
  foot.append(
    row('Together, ms *', lanes, (lane) => total(lane, shared)),
    row('Guest instructions', lanes, ({ statistics }) => statistics && grouped(statistics.instructions)),
    row('Exits to the monitor', lanes, ({ statistics }) => statistics && grouped(statistics.entries)),
    row('Most frequent exits', lanes, ({ statistics }) => statistics && reasons(statistics.exits)),
  );
  const table = element('table', { 'aria-labelledby': 'results-title' }, element('thead', {}, head), body, foot);
  // not the table's own caption: that is as wide as the table, which a phone scrolls sideways
  const caption = 'Milliseconds by the guest’s own clock; × is how many times as fast as the slowest mode.';
  place.replaceChildren(
    element('h2', { id: 'results-title' }, 'Results'),
    element('figure', {}, element('figcaption', {}, caption), element('div', { class: 'scroll' }, table)),
  );
  const verdict = checksums(lanes);
  place.append(element('p', { class: 'verdict' }, '* of the workloads that every mode has run.'));
  const processors = navigator.hardwareConcurrency;
  if (processors <= lanes.length) {
    const hint = `With ${processors} processors here, machines that run at once wait for each other: to compare times, run one after the other.`;
    place.append(element('p', { class: 'verdict' }, hint));
  }
  if (verdict) place.append(element('p', { class: 'verdict', id: 'verdict' }, verdict));
}

/** Of the workloads that no mode has left out, once all are done. */
function total({ lines }: Lane, shared: readonly string[]): string | undefined {
  if (lines.size < WORKLOADS.length) return undefined;
  return grouped(shared.reduce((sum, name) => sum + (milliseconds(lines.get(name)) ?? 0), 0));
}

function workloadRow(name: string, lanes: readonly Lane[]): HTMLElement {
  const times = lanes.map((lane) => lane.lines.get(name)?.seconds);
  const known = times.filter((time) => time !== undefined);
  const slowest = Math.max(...known);
  const fastest = Math.min(...known);
  const made = element('tr', {}, element('th', { scope: 'row' }, name));
  lanes.forEach((lane, i) => {
    const line = lane.lines.get(name);
    const time = times[i];
    const cell = element('td', { 'data-workload': name, 'data-mode': lane.offered.mode, title: line?.text });
    if (line && time !== undefined) {
      const bar = element('span', { class: 'bar', 'aria-hidden': 'true' });
      bar.style.width = `${slowest > 0 ? Math.max(1, (100 * time) / slowest) : 1}%`;
      const best = known.length > 1 && time === fastest && fastest < slowest;
      cell.classList.toggle('best', best);
      const times_ = best && time > 0 ? `  ×${(slowest / time).toPrecision(2)}` : '';
      cell.append(element('span', {}, grouped(time)), element('small', {}, times_), bar);
    } else cell.append(element('small', {}, line?.failed ?? line?.skipped?.replace('-', ' ') ?? '–'));
    cell.classList.toggle('failed', line?.failed !== undefined);
    made.append(cell);
  });
  return made;
}

function row(title: string, lanes: readonly Lane[], value: (lane: Lane) => string | Node | undefined): HTMLElement {
  const made = element('tr', {}, element('th', { scope: 'row' }, title));
  for (const lane of lanes) made.append(element('td', { 'data-mode': lane.offered.mode }, value(lane) ?? '–'));
  return made;
}

function reasons(exits: Record<string, number>): Node {
  const list = element('ul');
  const sorted = Object.entries(exits).sort(([, a], [, b]) => b - a);
  for (const [name, count] of sorted.slice(0, REASONS)) {
    list.append(element('li', {}, element('span', {}, reasonLabel(name)), ' ', element('small', {}, grouped(count))));
  }
  return list;
}

const sums = (lanes: readonly Lane[], name: string): Set<string> =>
  new Set(lanes.flatMap((lane) => lane.lines.get(name)?.checksum ?? []));

/** Whether all modes have worked out the same. */
function checksums(lanes: readonly Lane[]): string | undefined {
  const done = lanes.filter((lane) => lane.lines.size === WORKLOADS.length);
  if (done.length < 2) return undefined;
  const differing = WORKLOADS.filter((name) => sums(done, name).size > 1);
  if (differing.length === 0) return `✓ All ${done.length} modes worked out the same checksums.`;
  return `✗ Checksums differ in ${differing.join(', ')}: this is a bug of tabvisor, or the work was changed between runs.`;
}

const milliseconds = (line: WorkloadLine | undefined): number | undefined =>
  line?.seconds === undefined ? undefined : 1000 * line.seconds;
