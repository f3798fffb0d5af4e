// The part of the WebAssembly JavaScript API that we use: ES2022's own library does not declare it.
// WebAssembly JavaScript Interface, sections 5.1-5.5.

import { RAM } from '../../assembly/abi.js';

/** Where guest RAM starts in a machine's wasm memory; what is below is the core's. */
export const HOST_RAM = RAM;

export interface WasmMemory {
  readonly buffer: ArrayBuffer;
}

/** A compiled module; opaque. */
export type WasmModule = object;

interface WasmInstance {
  readonly exports: Record<string, unknown>;
}

interface WasmApi {
  Memory: new (descriptor: { initial: number; maximum: number; shared?: boolean }) => WasmMemory;
  compile(bytes: Uint8Array): Promise<WasmModule>;
  Module: new (bytes: Uint8Array) => WasmModule;
  Instance: new (module: WasmModule, imports: Record<string, Record<string, unknown>>) => WasmInstance;
}

const api = (globalThis as unknown as { WebAssembly: WasmApi }).WebAssembly;

export const PAGE = 65536;

/** Throws RangeError when the host has not so much address space. */
export function createMemory(bytes: number): WasmMemory {
  const pages = Math.ceil(bytes / PAGE);
  return new api.Memory({ initial: pages, maximum: pages });
}

export function compile(bytes: Uint8Array): WasmModule {
  return new api.Module(bytes);
}

/** On a thread of the engine's, while the caller goes on. */
export function compileInBackground(bytes: Uint8Array): Promise<WasmModule> {
  return api.compile(bytes);
}

export function instantiate(module: WasmModule, imports: Record<string, Record<string, unknown>>): WasmInstance {
  return new api.Instance(module, imports);
}
