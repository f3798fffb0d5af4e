// The race: a lane for each mode, one after the other or all at once, and the table of what came out.
// Ours.
import { MODES } from '../modes.js';
import { byId } from './element.js';
import { Lane } from './lane.js';
import { clearErrors } from './notice.js';
import { Results } from './results.js';
import { remember } from './stored.js';

export interface Race {
  /** To be called often while the page is open. */
  poll(now: number): void;
  showRates(): void;
  /** Something would be lost with the page. */
  readonly busy: boolean;
}

/** A machine has a thread for itself and others that compile for it; with fewer processors than that, lanes slow each other down. */
const THREADS_OF_A_MACHINE = 2;

const nextTurn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));

export function startRace(): Race {
  const form = byId<HTMLFormElement>('race-controls');
  const runAll = byId<HTMLButtonElement>('run-all');
  const stopAll = byId<HTMLButtonElement>('stop-all');
  const work = byId<HTMLSelectElement>('work');
  const inTurn = byId<HTMLInputElement>('in-turn');
  const results = new Results(byId('results'));
  let racing = false;
  let lanes: Lane[] = [];

  inTurn.checked = navigator.hardwareConcurrency < THREADS_OF_A_MACHINE * MODES.length;
  remember(work, inTurn);

  const changed = (): void => {
    runAll.disabled = racing;
    stopAll.disabled = !racing && !lanes.some((lane) => lane.on);
    work.disabled = inTurn.disabled = racing;
    results.show(lanes);
  };
  lanes = MODES.map((offered) => new Lane(offered, () => Number(work.value), changed));
  byId('lanes').append(...lanes.map((lane) => lane.root));

  const run = async (): Promise<void> => {
    racing = true;
    clearErrors();
    lanes.forEach((lane) => void lane.stop());
    for (const lane of lanes) lane.waits = true;
    const all: Promise<void>[] = [];
    for (const lane of lanes) {
      // each in a turn of the page's own: to start one, and to clear its console, is work
      await nextTurn();
      if (!racing) break;
      all.push(lane.race());
      if (inTurn.checked) await all.at(-1);
    }
    await Promise.all(all);
    racing = false;
    changed();
  };
  form.onsubmit = (event) => {
    event.preventDefault();
    void run();
  };
  stopAll.onclick = () => {
    racing = false;
    for (const lane of lanes) {
      lane.waits = false;
      lane.stop();
    }
  };
  return {
    poll: (now) => lanes.forEach((lane) => void lane.poll(now)),
    showRates: () => lanes.forEach((lane) => void lane.showRates()),
    get busy() {
      return lanes.some((lane) => lane.racing || (lane.on && lane.touched));
    },
  };
}
