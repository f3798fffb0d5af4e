// Names as Docker reads them: the table is distribution/reference's own rules, case by case.
import { expect, test } from 'vitest';
import { InputError } from '../base/errors.js';
import { familiar, familiarName, fullName, parseReference, withTag } from './reference.js';

const D = `sha256:${'a'.repeat(64)}`;

test.each([
  ['busybox', 'docker.io/library/busybox', 'busybox'],
  ['docker.io/busybox', 'docker.io/library/busybox', 'busybox'],
  ['index.docker.io/library/busybox:1', 'docker.io/library/busybox:1', 'busybox:1'],
  ['user/app:v1.0', 'docker.io/user/app:v1.0', 'user/app:v1.0'],
  ['localhost/app', 'localhost/app', 'localhost/app'],
  ['localhost:5000/app:x', 'localhost:5000/app:x', 'localhost:5000/app:x'],
  ['127.0.0.1:5000/a/b/c', '127.0.0.1:5000/a/b/c', '127.0.0.1:5000/a/b/c'],
  ['[::1]:5000/app', '[::1]:5000/app', '[::1]:5000/app'],
  ['quay.io/x/y__z-w.v:T_1', 'quay.io/x/y__z-w.v:T_1', 'quay.io/x/y__z-w.v:T_1'],
  [`busybox@${D}`, `docker.io/library/busybox@${D}`, `busybox@${D}`],
  [`busybox:1@${D}`, `docker.io/library/busybox:1@${D}`, `busybox:1@${D}`],
  ['docker.io/library/a/b', 'docker.io/library/a/b', 'library/a/b'],
])('%s', (text, full, short) => {
  const reference = parseReference(text);
  expect(fullName(reference)).toBe(full);
  expect(familiar(reference)).toBe(short);
  expect(parseReference(familiar(reference))).toEqual(reference);
});

test('without a tag it is latest; with a digest it needs none', () => {
  expect(familiar(withTag(parseReference('busybox')))).toBe('busybox:latest');
  expect(familiar(withTag(parseReference(`busybox@${D}`)))).toBe(`busybox@${D}`);
  expect(familiarName(parseReference('busybox:1'))).toBe('busybox');
});

test.each([
  ['', /1 to 255/],
  ['a'.repeat(64), /ID of an image/],
  ['BusyBox', /must be lowercase/],
  ['a//b', /no repository/],
  ['../../etc/passwd', /no re/],
  ['-a', /no repository/],
  ['a:', /a tag has/],
  ['a:-x', /a tag has/],
  ['a:x/y/', /no re/],
  [`a:${'x'.repeat(129)}`, /a tag has/],
  ['a@sha256:../../x', /64 digits/],
  [`a@sha256:${'A'.repeat(64)}`, /64 digits/],
  [`a@${D}@${D}`, /64 digits/],
  [`host.name/${'x/'.repeat(200)}y`, /255/],
  ['host.name:port/x', /no re/],
  ['a b', /no repository/],
  ['a\0b', /no repository/],
  [`http://a/b`, /no re/],
])('%j is refused', (text, why) => {
  expect(() => parseReference(text)).toThrow(why);
  expect(() => parseReference(text)).toThrow(InputError);
});
