// Go templates. Oracle: what Docker's client 28.2.2 prints for `docker version --format` over the same values.
import { expect, test } from 'vitest';
import { format } from './execute.js';
import { goJson, sprintf, struct } from './print.js';

const client = struct({ Version: '28.2.2', Os: 'linux', Context: 'default' }, 'system.clientVersion');
const component = struct(
  { Name: 'Engine', Version: '0.1.0', Details: { Os: 'linux', Arch: '386' } },
  'types.ComponentVersion',
);
const data = struct(
  { Client: client, Server: struct({ Components: [component] }, '*types.Version') },
  'system.versionInfo',
);
const shown = (source: string): string => format(source, data, 'version');

test.each([
  ['{{.Client.Version}} {{"a" | upper}}', '28.2.2 A'],
  ['{{1 | printf "%05d"}}', '00001'],
  ['{{printf "%q %v %T %x %5s|%-5s|" "a" 1 2 255 "b" "c"}}', '"a" 1 int ff     b|c    |'],
  ['{{range $i, $e := .Server.Components}}{{$i}}={{$e.Name}};{{end}}', '0=Engine;'],
  ['{{index .Server.Components 0}}', '{Engine 0.1.0 map[Arch:386 Os:linux]}'],
  ['{{(index .Server.Components 0).Name}}', 'Engine'],
  ['{{len "abc"}} {{len .Server.Components}}', '3 1'],
  ['{{slice "abcdef" 1 3}}', 'bc'],
  [
    '{{eq 1 1}} {{ne "a" "b"}} {{lt 1 2}} {{gt 1 2}} {{and 1 0}} {{or 0 "x"}} {{not 1}}',
    'true true true false 0 x false',
  ],
  ['{{with .Client}}{{.Version}}{{else}}no{{end}}', '28.2.2'],
  ['{{split "a,b" ","}} {{join (split "a,b" ",") "-"}} {{title "abc def"}} {{lower "ABC"}}', '[a b] a-b Abc Def abc'],
  ['{{truncate "abcdef" 3}} {{pad "x" 2 3}}|', 'abc   x   |'],
  ['{{println "a" 1}}{{print "a" 1 2 "b"}}', 'a 1\na1 2b'],
  ['{{json .Client}}', '{"Version":"28.2.2","Os":"linux","Context":"default"}'],
  ['{{define "x"}}hi{{end}}{{template "x"}}', 'hi'],
  ['x {{- "a" -}}  b', 'xab'],
  ['{{/* c */}}x', 'x'],
  ['{{$x := 1}}{{$x = 2}}{{$x}}', '2'],
  ['{{1.5}} {{1e3}} {{0x10}} {{true}} {{-1}} {{+1}}', '1.5 1000 16 true -1 1'],
  ['{{range .Server.Components}}{{break}}{{end}}x', 'x'],
  [`{{"a\\nb"}}{{\`raw\`}}{{'a'}}`, 'a\nbraw97'],
  ['{{index "abc" 1}}', '98'],
  ['{{html "<a>"}} {{urlquery "a b"}} {{js "a"}}', '&lt;a&gt; a+b a'],
  ['{{range 3}}{{.}}{{end}} {{range $i := 3}}{{$i}}{{end}}', '012 012'],
  ['{{if eq .Client.Os "linux" "x"}}L{{else if true}}M{{end}}', 'L'],
  ['{{with $x := .Client.Os}}{{$x}}{{end}} {{$.Client.Os}}', 'linux linux'],
  ['{{.Client.Os | printf "%s-%s" "x"}}', 'x-linux'],
  ['{{"a"|upper|lower|title|len}}', '1'],
])('%s makes %s', (source, text) => {
  expect(shown(source)).toBe(text);
});

