// What lies where in a module that the core has just made: its regions, their blocks, the micro-ops and their bytes.
// assembly/translator/notes.ts writes the notes, assembly/abi.ts says how they look.
import {
  CODE_LAYOUT,
  CODE_PAGE_OF,
  DESCRIPTOR_NEXT,
  DESCRIPTOR_NUMBER,
  DESCRIPTOR_SIZE,
  EA_TEMP,
  EAX,
  FPR,
  LAYOUT_DESCRIPTORS,
  LAYOUT_TABLES,
  LAYOUT_UOPS,
  LAYOUT_UOPS_END,
  NOTE_BLOCK,
  NOTE_DISPATCH,
  NOTE_ENTRY,
  NOTE_EXIT,
  NOTE_SLOW,
  NOTES,
  OFFSET_TABLE_SIZE,
  REGION_ENTRIES,
  XMM,
  ZERO,
} from '../../assembly/abi.js';
import {
  U_BASE,
  U_DISP,
  U_IMM,
  U_INDEX,
  U_LENGTH,
  U_OFFSET,
  U_OP,
  U_REG,
  U_RM,
  U_SCALE,
  U_SEGMENT,
  UC_TARGET,
} from '../../assembly/uop.js';
import { shapeOf, type WasmFunction, type WasmShape } from './wasm-text.js';

/** Bytes of the module. */
export interface Span {
  from: number;
  to: number;
}

/** A micro-op as it was when it was translated; registers are addresses of their slots. */
export interface NotedUop extends Span {
  op: number;
  /** Of the instruction in its page. */
  offset: number;
  length: number;
  rm: number;
  reg: number;
  base: number;
  index: number;
  scale: number;
  disp: number;
  imm: number;
  segment: number;
}

export interface NotedBlock {
  physicalPage: number;
  uops: NotedUop[];
  /** Parts that belong to no micro-op, in their order: what opens and closes scopes, slow paths behind the block. */
  opening: Span;
  slow?: Span;
}

export interface NotedRegion {
  blocks: NotedBlock[];
  function: WasmFunction;
  entry?: Span;
  dispatch?: Span;
  exit?: Span;
}

export interface NotedModule {
  bytes: Uint8Array;
  shape: WasmShape;
  regions: NotedRegion[];
}

const GENERAL = ['eax', 'ecx', 'edx', 'ebx', 'esp', 'ebp', 'esi', 'edi'];
/** Of an address without a base or an index. */
export const NO_SLOT = ZERO;

/** A U_OP from here on is an entry of a region; its own is kept in the table of entries. */
const FIRST_ENTRY = 0x4000;
const ENTRY_NUMBER = 0x3fff;
const ENTRY_SIZE = 32;
const OWN_OP = 12;

/** The notes of the module at hand. Before the core runs on. */
export function readNotes(view: DataView, bytes: Uint8Array): NotedModule {
  const u32 = (at: number): number => view.getUint32(at, true);
  const shape = shapeOf(bytes);
  const shift = shape.code - u32(NOTES + 4);
  const notes = Array.from({ length: u32(NOTES) }, (_, i) => ({
    at: u32(NOTES + 8 + 8 * i) + shift,
    what: u32(NOTES + 12 + 8 * i),
  }));
  const regions: NotedRegion[] = [];
  const [tables, uops, end] = [LAYOUT_TABLES, LAYOUT_UOPS, LAYOUT_UOPS_END].map((field) => u32(CODE_LAYOUT + field));
  notes.forEach(({ at, what }, i) => {
    if (what >= tables! && what < uops!) {
      // behind the begin of a block: its page
      const one = shape.functions.find(({ start }) => start === at);
      const begun = regions.at(-1)?.blocks.at(-1);
      if (one) regions.push({ blocks: [], function: one });
      else if (begun) begun.physicalPage = pageOf(view, what);
      return;
    }
    const region = regions.at(-1);
    if (!region) return;
    const next = notes[i + 1];
    const span = { from: at, to: next && next.at <= region.function.end ? next.at : region.function.end };
    const block = region.blocks.at(-1);
    if (what === NOTE_ENTRY) region.entry = span;
    else if (what === NOTE_DISPATCH) region.dispatch = span;
    else if (what === NOTE_BLOCK) region.blocks.push({ physicalPage: 0, uops: [], opening: span });
    else if (what === NOTE_EXIT) region.exit = span;
    else if (what === NOTE_SLOW && block) block.slow = span;
    else if (what >= uops! && what < end!) block?.uops.push({ ...readUop(view, what), ...span });
  });
  return { bytes, shape, regions };
}

function pageOf(view: DataView, table: number): number {
  const [descriptors, tables] = [LAYOUT_DESCRIPTORS, LAYOUT_TABLES].map((at) => view.getUint32(CODE_LAYOUT + at, true));
  const descriptor = descriptors! + ((table - tables!) / OFFSET_TABLE_SIZE) * DESCRIPTOR_SIZE;
  return view.getUint32(descriptor + DESCRIPTOR_NUMBER, true);
}

/** The micro-op of the instruction at `physical`, under whatever mode it was decoded for; 0: it was not. */
export function decodedAt(view: DataView, physical: number): number {
  const [descriptors, tables] = [LAYOUT_DESCRIPTORS, LAYOUT_TABLES].map((at) => view.getUint32(CODE_LAYOUT + at, true));
  let descriptor = view.getUint32(CODE_PAGE_OF + 4 * (physical >>> 12), true);
  for (; descriptor !== 0; descriptor = view.getUint32(descriptor + DESCRIPTOR_NEXT, true)) {
    const table = tables! + ((descriptor - descriptors!) / DESCRIPTOR_SIZE) * OFFSET_TABLE_SIZE;
    const u = view.getUint32(table + 4 * (physical & 0xfff), true);
    if (u !== 0) return u;
  }
  return 0;
}

function readUop(view: DataView, u: number): Omit<NotedUop, keyof Span> {
  const u16 = (field: number): number => view.getUint16(u + field, true);
  const op = u16(U_OP);
  return {
    op: op < FIRST_ENTRY ? op : view.getUint32(REGION_ENTRIES + (op & ENTRY_NUMBER) * ENTRY_SIZE + OWN_OP, true),
    offset: u16(U_OFFSET),
    length: view.getUint8(u + U_LENGTH),
    rm: u16(U_RM),
    reg: u16(U_REG),
    base: u16(U_BASE),
    index: u16(U_INDEX),
    scale: view.getUint8(u + U_SCALE) & ~UC_TARGET,
    disp: view.getUint32(u + U_DISP, true),
    imm: view.getUint32(u + U_IMM, true),
    segment: view.getUint8(u + U_SEGMENT),
  };
}

/** Whether an instruction at `physical` has been decoded, and so has run or been reached by one that has. */
export function wasDecoded(view: DataView, physical: number): boolean {
  return decodedAt(view, physical) !== 0;
}

/** A register by the address of its slot; bytes 1 of the first four are AH to BH. */
export function slotName(at: number): string {
  if (at === EA_TEMP) return 'address';
  const general = (at - EAX) / 8;
  if (Number.isInteger(general) && general >= 0 && general < GENERAL.length) return GENERAL[general]!;
  if (at > EAX && at < EAX + 32 && (at - EAX) % 8 === 1) return `${'acdb'[(at - EAX - 1) / 8]}h`;
  if (at >= XMM && at < XMM + 128) return `xmm${(at - XMM) / 16}`;
  if (at >= FPR && at < FPR + 128) return `mm${(at - FPR) / 16}`;
  return String(at);
}
