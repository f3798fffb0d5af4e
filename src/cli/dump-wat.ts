// `--dump-wat ADDR`: the block of translated code around an address: its x86, its micro-ops and its WebAssembly side by side.
// Ours; assembly/translator/notes.ts tells what belongs together.
import { hex } from '../base/bytes.js';
import type { LinearMemory } from '../vcpu/linear.js';
import {
  NO_SLOT,
  type NotedBlock,
  type NotedModule,
  type NotedRegion,
  type NotedUop,
  type Span,
  slotName,
  wasDecoded,
} from '../vcpu/translation-notes.js';
import { type LocalNames, linesOf, type WasmLine } from '../vcpu/wasm-text.js';
import type { Disassemble } from './disassembler.js';

/** build/names.json. */
export interface Names {
  microOps: string[];
  locals: LocalNames;
}

export interface WatDumpParts {
  view: DataView;
  linear: LinearMemory;
  disassemble: Disassemble;
  names: Names;
  print: (text: string) => void;
}

const X86_WIDTH = 36;
const UOP_WIDTH = 38;
const WASM_WIDTH = 84;
const PAGE = 0xfff;
const SEGMENTS = ['es', 'cs', 'ss', 'ds', 'fs', 'gs'];
const DS = 3;

export class WatDump {
  private readonly waiting: Set<number>;
  /** Where the addresses were when the last module was made; undefined: not mapped. */
  private readonly mapped = new Map<number, number | undefined>();

  constructor(
    addresses: readonly number[],
    private readonly parts: WatDumpParts,
  ) {
    this.waiting = new Set(addresses);
  }

  /** A module has been made: prints the blocks of it that were asked for, each address once. */
  see(module: NotedModule): void {
    for (const address of this.waiting) {
      const physical = this.parts.linear.translate(address);
      this.mapped.set(address, physical);
      if (physical === undefined) continue;
      for (const region of module.regions) {
        const block = region.blocks.find(
          ({ physicalPage, uops }) =>
            physicalPage === physical >>> 12 && uops.some((uop) => covers(uop, address & PAGE)),
        );
        if (!block) continue;
        this.waiting.delete(address);
        this.parts.print(this.show(address, module, region, block));
        break;
      }
    }
  }

  /** Says why, of each address that was not translated. */
  finish(): string[] {
    return [...this.waiting].map((address) => {
      const what = `--dump-wat 0x${hex(address)}: never translated;`;
      if (!this.mapped.has(address)) return `${what} nothing in this run became hot`;
      const physical = this.mapped.get(address);
      if (physical === undefined) return `${what} nothing was mapped there when code was last translated`;
      if (wasDecoded(this.parts.view, physical)) return `${what} it ran, but never enough to be hot`;
      return `${what} no instruction that begins there has run`;
    });
  }

  private show(address: number, { bytes, shape }: NotedModule, region: NotedRegion, block: NotedBlock): string {
    const { names } = this.parts;
    const lines = linesOf(bytes, shape, region.function, names.locals);
    const number = region.blocks.indexOf(block);
    const page = (address & ~PAGE) >>> 0;
    const bytesOf = ({ from, to }: Span): number => to - from;
    const rows = [
      `block ${number + 1} of ${region.blocks.length} of a region in page 0x${hex(page)} (physical 0x${hex(block.physicalPage * 4096)}), ` +
        `${region.function.end - region.function.start} bytes of WebAssembly`,
      ...(region.entry
        ? [`the region loads registers and flags into locals first: ${bytesOf(region.entry)} bytes`]
        : []),
      '',
      `${'x86'.padEnd(X86_WIDTH)} ${'micro-op'.padEnd(UOP_WIDTH)} WebAssembly`,
      `${'-'.repeat(X86_WIDTH)} ${'-'.repeat(UOP_WIDTH)} ${'-'.repeat(WASM_WIDTH / 2)}`,
    ];
    const within = (span: Span): WasmLine[] => lines.filter(({ at }) => at >= span.from && at < span.to);
    const opening = within(block.opening);
    // what the block opens is told in one line; its own code begins at the margin
    const margin = within(block.uops[0]!)[0]?.depth ?? 0;
    const wasmOf = (span: Span): string[] => statements(within(span), margin);
    if (opening.length > 0) rows.push(...beside([], [], [opening.map(({ text }) => text).join(' ')]));
    let last = -1;
    for (const uop of block.uops) {
      const x86 = uop.offset === last || uop.length === 0 ? [] : this.instruction(page, uop);
      last = uop.offset;
      rows.push(...beside(x86, wrapped(microOp(uop, names.microOps), UOP_WIDTH), wasmOf(uop)));
    }
    if (block.slow && bytesOf(block.slow) > 0) {
      rows.push('', ...beside([], ['(behind the block: where it is left)'], wasmOf(block.slow)));
    }
    return `${rows.map((row) => row.trimEnd()).join('\n')}\n`;
  }

