// What a Dockerfile says. Source: docs.docker.com/reference/dockerfile, its own examples; lines.ts, dockerfile.ts, words.ts, ignore.ts.
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: what Dockerfiles have in them.
import { expect, test } from 'vitest';
import { parseDockerfile, parseTrigger } from './dockerfile.js';
import { Glob } from './glob.js';
import { cleanPath, IgnoreFile } from './ignore.js';
import { expandWord, expandWords } from './words.js';

const one = (text: string) => parseDockerfile(`FROM scratch\n${text}`).stages[0]!.instructions[0]!;

test('stages, their names and platforms, and arguments before them', () => {
  const file = parseDockerfile(
    'ARG V=1\nFROM --platform=linux/386 debian:$V AS Build\nRUN make\nfrom scratch\ncopy --from=build /a /b\n',
  );
  expect(file.arguments.map(({ pairs }) => pairs)).toEqual([[{ name: 'V', value: '1' }]]);
  expect(file.stages.map(({ base, name, platform }) => [base, name, platform])).toEqual([
    ['debian:$V', 'build', 'linux/386'],
    ['scratch', undefined, undefined],
  ]);
  expect(file.stages[1]!.instructions[0]).toMatchObject({
    name: 'COPY',
    flags: [{ name: 'from', value: 'build' }],
    words: ['/a', '/b'],
    text: 'copy --from=build /a /b',
  });
});

test('lines are joined; comments and empty lines within are nothing', () => {
  const run = one('  RUN echo a && \\\n   # no\n\n  echo b \\ \n  c # yes');
  expect(run.rest).toBe('echo a &&   echo b   c # yes');
  expect(run.line).toBe(2);
});

test('directives: the escape letter, only before all else, once', () => {
  const file = parseDockerfile('# syntax=docker/dockerfile:1\n# escape=`\nFROM scratch\nCOPY a `\n  c:\\b\n');
  expect(file.escape).toBe('`');
  expect(file.stages[0]!.instructions[0]!.words).toEqual(['a', 'c:\\b']);
  expect(parseDockerfile('# a comment\n# escape=`\nFROM scratch').escape).toBe('\\');
  expect(() => parseDockerfile('# escape=`\n# escape=`\nFROM scratch')).toThrow("line 2: 'escape' is said twice");
});

test('the two forms of commands', () => {
  expect(one('CMD ["a", "b c"]')).toMatchObject({ json: ['a', 'b c'] });
  expect(one('CMD [ -d x ] && y').json).toBeUndefined();
  expect(one("CMD ['a']").json).toBeUndefined();
  expect(one('HEALTHCHECK --interval=5s --retries=2 CMD ["x"]')).toMatchObject({
    flags: [
      { name: 'interval', value: '5s' },
      { name: 'retries', value: '2' },
    ],
    json: ['x'],
  });
  expect(one('healthcheck none').rest).toBe('none');
  expect(one('COPY ["a b", "c"]').words).toEqual(['a b', 'c']);
});

test('documents behind an instruction', () => {
  const run = one('RUN <<EOF bash\necho $x\n EOF\nEOF\n');
  expect(run.documents).toEqual([{ name: 'EOF', text: 'echo $x\n EOF\n', expand: true }]);
  const copy = one("COPY <<-a.txt <<'b' /to/\n\t\tone\n\ta.txt\ntwo\nb\n");
  expect(copy.documents).toEqual([
    { name: 'a.txt', text: 'one\n', expand: true },
    { name: 'b', text: 'two\n', expand: false },
  ]);
  expect(one('RUN ["<<EOF"]').documents).toEqual([]);
  expect(() => one('RUN <<EOF\necho')).toThrow("the here-document 'EOF' has no end");
});

test('names and values', () => {
  expect(one('ENV a=1 b="x y" c=d\\ e').pairs).toEqual([
    { name: 'a', value: '1' },
    { name: 'b', value: '"x y"' },
    { name: 'c', value: 'd\\ e' },
  ]);
  expect(one('ENV a  b=c "d"').pairs).toEqual([{ name: 'a', value: 'b=c "d"' }]);
  expect(one('ARG a b=2').pairs).toEqual([{ name: 'a' }, { name: 'b', value: '2' }]);
});

test('triggers are kept as they are written, and looked at', () => {
  expect(one('ONBUILD RUN make').trigger).toBe('RUN make');
  expect(parseTrigger('COPY . /app')).toMatchObject({ name: 'COPY', words: ['.', '/app'] });
  expect(() => one('ONBUILD ONBUILD RUN x')).toThrow('Chaining ONBUILD');
  expect(() => one('ONBUILD FROM x')).toThrow("FROM isn't allowed as an ONBUILD trigger");
});