test.each([
  ['{{foo}}', 'function "foo" not defined'],
  ['{{if}}', 'missing value for if'],
  ['{{if true}}', 'unexpected EOF'],
  ['{{end}}', 'unexpected {{end}}'],
  ['{{else}}', 'unexpected {{else}}'],
  ['{{.Client.Version', 'unclosed action'],
  ['{{$y}}', 'undefined variable "$y"'],
  ['{{break}}', '{{break}} outside {{range}}'],
  ['{{ }}', 'missing value for command'],
  ['{{"a}}', 'unterminated quoted string'],
  ['{{(1}}', 'unclosed left paren'],
  ['{{1)}}', 'unexpected right paren'],
  ['{{.a b}}', 'function "b" not defined'],
  ['{{|}}', 'unexpected "|" in command'],
  ['{{.Client.Os.}}', 'unexpected <.> in operand'],
])('%s is no template: %s', (source, why) => {
  expect(() => shown(source)).toThrow(`template: version:1: ${why}`);
});

test.each([
  ['{{.Client.Foo}}', 9, '.Client.Foo', "can't evaluate field Foo in type system.clientVersion"],
  ['{{index .Server.Components 7}}', 2, 'index .Server.Components 7', 'error calling index: index out of range: 7'],
  ['{{eq 1 "a"}}', 2, 'eq 1 "a"', 'error calling eq: incompatible types for comparison'],
  ['{{nil}}', 2, 'nil', 'nil is not a command'],
  ['{{len 1}}', 2, 'len 1', 'error calling len: len of type int'],
  ['{{upper 1}}', 8, '1', 'expected string; found 1'],
  ['{{upper}}', 2, 'upper', 'wrong number of args for upper: want 1 got 0'],
  ['{{"x" "y"}}', 2, '"x"', `can't give argument to non-function "x"`],
  ['{{.Client.Version.Foo}}', 9, '.Client.Version.Foo', "can't evaluate field Foo in type string"],
  ['{{call 1}}', 2, 'call 1', 'error calling call: non-function 1 of type int'],
  ['{{template "q"}}', 11, '{{template "q"}}', 'template "q" not defined'],
  ['{{range 1.5}}{{end}}', 8, '1.5', "range can't iterate over 1.5"],
  ['{{range .Client.Os}}x{{end}}', 15, '.Client.Os', "range can't iterate over linux"],
  ['{{and}}', 2, 'and', 'wrong number of args for and: want at least 1 got 0'],
  ['{{split "a"}}', 2, 'split', 'wrong number of args for split: want 2 got 1'],
  ['{{eq 1}}', 2, 'eq 1', 'error calling eq: missing argument for comparison'],
  ['{{slice 1 2}}', 2, 'slice 1 2', "error calling slice: can't slice item of type int"],
])('%s fails at column %i', (source, column, text, why) => {
  expect(() => shown(source)).toThrow(`template: version:1:${column}: executing "version" at <${text}>: ${why}`);
});

test('a map has no entry for a key that is not in it', () => {
  expect(() => format('{{.State.Foo}}', { State: {} })).toThrow(
    'template: :1:8: executing "" at <.State.Foo>: map has no entry for key "Foo"',
  );
});

test('printf has the verbs of Go', () => {
  expect(sprintf('%d %s %d', ['a', 1])).toBe('%!d(string=a) %!s(int=1) %!d(MISSING)');
  expect(sprintf('x', [1])).toBe('x%!(EXTRA int=1)');
  expect(sprintf('%.2f|%8.3f|%g', [1.5, 2.25, 1e-7])).toBe('1.50|   2.250|1e-07');
  expect(sprintf('%t %c %U %o %b %X %#x %+d %% %08.3f', [true, 65, 65, 8, 5, 255, 255, 3, 3.25])).toBe(
    'true A U+0041 10 101 FF 0xff +3 % 0003.250',
  );
  expect(goJson('<a> & "b"')).toBe('"\\u003ca\\u003e \\u0026 \\"b\\""');
});

test('what would go on for ever ends', () => {
  expect(() => shown('{{range 9000000}}{{range 9000000}}{{end}}{{end}}')).toThrow('too many steps');
  expect(() => shown('{{define "a"}}{{template "a"}}{{end}}{{template "a"}}')).toThrow('maximum template depth');
  expect(() => shown('('.repeat(5000))).not.toThrow();
  expect(() => shown(`{{${'('.repeat(5000)}1${')'.repeat(5000)}}}`)).toThrow('too many levels');
  expect(sprintf('%999999999d', [1]).length).toBe(10_000);
});
