// A component becomes core modules and the JavaScript between them: jco's work, whose result is kept by the component's digest.
// Ours around @bytecodealliance/jco-transpile. Modules of WASI preview 1 become components first, by its adapter for commands.
import { InputError } from '../base/errors.js';
import { decodeText, encodeText } from '../base/text.js';
import { isComponent } from './module.js';
import { checkInstanceNames, checkName } from './names.js';

/** What of jco is needed. */
export interface Transpiler {
  /** A component of a core module that imports wasi_snapshot_preview1. */
  adapt(module: Uint8Array): Uint8Array;
  /** What a core module calls its imports and exports. */
  namesOf(module: Uint8Array): string[];
  generate(component: Uint8Array): { files: [name: string, bytes: Uint8Array][]; imports: string[]; exports: string[] };
}

export interface Transpiled {
  /** A script whose value has `instantiate`. */
  script: string;
  modules: Map<string, Uint8Array>;
  /** Names of interfaces. */
  imports: string[];
}

const RUN = /^wasi:cli\/run(@0\.2\.\d+)?$/;

/** Throws InputError. */
export function transpile({ adapt, generate, namesOf }: Transpiler, program: Uint8Array): Transpiled {
  const component = isComponent(program) ? program : saying('is no command of WASI preview 1', () => adapt(program));
  checkInstanceNames(component);
  const { files, imports, exports } = saying('is no component that can be run', () => generate(component));
  if (!exports.some((name) => RUN.test(name)))
    throw new InputError('exports no wasi:cli/run: it is a library, no command');
  const source = files.find(([name]) => name.endsWith('.js'));
  const script = source && decodeText(source[1]);
  if (script === undefined) throw new InputError('is no component that can be run');
  const modules = new Map(files.filter(([name]) => name.endsWith('.wasm')));
  for (const module of modules.values()) for (const name of namesOf(module)) checkName(name);
  return { script: asScript(script), modules, imports };
}

function saying<Result>(what: string, action: () => Result): Result {
  try {
    return action();
  } catch (error) {
    const { payload, message } = error as { payload?: unknown; message?: string };
    const why = typeof payload === 'string' ? payload : (message ?? String(error));
    throw new InputError(`${what}: ${why.slice(0, 2000)}`, undefined, { cause: error });
  }
}

/** The module's exports as the value of a script: a script has no import, static or dynamic. */
function asScript(module: string): string {
  return `(() => {\n${module.replace(/^export (?=function instantiate\(|const _util )/gm, '')}\nreturn { instantiate };\n})()`;
}

// ---- as bytes: what is kept ----------------------------------------------------------------------------------------------------

const MAGIC = 'tabvisor wasi 1\n';

export function packed({ script, modules, imports }: Transpiled): Uint8Array {
  const code = encodeText(script);
  const head = { imports, script: code.length, modules: [...modules].map(([name, { length }]) => [name, length]) };
  const parts = [encodeText(`${MAGIC}${JSON.stringify(head)}\n`), code, ...modules.values()];
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** Undefined: it is not whole. */
export function unpacked(bytes: Uint8Array): Transpiled | undefined {
  const start = MAGIC.length;
  if (decodeText(bytes.subarray(0, start)) !== MAGIC) return undefined;
  const end = bytes.indexOf(0x0a, start);
  const text = end < 0 ? undefined : decodeText(bytes.subarray(start, end));
  if (text === undefined) return undefined;
  const head = JSON.parse(text) as { imports: string[]; script: number; modules: [string, number][] };
  let at = end + 1;
  const next = (length: number): Uint8Array => {
    at += length;
    return bytes.slice(at - length, at);
  };
  const script = decodeText(next(head.script));
  const modules = new Map(head.modules.map(([name, length]) => [name, next(length)]));
  return at === bytes.length && script !== undefined ? { script, modules, imports: head.imports } : undefined;
}
