// The sentences that stand beside a row's figures, chosen by these figures.
// explanations.mjs has the words.
import { EXPLANATIONS, VERDICTS } from './explanations.mjs';
import { MODES } from './mode-rows.mjs';
import { count, digits } from './table.mjs';

/** Less than that is no difference. */
const ALIKE = 1.15;

/** `because`, `alike` or `otherwise`, by how many times as fast the mode is that was expected to be faster. */
export function verdictOf(times) {
  if (times >= ALIKE) return 'because';
  return times > 1 / ALIKE ? 'alike' : 'otherwise';
}

/** Of a row as modes.mjs measures it: {workload, operation, modes: {MODE: {seconds, exits, operations}}}. */
export function explain(row) {
  const { about, claims } = EXPLANATIONS[row.workload];
  const sentences = claims.flatMap((claim) => {
    const [fast, slow] = [row.modes[claim.fast], row.modes[claim.slow]];
    if (!(fast?.seconds.median > 0 && slow?.seconds.median > 0)) return [];
    const times = slow.seconds.median / fast.seconds.median;
    const verdict = verdictOf(times);
    const start = VERDICTS[verdict]
      .replaceAll('{fast}', MODES[claim.fast].title)
      .replaceAll('{slow}', MODES[claim.slow].title)
      .replaceAll('{times}', digits(times));
    return [`${start}${claim[verdict]}.`];
  });
  return [about, ...sentences, ...prices(row)].join(' ');
}

/** What an exit costs at most, where the workload is hardly anything else. */
function prices({ modes, operation }) {
  const busy = Object.entries(modes).filter(
    ([, { exits, operations, seconds }]) => exits >= operations && seconds.median > 0,
  );
  if (busy.length === 0 || operation === 'round') return [];
  const each = busy.map(([mode, { exits, seconds, operations }]) => {
    const microseconds = (seconds.median / exits) * 1e6;
    return `${MODES[mode].title} ${digits(exits / operations)} (${digits(microseconds)} µs each, all told; ${count(exits / seconds.median)} a second)`;
  });
  return [`Exits for each ${operation}: ${each.join(', ')}.`];
}
