// A WASI program from its transpiled form to its end: instantiated with its imports, run, and its end told as an exit code.
// WASI 0.2, wasi:cli/run. A trap ends it as SIGABRT ends a process: 134.
import { InputError, messageOf } from '../base/errors.js';
import { encodeText } from '../base/text.js';
import { type Environment, importsOf, type ProgramHost } from './imports.js';
import type { Caller } from './mailbox.js';
import { MemoryBudget, PAGE } from './module.js';
import { System } from './system.js';
import type { Transpiled } from './transpile.js';

export const TRAPPED = 134;
/** It can't be run. */
export const REFUSED = 126;

/** The engine that runs it. */
export interface Engine extends ProgramHost {
  compile(bytes: Uint8Array): object;
  instantiate(module: object, imports: object): { exports: Record<string, unknown> };
  /** The value of a script, which reaches nothing of the host's. */
  evaluate(script: string): unknown;
  isTrap(error: unknown): boolean;
}

export interface ProgramStart extends Environment {
  /** Bytes of memory that it may have. */
  memory: number;
}

type CoreImports = Record<string, Record<string, unknown>>;
interface Instance {
  exports: Record<string, unknown>;
}
type Instantiate = (
  getCoreModule: (name: string) => Uint8Array,
  imports: object,
  instantiateCore: (module: Uint8Array, imports?: CoreImports) => Instance,
) => Record<string, { run(): void } | undefined>;

/** Runs it. It ends with the process. */
export function runProgram(transpiled: Transpiled, start: ProgramStart, caller: Caller, engine: Engine): never {
  const system = new System(caller);
  const { script, modules, imports } = transpiled;
  const offered = importsOf(system, start, engine);
  const missing = imports.filter((name) => !Object.hasOwn(offered, name));
  if (missing.length > 0) throw new InputError(`imports ${missing.join(', ')}, which is not offered`);
  const budget = new MemoryBudget([...modules.values()], start.memory);
  const memories: { buffer: { byteLength: number } }[] = [];
  const count = (): void => caller.setPages(memories.reduce((sum, { buffer }) => sum + buffer.byteLength / PAGE, 0));
  const instantiateCore = (module: Uint8Array, wanted: CoreImports = {}): Instance => {
    const instance = engine.instantiate(engine.compile(budget.limited(module)), withExit(wanted, system));
    for (const value of Object.values(instance.exports))
      if (isMemory(value) && !memories.includes(value)) memories.push(value);
    count();
    return instance;
  };
  const getCoreModule = (name: string): Uint8Array => {
    const module = modules.get(name);
    if (!module) throw new InputError(`has no module ${name}`);
    return module;
  };
  caller.beforeCall = count;
  const { instantiate } = engine.evaluate(script) as { instantiate: Instantiate };
  try {
    const exports = instantiate(getCoreModule, offered, instantiateCore);
    const [, run] = Object.entries(exports).find(([name]) => name.startsWith('wasi:cli/run')) ?? [];
    run!.run();
  } catch (error) {
    if (error instanceof InputError) throw error;
    // the `err` of run's result
    if (!engine.isTrap(error) && error instanceof Error && Object.hasOwn(error, 'payload')) system.exit(1);
    say(system, `trap: ${messageOf(error).replace(/^wasm trap: /, '')}${framesOf(error)}`);
    return system.exit(TRAPPED);
  }
  return system.exit(0);
}

/** What a program that can't run leaves, on its standard error. */
export function refuse(caller: Caller, error: unknown): never {
  const system = new System(caller);
  const advice = error instanceof InputError && error.advice !== undefined ? ` ${error.advice}` : '';
  say(system, `${messageOf(error)}.${advice}`);
  return system.exit(REFUSED);
}

function say(system: System, what: string): void {
  try {
    system.write(2, encodeText(`wasi: ${what}\n`));
  } catch {
    // nobody hears
  }
}

const FRAMES = 12;

/** Where it was in WebAssembly: names where the module has them. */
function framesOf(error: unknown): string {
  const { stack } = error as { stack?: string };
  const frames = [...(stack ?? '').matchAll(/^ *at (?:(\S+) \()?wasm:\/\/\S*?(wasm-function\[\d+\]:0x[0-9a-f]+)/gm)];
  return frames
    .slice(0, FRAMES)
    .map(([, name, place]) => `\n    at ${name ? `${name} ` : ''}${place}`)
    .join('');
}

const isMemory = (value: unknown): value is { buffer: { byteLength: number } } =>
  Object.prototype.toString.call(value) === '[object WebAssembly.Memory]';

/** A module of preview 1 ends with a code of its own, of which its adapter would leave 0 or 1. */
function withExit(imports: CoreImports, system: System): CoreImports {
  const old = imports.wasi_snapshot_preview1;
  if (!old || !Object.hasOwn(old, 'proc_exit')) return imports;
  return {
    ...imports,
    wasi_snapshot_preview1: { ...old, proc_exit: (code: number) => system.exit(code) },
  };
}
