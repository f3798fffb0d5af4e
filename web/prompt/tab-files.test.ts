// The tab's folder, as the commands see it; nothing is kept here. Source: tab-files.ts.
import { expect, test } from 'vitest';
import { TabFiles } from './tab-files.js';

const open = () => TabFiles.open(undefined, (error) => expect.fail(String(error)));

test('files, folders and links by their paths', async () => {
  const files = await open();
  files.put('a', '#!/bin/sh\n');
  files.makeFolder('in');
  files.current = '/in';
  files.put('b', 'text');
  files.makeLink('l', '../a');
  expect(files.names('.')).toEqual(['b', 'l']);
  expect(files.names('/')).toEqual(['a', 'in']);
  expect(files.text('l')).toBe('#!/bin/sh\n');
  expect(files.real('./l')).toBe('/a');
  expect(files.about('/a')).toMatchObject({ kind: 'file', size: 10, mode: 0o755 });
  expect(files.about('l')).toMatchObject({ kind: 'link' });
  files.makeLink('circle', 'circle');
  expect(() => files.text('circle')).toThrow('ELOOP');
  expect(() => files.put('/none/x', '')).toThrow('ENOENT');
  expect(() => files.makeFolder('/in')).toThrow('EEXIST');
  files.remove('/in');
  expect(files.list().map(({ path }) => path)).toEqual(['/a']);
});

test('bytes written anywhere, with holes, are read as they are', async () => {
  const files = await open();
  const out = files.create('x');
  out.write(0, new Uint8Array([1, 2]));
  out.write(4, new Uint8Array([5]));
  out.close();
  expect([...files.bytes('x')]).toEqual([1, 2, 0, 0, 5]);
  const pieces: number[] = [];
  for await (const piece of files.stream('x', 4)) pieces.push(...piece);
  expect(pieces).toEqual([1, 2, 0, 0]);
  const spooled = await files.spool(files.stream('x'));
  const into = new Uint8Array(2);
  spooled.read(3, into);
  expect([...into]).toEqual([0, 5]);
});
