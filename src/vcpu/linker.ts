// Links what the core has translated: a module from its memory becomes functions in its table.
// WebAssembly JavaScript Interface 5.1-5.6; assembly/translator.

import { MODULE } from '../../assembly/abi.js';
import { compile, instantiate, type WasmMemory } from './engine.js';

/** Functions and modules that may be live at once; the core drops all, with all decoded code, when either is used up. */
const SLOTS = 8192;
const MODULES = 512;
/** Interpreted instructions for a sample of what is hot. */
const PERIOD = 20_000;

/** What assembly/index.ts exports for the translator; the rest of the exports is what regions import. */
export interface TranslatorCore {
  readonly table: {
    readonly length: number;
    grow(count: number): number;
    get(slot: number): unknown;
    set(slot: number, value: unknown): void;
  };
  setSlots(first: number, count: number, modules: number): void;
  setPeriod(instructions: number): void;
  translateHot(): number;
  translateHere(): number;
  linked(worked: number): void;
}

export class Linker {
  /** Modules and functions that were linked. */
  modules = 0;
  bytes = 0;
  /** What regions import: exports of the core, and its handlers as h and their number in the table. */
  private readonly imports: Record<string, unknown>;

  constructor(
    private readonly core: TranslatorCore,
    private readonly memory: WasmMemory,
    modules = MODULES,
  ) {
    const first = core.table.length;
    this.imports = { ...core };
    for (let i = 0; i < first; i++) this.imports[`h${i}`] = core.table.get(i);
    core.table.grow(SLOTS);
    core.setSlots(first, SLOTS, modules);
  }

  /** From now on the core samples, and ends its run early when enough has become hot. */
  start(): void {
    this.core.setPeriod(PERIOD);
  }

  /** Translates what has become hot. */
  translateHot(): void {
    this.link(this.core.translateHot());
  }

  /** Translates what is at EIP now, hot or not. */
  translateHere(): boolean {
    return this.link(this.core.translateHere());
  }

  private link(size: number): boolean {
    if (size === 0) return false;
    const bytes = new Uint8Array(this.memory.buffer, MODULE, size).slice();
    let worked = 1;
    try {
      const { exports } = instantiate(compile(bytes), this.memory, this.imports);
      for (const [slot, region] of Object.entries(exports)) this.core.table.set(Number(slot), region);
      this.modules++;
      this.bytes += size;
    } catch (error) {
      // the engine may refuse one more module: the interpreter goes on
      if (!(error instanceof RangeError)) throw error;
      worked = 0;
    }
    this.core.linked(worked);
    return worked === 1;
  }
}
