// A shell as process 1 on a terminal, as `tabvisor kernel run -t` starts one.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { needs } from '../provisioned.js';
import { TestNode } from './node-fixture.js';

test('the children of process 1 are stopped by Ctrl-Z and continued by fg', (context) => {
  const busybox = readFileSync(needs(context, 'busybox').busybox);
  const node = new TestNode();
  for (const name of ['sh', 'cat']) node.file(`/bin/${name}`, busybox);
  const terminal = node.startOnTerminal(['sh', '-i']);
  let shown = '';
  const wait = (text: string) => {
    node.runUntil(() => {
      shown += Buffer.from(terminal.transmit(65536)).toString();
      return shown.includes(text);
    });
    shown = shown.slice(shown.indexOf(text) + text.length);
  };
  const type = (keys: string) => terminal.receive(Buffer.from(keys), 0, keys.length);

  wait('# ');
  type('echo begun; cat\r');
  wait('begun\r\n');
  type('one\r');
  wait('one\r\none\r\n');
  type('\x1a');
  wait('Stopped');
  wait('# ');
  type('fg\r');
  wait('cat\r\n');
  type('two\r');
  wait('two\r\ntwo\r\n');
  type('\x03');
  wait('# ');
  type('echo $?\r');
  wait('130\r\n');
  expect(node.kernel.tasks.size).toBe(1);
});
