// Keys at a prompt, as a terminal sends them. Source: line-editor.ts.
import { expect, test } from 'vitest';
import { type Completions, commonStart, inColumns, LineEditor } from './line-editor.js';

function editor(complete: (line: string, at: number) => Promise<Completions> = async () => ({ from: 0, words: [] })) {
  let written = '';
  const write = (text: string): void => {
    written += text;
  };
  const made = new LineEditor({ columns: 20, write }, complete);
  return { made, seen: () => written };
}

test.each([
  ['abc\r', 'abc'],
  ['ac\x1b[Db\r', 'abc'],
  ['xabc\x01\x1b[3~\x05d\r', 'abcd'],
  ['one two three\x17\x17four\r', 'one four'],
  ['gone\x15kept\x1b[H\x0b\r', ''],
  ['abc\x1b[1;5D<\x1b[1;5C>\r', '<abc>'],
  ['ab\x7f\x1b[11~\x1b\x1b[Cc\r', 'ac'],
])('%j is %j', async (keys, line) => {
  const { made } = editor();
  const typed = made.read('$ ');
  made.type(keys);
  expect(await typed).toEqual({ line });
});

test('what was typed before comes back, and what was begun with it', async () => {
  const { made } = editor();
  for (const line of ['first', 'second', 'second', ' ']) {
    const typed = made.read('$ ');
    made.type(`${line}\r`);
    await typed;
  }
  expect(made.history).toEqual(['first', 'second']);
  const typed = made.read('$ ');
  made.type('begun\x1b[A\x1b[A\x1b[A\x1b[B\x1b[B!\r');
  expect(await typed).toEqual({ line: 'begun!' });
});

test('Ctrl-C gives the line up, Ctrl-D ends where there is none; what comes too early is kept', async () => {
  const { made } = editor();
  let typed = made.read('$ ');
  made.type('abc\x03next\r\x04');
  expect(await typed).toEqual({ interrupted: true });
  expect(await made.read('$ ')).toEqual({ line: 'next' });
  typed = made.read('$ ');
  expect(await typed).toEqual({ ended: true });
});

test('Tab completes as far as all agree, and shows them when pressed again', async () => {
  const words = ['docker', 'docks'];
  const { made, seen } = editor(async (line, at) => ({
    from: 0,
    words: words.filter((one) => one.startsWith(line.slice(0, at))),
  }));
  const typed = made.read('$ ');
  made.type('d');
  await made.tab();
  await made.tab();
  await made.tab();
  expect(seen()).toContain('docker  docks');
  made.type('e');
  await made.tab();
  made.type('x\r');
  expect(await typed).toEqual({ line: 'docker x' });
});

test('beginnings and columns', () => {
  expect(commonStart(['abc', 'abd'])).toBe('ab');
  expect(commonStart([])).toBe('');
  expect(inColumns(['a', 'bb', 'c', 'd', 'e'], 9)).toBe('a   d\r\nbb  e\r\nc\r\n');
});
