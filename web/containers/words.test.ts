// Words of a line, and lines of words. Source: words.ts.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { commandsOf, quoted, wordsOf } from './words.js';

test.each([
  ['', []],
  ['  sh  -c\t"echo hi" ', ['sh', '-c', 'echo hi']],
  [`a'b c'd "e\\"f\\g" h\\ i ''`, ['ab cd', 'e"f\\g', 'h i', '']],
  [`it's`, undefined],
  [`"`, undefined],
])('%s', (line, words) => {
  expect(wordsOf(line)).toEqual(words);
});

test('what is quoted is read as it was', () => {
  fc.assert(
    fc.property(fc.array(fc.string()), (words) => {
      expect(wordsOf(words.map(quoted).join(' '))).toEqual(words);
    }),
  );
});

test('commands of a line stand behind each other, and only if the one before ended well', () => {
  expect(commandsOf(`a 'x;y' "&& \\" |"; b&&c \\;d`)).toEqual([
    { after: '', text: `a 'x;y' "&& \\" |"` },
    { after: ';', text: ' b' },
    { after: '&&', text: 'c \\;d' },
  ]);
  for (const line of ['a | b', 'a > b', 'a &', 'a < b']) expect(commandsOf(line)).toBeUndefined();
});
