// Links what the core has translated: a module from its memory becomes functions in its table, at once or in the background.
// WebAssembly JavaScript Interface 5.1-5.6; assembly/translator.

import { MODULE, NO_TARGET, REGION_SLOT_MAX } from '../../assembly/abi.js';
import { compile, compileInBackground, instantiate, type WasmMemory, type WasmModule } from './engine.js';

/** Functions and modules that may be live at once; the core closes regions that are not in use when either is used up. */
const SLOTS = REGION_SLOT_MAX;
const MODULES = 512;
/** Interpreted instructions for a sample of what is hot. */
const PERIOD = 20_000;
/** Larger modules compile in the background; those of a few regions take less than a millisecond, and waiting for them costs more. */
const AT_ONCE = 0x10000;
/** Modules that compile in the background at a time. */
const IN_FLIGHT = 4;
/** What a byte of a module costs to make and compile, in interpreted instructions; and the most that may be saved up for it, in the same. */
const BYTE_COST = 40;
const CREDIT_MAX = 50_000_000;
/** So often they may stand in the way of another module before the oldest is compiled at once. */
const PATIENCE = 32;

/**
 * When modules are linked: each before the guest goes on, so that a run is the same every time; or large ones when the engine has
 * compiled them, while the interpreter goes on.
 */
export type Translation = 'at once' | 'in the background';

/**
 * Calls a region for the first time, at which an engine that compiles late does it; the call itself changes nothing. What is known of how
 * it will run: its wasm is `bytes` long, and of those the largest innermost loop has `loop`, 0 when there is none.
 */
export type FirstCall = (call: () => void, bytes: number, loop: number) => void;

/** What assembly/index.ts exports for the translator; the rest of the exports is what regions import. */
export interface TranslatorCore {
  readonly table: {
    readonly length: number;
    grow(count: number): number;
    get(slot: number): unknown;
    set(slot: number, value: unknown): void;
  };
  /** Changes when all decoded code is dropped, and with it what was translated of it. */
  readonly generation: { readonly value: number };
  readonly lastModule: { readonly value: number };
  setSlots(first: number, count: number, modules: number): void;
  setPeriod(instructions: number): void;
  /** How often it has sampled. */
  readonly samples: { readonly value: number };
  translateHot(): number;
  translateLinked(): number;
  translateHere(): number;
  /** Links between regions that ask for these to be merged. */
  readonly asking: { readonly value: number };
  setLinks(period: number, hot: number, due: number): void;
  linked(module: number, worked: number): void;
  /** A slot whose function is called no more; -1: there is none. */
  closed(): number;
  /** Of the region in a slot: bytes of wasm, and those of its largest innermost loop. */
  regionBytes(slot: number): number;
  regionLoop(slot: number): number;
  /** Whether it notes what lies where in a module. */
  setNoting(on: number): void;
}

/** Runs from one of its targets until execution leaves it: assembly/interpreter/enter-region.ts. */
type Region = (target: number) => number;

/** A module that is being compiled. Modules are linked in the order in which the core has made them. */
interface Flight {
  readonly generation: number;
  /** The core's number of it. */
  readonly number: number;
  readonly size: number;
  /** Until it is compiled: what is to be. */
  bytes?: Uint8Array;
  module?: WasmModule;
  error?: unknown;
}

export class Linker {
  /** Modules that were linked, and their bytes; modules that were thrown away because their code was dropped first. */
  modules = 0;
  bytes = 0;
  discarded = 0;
  /** Told of each module as it is made, before the core runs on. */
  private watcher?: (bytes: Uint8Array) => void;
  /** Makes the first call of each region, when it is linked. Absent: the guest makes it. */
  firstCall?: FirstCall;
  private readonly flights: Flight[] = [];
  /** Of the time that is interpreted, so much may be spent on translating: short programs are over before it pays. */
  share = Number.POSITIVE_INFINITY;
  /** In interpreted instructions; less than 0: translating waits. */
  private credit = 0;
  private samples = 0;
  /** Requests in vain since the last landing. */
  private refused = 0;
  /** Nothing lands of itself, because nobody lets the event loop turn: until somebody does, all is compiled at once. */
  private stuck = false;
  /** What regions import: exports of the core, and its handlers as h and their number in the table. */
  private readonly imports: Record<string, Record<string, unknown>>;

  constructor(
    private readonly core: TranslatorCore,
    private readonly memory: WasmMemory,
    private readonly translation: Translation = 'at once',
    modules = MODULES,
  ) {
    const first = core.table.length;
    const env: Record<string, unknown> = { memory, ...core };
    for (let i = 0; i < first; i++) env[`h${i}`] = core.table.get(i);
    this.imports = { env };
    core.table.grow(SLOTS);
    core.setSlots(first, SLOTS, modules);
  }

