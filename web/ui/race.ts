// The race: a lane for each mode, all started together, and the table at the end.
// Ours.
import { MODES } from '../modes.js';
import { byId } from './element.js';
import { Lane } from './lane.js';
import { clearErrors } from './notice.js';
import { showResults } from './results.js';

/** Answers with what must be called often while the page is open. */
export function startRace(): { poll: (now: number) => void; showRates: () => void } {
  const form = byId<HTMLFormElement>('race-controls');
  const runAll = byId<HTMLButtonElement>('run-all');
  const stopAll = byId<HTMLButtonElement>('stop-all');
  const scale = byId<HTMLSelectElement>('scale');
  const results = byId('results');
  let lanes: Lane[] = [];

  const changed = (): void => {
    const running = lanes.filter((lane) => lane.running).length;
    runAll.disabled = lanes.length > 0 && running === lanes.length;
    stopAll.disabled = running === 0;
    scale.disabled = running > 0;
    showResults(results, lanes);
  };
  lanes = MODES.map((offered) => new Lane(offered, () => Number(scale.value), changed));
  byId('lanes').append(...lanes.map((lane) => lane.root));

  form.onsubmit = (event) => {
    event.preventDefault();
    clearErrors();
    for (const lane of lanes) void lane.run();
  };
  stopAll.onclick = () => lanes.forEach((lane) => void lane.stop());
  return {
    poll: (now) => lanes.forEach((lane) => void lane.poll(now)),
    showRates: () => lanes.forEach((lane) => void lane.showRates()),
  };
}
