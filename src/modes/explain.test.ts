// The words go by the figures, and every row has its words.
import { expect, test } from 'vitest';
import { explain, timesAsFast, verdictOf } from './explain.js';
import { EXPLANATIONS } from './explanations.js';
import { COLUMN_TITLES, columnsOf, RACE, raceCommandLine, ROWS } from './rows.js';
import { WORKLOADS } from './workload-line.js';

test('every row has its words, for every column that it is measured in', () => {
  for (const row of ROWS) {
    expect(WORKLOADS).toContain(row.workload);
    const { about, claims } = EXPLANATIONS[row.workload];
    expect(about).toBeTypeOf('string');
    for (const claim of claims) {
      for (const column of [claim.fast, claim.slow]) {
        expect(Object.keys(COLUMN_TITLES)).toContain(column);
        expect(columnsOf(row), `${row.workload}: ${column}`).toContain(column);
      }
    }
  }
});

test('the words go by the figures, also against what was expected', () => {
  expect([2, 1.05, 0.95, 0.5].map(verdictOf)).toEqual(['because', 'alike', 'alike', 'otherwise']);
  const [claim] = EXPLANATIONS['clock-read'].claims;
  const figures = (seconds: number, exits: number, operations = 1000) => ({ seconds, exits, operations });
  const row = (para: ReturnType<typeof figures>) => ({
    ...{ workload: 'clock-read', operation: 'read' },
    modes: { hw: figures(1, 5000), para },
  });
  const usual = explain(row(figures(0.1, 0)));
  expect(usual).toContain(`Mode para is 10.0 times as fast as hw: ${claim.because}.`);
  expect(usual).toContain('Exits for each read: hw 5.00 (200 µs each, all told; 5,000 a second).');
  expect(explain(row(figures(2, 0)))).toContain(`Here mode para is slower than hw (x 0.50): ${claim.otherwise}.`);
  // twice the time for ten times the work
  expect(timesAsFast(row(figures(2, 0, 10_000)), 'para', 'hw')).toBe(5);
  expect(timesAsFast(row(figures(0, 0)), 'para', 'hw')).toBeUndefined();
  expect(explain({ ...row(figures(0, 0)), modes: {} })).toBe(EXPLANATIONS['clock-read'].about);
});

test('a race leaves out what no mode is for, and takes more work by its scales', () => {
  expect(RACE.map(({ workload }) => workload)).toContain('clock-read');
  expect(RACE.map(({ workload }) => workload)).not.toContain('syscall');
  expect(raceCommandLine(3)).toMatch(/^run=integer:\d+,\S+$/);
  for (const { race } of RACE) expect(10 * race).toBeLessThanOrEqual(1000);
});