  get inFlight(): number {
    return this.flights.length;
  }

  /** From now on the core samples, and ends its run early when enough has become hot. */
  start(): void {
    this.core.setPeriod(PERIOD);
  }

  watch(watcher: (bytes: Uint8Array) => void): void {
    this.watcher = watcher;
    this.core.setNoting(1);
  }

  /** Translates what has become hot. */
  translateHot(): void {
    if (!this.affordable() || (this.flights.length >= IN_FLIGHT && !this.hurry())) return;
    this.forgetClosed();
    this.launch(this.core.translateHot());
  }

  /** Translates anew, as one, regions between which the guest goes to and fro. */
  translateLinked(): void {
    if (this.core.asking.value === 0 || this.flights.length > 0 || !this.affordable()) return;
    this.forgetClosed();
    this.launch(this.core.translateLinked());
  }

  private affordable(): boolean {
    if (this.share === Number.POSITIVE_INFINITY) return true;
    const samples = this.core.samples.value;
    const ran = ((samples - this.samples) >>> 0) * PERIOD;
    this.samples = samples;
    this.credit = Math.min(this.credit + ran * this.share, CREDIT_MAX);
    return this.credit >= 0;
  }

  /** Lets the engine forget modules whose regions are closed, so that the core can give their slots out again. */
  private forgetClosed(): void {
    for (let slot = this.core.closed(); slot >= 0; slot = this.core.closed()) this.core.table.set(slot, null);
  }

  private launch(size: number): void {
    if (size === 0) return;
    this.credit -= size * BYTE_COST;
    const flight = this.flight(size, this.moduleBytes(size));
    this.flights.push(flight);
    const small = size <= AT_ONCE && this.flights.length === 1;
    if (this.translation === 'at once' || small || this.stuck) this.compileNow(flight);
    else this.compileLater(flight);
    this.land();
  }

  private compileLater(flight: Flight): void {
    const done = (module?: WasmModule, error?: unknown): void => {
      // it may have been compiled at once meanwhile
      if (!flight.bytes) return;
      flight.bytes = undefined;
      flight.module = module;
      flight.error = error;
    };
    compileInBackground(flight.bytes!).then(done, (error) => done(undefined, error));
  }

  /** As much as may is compiling: what has been waited for in vain is compiled now. Is there room for another? */
  private hurry(): boolean {
    this.refused++;
    const oldest = this.flights[0]!;
    if (this.refused >= PATIENCE && oldest.bytes) {
      this.stuck = true;
      Promise.resolve().then(() => {
        this.stuck = false;
      });
      this.compileNow(oldest);
    }
    this.land();
    return this.flights.length < IN_FLIGHT;
  }

  /** Translates what is at EIP now, hot or not, and links it at once. */
  translateHere(): boolean {
    this.forgetClosed();
    const size = this.core.translateHere();
    if (size === 0) return false;
    const flight = this.flight(size, this.moduleBytes(size));
    this.compileNow(flight);
    return this.link(flight);
  }

  /** Links what has been compiled meanwhile. Between runs of the core. */
  land(): void {
    while (this.flights.length > 0) {
      const flight = this.flights[0]!;
      if (flight.bytes) return;
      this.flights.shift();
      if (!this.stuck) this.refused = 0;
      this.link(flight);
    }
  }

  private flight(size: number, bytes: Uint8Array): Flight {
    return { generation: this.core.generation.value, number: this.core.lastModule.value, size, bytes };
  }

  private moduleBytes(size: number): Uint8Array {
    const bytes = new Uint8Array(this.memory.buffer, MODULE, size).slice();
    this.watcher?.(bytes);
    return bytes;
  }

  private compileNow(flight: Flight): void {
    try {
      flight.module = compile(flight.bytes!);
    } catch (error) {
      flight.error = error;
    }
    flight.bytes = undefined;
  }

  private link(flight: Flight): boolean {
    if (flight.generation !== this.core.generation.value) {
      this.discarded++;
      return false;
    }
    let worked = 0;
    try {
      if (flight.module === undefined) throw flight.error;
      const { exports } = instantiate(flight.module, this.imports);
      for (const [slot, region] of Object.entries(exports)) this.place(Number(slot), region as Region);
      worked = 1;
      this.modules++;
      this.bytes += flight.size;
    } catch (error) {
      // the engine may refuse one more module: the interpreter goes on
      if (!(error instanceof RangeError)) throw error;
    }
    this.core.linked(flight.number, worked);
    return worked === 1;
  }

  private place(slot: number, region: Region): void {
    this.firstCall?.(() => region(NO_TARGET), this.core.regionBytes(slot), this.core.regionLoop(slot));
    this.core.table.set(slot, region);
  }
}
