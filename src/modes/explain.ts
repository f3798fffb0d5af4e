// The sentences that stand beside a row's figures, chosen by these figures.
// explanations.ts has the words.
import { count, digits } from '../base/numbers.js';
import { EXPLANATIONS, VERDICTS, type Verdict } from './explanations.js';
import { type Column, COLUMN_TITLES } from './rows.js';

/** Of a workload in one column: by the guest's clock, and exits of the workload alone. */
export interface Figures {
  seconds: number;
  operations: number;
  exits: number;
}

export interface MeasuredRow {
  workload: string;
  operation: string;
  modes: Partial<Record<Column, Figures>>;
}

/** Less than that is no difference. */
const ALIKE = 1.15;

/** By how many times as fast the one is that was expected to be faster. */
export function verdictOf(times: number): Verdict {
  if (times >= ALIKE) return 'because';
  return times > 1 / ALIKE ? 'alike' : 'otherwise';
}

/** How many times as fast `fast` does an operation; undefined where one of the two is missing or too short to say. */
export function timesAsFast({ modes }: MeasuredRow, fast: Column, slow: Column): number | undefined {
  const [a, b] = [modes[fast], modes[slow]];
  if (!a || !b || !(a.seconds > 0) || !(b.seconds > 0)) return undefined;
  return b.seconds / b.operations / (a.seconds / a.operations);
}

/** What the workload is, why each mode takes what it takes, and what its exits cost. */
export function explain(row: MeasuredRow): string {
  const { about } = EXPLANATIONS[row.workload];
  return [about, ...said(row).map(({ sentence }) => sentence), ...prices(row)].join(' ');
}

/** The one sentence about the greatest difference. */
export function explainBriefly(row: MeasuredRow): string {
  const sentences = said(row).sort((a, b) => b.difference - a.difference);
  return sentences[0]?.sentence ?? EXPLANATIONS[row.workload].about;
}

/** `difference`: how many times the one takes what the other takes, whichever it is. */
function said(row: MeasuredRow): { sentence: string; difference: number }[] {
  return EXPLANATIONS[row.workload].claims.flatMap((claim) => {
    const times = timesAsFast(row, claim.fast, claim.slow);
    if (times === undefined) return [];
    const verdict = verdictOf(times);
    const start = VERDICTS[verdict]
      .replaceAll('{fast}', COLUMN_TITLES[claim.fast])
      .replaceAll('{slow}', COLUMN_TITLES[claim.slow])
      .replaceAll('{times}', digits(times));
    return [{ sentence: `${start}${claim[verdict]}.`, difference: Math.max(times, 1 / times) }];
  });
}

/** What an exit costs at most, where the workload is hardly anything else. */
function prices({ modes, operation }: MeasuredRow): string[] {
  const busy = (Object.entries(modes) as [Column, Figures][]).filter(
    ([, { exits, operations, seconds }]) => exits >= operations && seconds > 0,
  );
  if (busy.length === 0 || operation === 'round') return [];
  const each = busy.map(([column, { exits, seconds, operations }]) => {
    const microseconds = (seconds / exits) * 1e6;
    return `${COLUMN_TITLES[column]} ${digits(exits / operations)} (${digits(microseconds)} µs each, all told; ${count(exits / seconds)} a second)`;
  });
  return [`Exits for each ${operation}: ${each.join(', ')}.`];
}
