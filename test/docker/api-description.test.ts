// The check of answers against the Engine API's description finds what is wrong, and nothing in what its makers show.
// Source: api-description.ts.
import { expect, test } from 'vitest';
import { ApiDescription, VERSIONS } from './api-description.js';

test.for(VERSIONS)('answers of %s', (version, context) => {
  const api = ApiDescription.of(context, version);
  expect(api.problems('GET', '/_ping', 200, undefined)).toEqual([]);
  expect(api.problems('GET', '/containers/abc/json', 404, { message: 'No such container: abc' })).toEqual([]);
  expect(api.problems('GET', '/containers/abc/json', 404, { massage: 1 })).toHaveLength(1);
  expect(api.problems('POST', '/containers/create', 201, { Id: 'abc', Warnings: [] })).toEqual([]);
  expect(api.problems('POST', '/containers/create', 201, { Id: 7, Warnings: [] })).toHaveLength(1);
  expect(api.problems('POST', '/containers/create', 202, {})[0]).toContain('the description has 201');
  expect(api.problems('GET', '/nothing', 200, {})[0]).toContain('is no call');
  expect(api.problems('GET', '/images/a/b:c/json', 200, { Id: 1 })).not.toEqual([]);
});