  private instruction(page: number, { offset, length }: NotedUop): string[] {
    const at = page + offset;
    const text = this.parts.disassemble(this.parts.linear.read(at, length), 32, at);
    // address, bytes, text: the bytes go when there is no room
    const short = text.replace(/^(\S+) +\S+ +/, '$1 ');
    return wrapped([short], X86_WIDTH);
  }
}

function covers({ offset, length }: NotedUop, at: number): boolean {
  return at >= offset && at < offset + length;
}

/** Three columns, as many rows as the longest needs. */
function beside(x86: string[], uop: string[], wasm: string[]): string[] {
  const rows = Math.max(x86.length, uop.length, wasm.length);
  return Array.from(
    { length: rows },
    (_, i) => `${(x86[i] ?? '').padEnd(X86_WIDTH)} ${(uop[i] ?? '').padEnd(UOP_WIDTH)} ${wasm[i] ?? ''}`,
  );
}

/** Instructions up to one that leaves nothing on the stack are one line, unless it grows too long. */
function statements(lines: readonly WasmLine[], margin: number): string[] {
  const text: string[] = [];
  let line = '';
  for (const { text: one, depth, ends } of lines) {
    const indent = '  '.repeat(Math.max(0, depth - margin));
    const next = line === '' ? indent + one : `${line}  ${one}`;
    if (next.length > WASM_WIDTH && line !== '') {
      text.push(line);
      line = `${indent}    ${one}`;
    } else line = next;
    if (!ends) continue;
    text.push(line);
    line = '';
  }
  if (line !== '') text.push(line);
  return text;
}

/** Words of at most `width` a row, those behind the first moved in. */
function wrapped(words: readonly string[], width: number): string[] {
  const rows: string[] = [];
  for (const word of words) {
    const row = rows.at(-1);
    if (row !== undefined && `${row} ${word}`.length <= width) rows[rows.length - 1] = `${row} ${word}`;
    else rows.push(row === undefined ? word : `  ${word}`);
  }
  return rows.map((row) => (row.length > width ? `${row.slice(0, width - 1)}~` : row));
}

/** The name of a micro-op, then those fields that say something. */
function microOp(uop: NotedUop, names: readonly string[]): string[] {
  const words = [names[uop.op] ?? `op ${uop.op}`];
  if (uop.length === 0) return words;
  if (uop.rm !== 0) words.push(`rm=${slotName(uop.rm)}`);
  else if (uop.base !== 0 || uop.index !== 0) words.push(`mem=${memory(uop)}`);
  if (uop.reg !== 0) words.push(`reg=${slotName(uop.reg)}`);
  if (uop.imm !== 0) words.push(`imm=0x${uop.imm.toString(16)}`);
  return words;
}

function memory({ base, index, scale, disp, segment }: NotedUop): string {
  const terms: string[] = [];
  if (base !== NO_SLOT) terms.push(slotName(base));
  if (index !== NO_SLOT) terms.push(scale === 0 ? slotName(index) : `${slotName(index)}*${1 << scale}`);
  const signed = disp | 0;
  if (disp !== 0 && terms.length > 0 && signed < 0 && signed > -0x10000) terms.push(`-0x${(-signed).toString(16)}`);
  else if (disp !== 0 || terms.length === 0) terms.push(`0x${disp.toString(16)}`);
  const override = segment === DS || segment >= SEGMENTS.length ? '' : `${SEGMENTS[segment]}:`;
  return `${override}[${terms.join('+').replace('+-', '-')}]`;
}
