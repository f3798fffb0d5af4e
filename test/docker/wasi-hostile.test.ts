// Components that mean no good: names that would be code in what jco generates, code that looks for a way out of its worker, what never ends.
// No turn of the worker's event loop comes after a program has begun: what import() promises is never there.
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { loadTranspiler } from '../../src/cli/wasi-transpiler.js';
import { packed, transpile } from '../../src/wasi/transpile.js';
import { root } from '../provisioned.js';
import { type Daemon, sharedDaemon } from './daemon-fixture.js';

let daemon: Daemon;
sharedDaemon((one) => {
  daemon = one;
});
const scratch = mkdtempSync(join(tmpdir(), 'tabvisor-wasi-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

/** A component from its text. */
async function component(text: string): Promise<Uint8Array> {
  const { $init, tools } = await import(join(root, 'dist/jco/adapt.js'));
  await $init;
  return tools.parse(text);
}

async function runs(program: Uint8Array) {
  writeFileSync(join(scratch, 'p.wasm'), program);
  return daemon.docker('run', '--rm', '-v', `${scratch}:/w`, 'busybox', '/w/p.wasm');
}

const RUN = '(instance $r (export "run" (func $run))) (export "wasi:cli/run@0.2.0" (instance $r))';
const exporting = (name: string): string => `(component
  (core module $m (func (export ${name}) (result i32) i32.const 0))
  (core instance $k (instantiate $m))
  (func $run (result (result)) (canon lift (core func $k ${name}))) ${RUN})`;
const naming = (name: string): string => `(component
  (core module $m (func (export "run") (result i32) i32.const 0))
  (core module $n (import "a" "b" (func)))
  (core instance $k (instantiate $m))
  (core instance $j (export "b" (func $k "run")) (export ${name} (func $k "run")))
  (func $run (result (result)) (canon lift (core func $k "run"))) ${RUN})`;

test('what names of core modules say is never code', async () => {
  expect(await runs(await component(exporting('"run"')))).toEqual({ status: 0, stdout: '', stderr: '' });
  const transpiler = await loadTranspiler(true);
  const code = 'globalThis.x=1;';
  const names = [`"'];${code}['"`, `"\\\\'];${code}//"`, `"a\\n${code}"`, `"\\u{2028}${code}"`, `"\`\${${code}}\`"`];
  // what is exported is known when jco has worked: one of them is enough
  for (const name of names)
    for (const text of name === names[0] ? [exporting(name), naming(name)] : [naming(name)]) {
      const program = await component(text);
      expect(() => transpile(transpiler, program), text).toThrow('names have no quotes and no ends of lines');
    }
  const refused = await runs(await component(exporting(`"'];${code}['"`)));
  expect(refused.status).toBe(126);
  expect(refused.stderr).toContain('names have no quotes and no ends of lines');
});

test('generated code finds nothing of Node', async () => {
  const program = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0);
  // as if jco had made it: what it would find if a name were code after all
  const script = `(() => ({ instantiate(get, imports) {
    const found = Object.getOwnPropertyNames(globalThis).filter((name) => !/^[A-Z]/.test(name));
    const say = (text) => imports['wasi:cli/stdout'].getStdout().write(new TextEncoder().encode(text + '\\n'));
    say(found.sort().join(' '));
    const tries = {
      process: () => process.pid, require: () => require('fs'), made: () => Function('return process')().pid,
      outer: () => imports['wasi:cli/exit'].exit.constructor('return process')().pid,
      fetch: () => fetch('http://127.0.0.1'), port: () => postMessage(0), compiled: () => Function("import('node:fs')"),
    };
    for (const [name, attempt] of Object.entries(tries))
      try { say(name + ': ' + typeof attempt()); } catch (error) { say(name + ': ' + error.name); }
    return { 'wasi:cli/run': { run() {} } };
  } }))()`;
  const cache = join(daemon.folder, 'data/wasi');
  mkdirSync(cache, { recursive: true });
  const { version } = JSON.parse(readFileSync(join(root, 'dist/jco/package.json'), 'utf8'));
  const digest = createHash('sha256').update(version).update(program).digest('hex');
  writeFileSync(join(cache, digest), packed({ script, modules: new Map(), imports: [] }));
  const { stdout, stderr } = await runs(program);
  expect(stderr).toBe('');
  expect(stdout.split('\n')).toEqual([
    'console decodeURI decodeURIComponent encodeURI encodeURIComponent eval globalThis isFinite isNaN parseFloat parseInt undefined',
    ...['process: ReferenceError', 'require: ReferenceError', 'made: ReferenceError', 'outer: ReferenceError'],
    ...['fetch: ReferenceError', 'port: ReferenceError', 'compiled: function', ''],
  ]);
});

test('what never ends is ended: in its start function, and while it is transpiled', async () => {
  writeFileSync(
    join(scratch, 'p.wasm'),
    await component(`(component
      (core module $m (func $s (loop $l (br $l))) (start $s) (func (export "run") (result i32) i32.const 0))
      (core instance $k (instantiate $m))
      (func $run (result (result)) (canon lift (core func $k "run"))) ${RUN})`),
  );
  await daemon.docker('run', '-d', '--name', 'spins', '-v', `${scratch}:/w`, 'busybox', '/w/p.wasm');
  expect((await daemon.docker('kill', 'spins')).status).toBe(0);
  expect((await daemon.docker('wait', 'spins')).stdout).toBe('137\n');
});

test('imports that are not offered, and modules that are cut, are refused', async () => {
  const http = `(component (import "wasi:http/types@0.2.0" (instance)) (core module $m (func (export "run") (result i32) i32.const 0))
    (core instance $k (instantiate $m)) (func $run (result (result)) (canon lift (core func $k "run"))) ${RUN})`;
  const whole = await component(http);
  for (const cut of [9, 20, whole.length - 5]) expect((await runs(whole.slice(0, cut))).status).toBe(126);
  expect(daemon.complaints).toBe('');
});
