// Challenges as servers write them, and as nobody should.
import { expect, test } from 'vitest';
import { parseChallenges } from './challenge.js';

test.each<[string, unknown]>([
  ['Basic realm="x"', [['basic', { realm: 'x' }]]],
  [
    'Bearer realm="https://a/t",service="s",scope="repository:a/b:pull,push"',
    [['bearer', { realm: 'https://a/t', service: 's', scope: 'repository:a/b:pull,push' }]],
  ],
  ['BEARER Realm = "a\\"b" , error=invalid_token', [['bearer', { realm: 'a"b', error: 'invalid_token' }]]],
  [
    'Negotiate, Basic realm=x, Bearer realm="y"',
    [
      ['negotiate', {}],
      ['basic', { realm: 'x' }],
      ['bearer', { realm: 'y' }],
    ],
  ],
  ['', []],
  ['realm="x"', []],
  ['"junk" Bearer', []],
  [`Bearer realm="${'x'.repeat(10000)}"`, [['bearer', {}]]],
])('%s', (header, expected) => {
  const found = parseChallenges(header).map(({ scheme, parameters }) => [scheme, Object.fromEntries(parameters)]);
  if (header.length > 9000) expect(found[0]?.[0]).toBe('bearer');
  else expect(found).toEqual(expected);
});
