// The worker thread of one WASI program: takes its transpiled form from the cache or makes it, gives up all that Node has, and runs it.
// Generated code is a script of its own without import(), in a realm whose globals are ECMAScript's and WebAssembly alone.
import { createHash } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { Script } from 'node:vm';
import { parentPort, workerData } from 'node:worker_threads';
import { Caller } from '../wasi/mailbox.js';
import { isComponent } from '../wasi/module.js';
import { type Engine, refuse, runProgram } from '../wasi/program.js';
import { transpile, type Transpiled } from '../wasi/transpile.js';
import { loadTranspiler, transpilerVersion } from './wasi-transpiler.js';
import type { WasiWorkerData } from './wasi-thread.js';
import { cached, keep } from './wasi-cache.js';

/** Of WebAssembly's own interface what is needed: Node's types leave it to the DOM's. */
interface WebAssemblyApi {
  Module: new (bytes: Uint8Array) => object;
  Instance: new (module: object, imports: object) => { exports: Record<string, unknown> };
  RuntimeError: new () => Error;
}

const { program, cache, mailbox, ...start } = workerData as WasiWorkerData;
const port = parentPort!;
const caller = new Caller(mailbox, () => port.postMessage(0));

async function transpiled(): Promise<Transpiled> {
  const digest = createHash('sha256').update(transpilerVersion()).update(program).digest('hex');
  const found = cached(cache, digest);
  if (found) return found;
  const made = transpile(await loadTranspiler(!isComponent(program)), program);
  keep(cache, digest, made);
  return made;
}

function engine(): Engine {
  const origin = Date.now() - performance.now();
  const now = performance.now.bind(performance);
  const { Module, Instance, RuntimeError } = (globalThis as unknown as { WebAssembly: WebAssemblyApi }).WebAssembly;
  const fill = crypto.getRandomValues.bind(crypto);
  return {
    monotonic: () => now() * 1e6,
    date: () => origin + now(),
    random: (into) => void fill(into),
    compile: (bytes) => new Module(bytes),
    instantiate: (module, imports) => new Instance(module, imports),
    evaluate: (script) => new Script(script, { filename: 'program.js' }).runInThisContext(),
    isTrap: (error) => error instanceof RuntimeError || error instanceof RangeError,
  };
}

/** What is left of globals: the language's own. */
const LANGUAGE = new Set(
  (
    'globalThis Infinity NaN undefined eval isFinite isNaN parseFloat parseInt decodeURI decodeURIComponent encodeURI encodeURIComponent ' +
    'Object Function Boolean Symbol Error AggregateError EvalError RangeError ReferenceError SyntaxError TypeError URIError Number BigInt ' +
    'Math Date String RegExp Array Int8Array Uint8Array Uint8ClampedArray Int16Array Uint16Array Int32Array Uint32Array BigInt64Array ' +
    'BigUint64Array Float32Array Float64Array Map Set WeakMap WeakSet WeakRef FinalizationRegistry ArrayBuffer DataView Atomics JSON ' +
    'Promise Reflect Proxy Iterator WebAssembly TextEncoder TextDecoder'
  ).split(' '),
);

function giveUpHost(): void {
  for (const name of Object.getOwnPropertyNames(globalThis))
    if (!LANGUAGE.has(name)) Reflect.deleteProperty(globalThis, name);
  const silent = (): void => {};
  Object.assign(globalThis, { console: { log: silent, error: silent, warn: silent, debug: silent } });
}

try {
  const ready = await transpiled();
  const around = engine();
  giveUpHost();
  runProgram(ready, start, caller, around);
} catch (error) {
  refuse(caller, error);
}
