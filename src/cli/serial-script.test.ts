// What is typed, in which order, and what ends a run.
// Source: docs/usage.md, "Scripts".
import { expect, test } from 'vitest';
import { SerialScript } from './serial-script.js';

function play(sends: [string, string][], exits: [string, number][], output: string) {
  const done: string[] = [];
  const later: (() => void)[] = [];
  const script = new SerialScript(
    sends.map(([text, input]) => ({ text, input })),
    exits.map(([text, status]) => ({ text, status })),
    {
      send: (input) => void done.push(input),
      exit: ({ status }) => void done.push(`exit ${status}`),
      later: (then) => void later.push(then),
    },
  );
  for (const byte of new TextEncoder().encode(output)) script.see(byte);
  for (const then of later) then();
  return { done, waitingFor: script.waitingFor };
}

test('in order, each text behind the one before', () => {
  const sends: [string, string][] = [
    ['# ', 'one'],
    ['# ', 'two'],
    ['end', 'three'],
  ];
  expect(play(sends, [], 'end # ')).toEqual({ done: ['one'], waitingFor: '# ' });
  expect(play(sends, [], '# one\n# two\nend')).toEqual({ done: ['one', 'two', 'three'], waitingFor: undefined });
});

test('any text that ends the run', () => {
  const exits: [string, number][] = [
    ['FAILED', 1],
    ['OK', 0],
  ];
  expect(play([], exits, 'all OK').done).toEqual(['exit 0']);
  expect(play([], exits, '1 FAILED').done).toEqual(['exit 1']);
  expect(play([], exits, 'nothing\n').done).toEqual([]);
});

test('the line that ends a run is shown whole, and the first text counts', () => {
  const done: string[] = [];
  const script = new SerialScript(
    [],
    [
      { text: 'FAILED', status: 1 },
      { text: 'OK', status: 0 },
    ],
    {
      send: () => {},
      exit: ({ status }) => void done.push(`exit ${status}`),
      later: () => {},
    },
  );
  for (const char of 'FAILED: OK, why') script.see(char.charCodeAt(0));
  expect(done).toEqual([]);
  script.see(10);
  expect(done).toEqual(['exit 1']);
});
