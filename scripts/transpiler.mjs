// Puts the part of jco that transpiles into dist/jco: a module for components, one for modules of preview 1, their WebAssembly, the license.
// @bytecodealliance/jco-transpile as a whole brings binaryen and more, a hundred megabytes; these are seven, loaded when they are needed.
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';
import { MemoryBudget } from '../build/js/src/wasi/module.js';

/** Bytes that the transpiler may take, whatever a component makes it do. */
const MEMORY = 1 << 30;

const at = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url));

const folder = at('dist/jco');
const jco = at('node_modules/@bytecodealliance/jco');
const whole = at('node_modules/@bytecodealliance/jco-transpile');
const vendor = join(whole, 'vendor');

rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
const bundle = await rolldown({
  input: { generate: join(vendor, 'js-component-bindgen-component.js'), adapt: join(vendor, 'wasm-tools.js') },
  // its own files are found by their address; what a page has instead of files and sockets is all it needs
  platform: 'browser',
  external: /^node:/,
});
await bundle.write({ dir: folder, entryFileNames: '[name].js', chunkFileNames: '[name].js' });
await bundle.close();
for (const name of ['js-component-bindgen-component', 'wasm-tools'])
  for (const core of ['core', 'core2']) {
    const module = new Uint8Array(readFileSync(join(vendor, `${name}.${core}.wasm`)));
    writeFileSync(join(folder, `${name}.${core}.wasm`), new MemoryBudget([module], MEMORY).limited(module));
  }
copyFileSync(join(jco, 'lib/wasi_snapshot_preview1.command.wasm'), join(folder, 'wasi_snapshot_preview1.command.wasm'));
copyFileSync(join(whole, 'LICENSE'), join(folder, 'LICENSE'));
copyFileSync(join(whole, 'package.json'), join(folder, 'package.json'));