test.each([
  ['', 'the Dockerfile has no FROM'],
  ['RUN x', 'line 1: no build stage in current context'],
  ['FROM a b', 'FROM requires either one or three arguments'],
  ['FROM a as 1', 'invalid name for build stage'],
  ['FROM a as b\nFROM c as b', "two stages are called 'b'"],
  ['FROM a\nFOO x', 'line 2: unknown instruction: FOO'],
  ['FROM a\nRUN', 'RUN requires at least one argument'],
  ['FROM a\nCOPY x', 'COPY requires at least two arguments'],
  ['FROM a\nCOPY --frm=x a b', 'unknown flag: --frm (did you mean from?)'],
  ['FROM a\nCOPY --from a b', 'missing a value on flag: --from'],
  ['FROM a\nSHELL sh', 'SHELL requires the arguments to be in JSON form'],
  ['FROM a\nENV a', 'ENV must have two arguments'],
  ['FROM a\nLABEL a=1 b', `can't find = in "b"`],
  ['FROM a\nHEALTHCHECK x', 'Unknown type "x" in HEALTHCHECK'],
])('%j is refused', (text, message) => {
  expect(() => parseDockerfile(text)).toThrow(message);
});

const variables = (name: string): string | undefined => ({ a: 'one', e: '', p: '/x/y.tar.gz', s: 'x y' })[name];

test.each([
  ['$a-${a}', 'one-one'],
  ['\\$a', '$a'],
  ["'$a'", '$a'],
  ['"$a \\"q\\" \\n"', 'one "q" \\n'],
  ['${n:-d}${e:-d}${e-d}', 'dd'],
  ['${a:+y}${e:+y}${e+y}', 'yy'],
  ['${n:-${a}}', 'one'],
  ['${p##*/} ${p#*/} ${p%.*} ${p%%.*}', 'y.tar.gz x/y.tar.gz /x/y.tar /x/y'],
  ['${p/x/z} ${p//\\//-}', '/z/y.tar.gz -x-y.tar.gz'],
  ['$ $-', '$ '],
  ['$', '$'],
])('%s becomes %s', (text, result) => {
  expect(expandWord(text, variables, '\\')).toBe(result);
});

test('a value’s blanks don’t part a word; what can’t be replaced is said', () => {
  expect(expandWords('$s "b c" d\\ e', variables, '\\')).toEqual(['x y', 'b c', 'd e']);
  expect(() => expandWord('${n:?is needed}', variables, '\\')).toThrow('n: is needed');
  expect(() => expandWord('${a', variables, '\\')).toThrow('${a has no end');
  expect(() => expandWord('${a!b}', variables, '\\')).toThrow('is no way to replace');
  expect(() => expandWord("'a", variables, '\\')).toThrow("a quote ' has no end");
});

test('patterns of paths', () => {
  const fits = (pattern: string, path: string): boolean => new Glob(pattern, true).test(path);
  expect(['a', 'b/a', 'b/c/a', 'ba'].map((path) => fits('**/a', path))).toEqual([true, true, true, false]);
  expect(['a/b', 'a/b/c', 'a', 'ab'].map((path) => fits('a/**', path))).toEqual([true, true, false, false]);
  expect(['x.c', 'd/x.c', '.c'].map((path) => fits('*.c', path))).toEqual([true, false, true]);
  expect(['a1', 'ab', 'a/'].map((path) => fits('a[0-9]', path))).toEqual([true, false, false]);
  expect(['ab', 'a1', 'a/'].map((path) => fits('a[^0-9]', path))).toEqual([true, false, false]);
  expect(fits('a\\*', 'a*') && !fits('a\\*', 'ab')).toBe(true);
  // many stars on a long name are no work without end
  expect(fits(`${'*a'.repeat(300)}b`, 'a'.repeat(2000))).toBe(false);
  for (const wrong of ['[a', '[]', 'a\\']) expect(() => new Glob(wrong, true)).toThrow('pattern');
});

test('.dockerignore: the last rule that fits decides, folders with all that is in them', () => {
  const file = new IgnoreFile('# no\n\n/node_modules\n*.log\n!keep.log\n**/tmp\ndocs/*\n!docs/README.md\n');
  const ignored = (path: string): boolean => file.ignores(path);
  expect(['node_modules/x/y', 'a.log', 'b/tmp/c', 'docs/a.md'].map(ignored)).toEqual([true, true, true, true]);
  expect(['keep.log', 'b/a.log', 'docs/README.md', 'src'].map(ignored)).toEqual([false, false, false, false]);
  expect(cleanPath('./a//b/../c/')).toBe('a/c');
});
