// The part of jco that transpiles, which the package brings along (scripts/transpiler.mjs): 7 MB that are loaded when a program needs them.
import { readFileSync } from 'node:fs';
import { PACKAGE_ROOT } from '../hosts/node/package-root.js';
import type { Transpiler } from '../wasi/transpile.js';

type Files = [name: string, bytes: Uint8Array][];

interface Generator {
  $init: Promise<void>;
  generate(component: Uint8Array, options: object): { files: Files; imports: string[]; exports: [string, string][] };
}
interface Adapter {
  $init: Promise<void>;
  tools: { componentNew(module: Uint8Array, adapters: Files): Uint8Array };
}

/** Of WebAssembly's own interface what is needed: Node's types leave it to the DOM's. */
declare const WebAssembly: {
  Module: {
    new (bytes: Uint8Array): object;
    imports(module: object): { module: string; name: string }[];
    exports(module: object): { name: string }[];
  };
};

const PLACE = new URL('dist/jco/', PACKAGE_ROOT);
const ADAPTER = 'wasi_snapshot_preview1';
/** Without what only other hosts or older engines need. */
const OPTIONS = {
  name: 'program',
  map: [],
  instantiation: { tag: 'sync' },
  noNodejsCompat: true,
  noTypescript: true,
  base64Cutoff: 0,
  noComponentErrorWrapping: false,
};

/** What is made by one version is not another's. */
export const transpilerVersion = (): string =>
  (JSON.parse(readFileSync(new URL('package.json', PLACE), 'utf8')) as { version: string }).version;

/** `adapts`: also what takes modules of preview 1. */
export async function loadTranspiler(adapts: boolean): Promise<Transpiler> {
  const { $init, generate } = (await import(new URL('generate.js', PLACE).href)) as Generator;
  const adapter = adapts ? ((await import(new URL('adapt.js', PLACE).href)) as Adapter) : undefined;
  await Promise.all([$init, adapter?.$init]);
  return {
    namesOf(bytes) {
      const module = new WebAssembly.Module(bytes);
      const imported = WebAssembly.Module.imports(module).flatMap((one) => [one.module, one.name]);
      return [...imported, ...WebAssembly.Module.exports(module).map(({ name }) => name)];
    },
    generate(component) {
      const { files, imports, exports } = generate(component, OPTIONS);
      return { files, imports, exports: exports.map(([name]) => name) };
    },
    adapt(module) {
      const file = readFileSync(new URL(`${ADAPTER}.command.wasm`, PLACE));
      return adapter!.tools.componentNew(module, [[ADAPTER, file]]);
    },
  };
}
