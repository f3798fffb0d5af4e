// Where decoded code lies: an area of the memory, divided into descriptors of code pages, their offset tables and blocks of micro-ops.
// Ours. Blocks and tables are given out one by one and come back one by one; memory that was never given out is never touched.
import {
  CODE_LAYOUT, DESCRIPTOR_SIZE, LAYOUT_DESCRIPTORS, LAYOUT_PAGES, LAYOUT_TABLES, LAYOUT_UOPS, LAYOUT_UOPS_END, OFFSET_TABLE_SIZE,
} from '../abi';
import { UOP_SIZE } from '../uop';

/** Micro-ops of a block. A run lies in one. */
export const BLOCK_UOPS: u32 = 128;
const BLOCK_SHIFT: u32 = 12;
const BLOCK_SIZE: usize = BLOCK_UOPS * UOP_SIZE;
/** By block: by micro-op, how often it was sampled u8; the next block of its page or the next free one (its number + 1, 0: none) u32. */
const NOTE_SIZE: usize = BLOCK_UOPS + 4;
const NOTE_NEXT: usize = BLOCK_UOPS;
/** What a page has of the area on average, its micro-ops with it. */
const PAGE_COST: usize = DESCRIPTOR_SIZE + OFFSET_TABLE_SIZE + 14336;
const ALIGNMENT: usize = 4096;

let descriptors: usize = 0;
let tables: usize = 0;
/** Code pages that there is room for, and blocks. */
export let pageMax: u32 = 0;
export let blockMax: u32 = 0;
let notes: usize = 0;
export let uops: usize = 0;

/** Descriptors that were given out at least once, and blocks. */
export let pagesTouched: u32 = 0;
let blocksTouched: u32 = 0;
let freeDescriptor: usize = 0;
let freeBlock: u32 = 0;
export let freePages: u32 = 0;
export let freeBlocks: u32 = 0;

function aligned(at: usize): usize { return (at + ALIGNMENT - 1) & ~(ALIGNMENT - 1); }

/** Divides the bytes from `from` to `end`. Nothing is decoded. */
export function divideArea(from: usize, end: usize): void {
  pageMax = <u32>((end - from - ALIGNMENT) / PAGE_COST);
  descriptors = from;
  tables = aligned(descriptors + <usize>pageMax * DESCRIPTOR_SIZE);
  notes = tables + <usize>pageMax * OFFSET_TABLE_SIZE;
  blockMax = <u32>((end - notes - ALIGNMENT) / (BLOCK_SIZE + NOTE_SIZE));
  uops = aligned(notes + <usize>blockMax * NOTE_SIZE);
  store<u32>(CODE_LAYOUT + LAYOUT_DESCRIPTORS, <u32>descriptors);
  store<u32>(CODE_LAYOUT + LAYOUT_TABLES, <u32>tables);
  store<u32>(CODE_LAYOUT + LAYOUT_PAGES, pageMax);
  store<u32>(CODE_LAYOUT + LAYOUT_UOPS, <u32>uops);
  store<u32>(CODE_LAYOUT + LAYOUT_UOPS_END, <u32>(uops + blockMax * BLOCK_SIZE));
  forgetArea();
}

/** All is free again; offset tables that were given out must be all zeros. */
export function forgetArea(): void {
  pagesTouched = 0;
  blocksTouched = 0;
  freeDescriptor = 0;
  freeBlock = 0;
  freePages = pageMax;
  freeBlocks = blockMax;
}

// ---- descriptors and tables ------------------------------------------------------------------------------------------------------------

// @ts-ignore: decorator
@inline export function tableOf(descriptor: usize): usize { return tables + ((descriptor - descriptors) / DESCRIPTOR_SIZE) * OFFSET_TABLE_SIZE; }
// @ts-ignore: decorator
@inline export function descriptorOf(table: usize): usize { return descriptors + ((table - tables) / OFFSET_TABLE_SIZE) * DESCRIPTOR_SIZE; }
// @ts-ignore: decorator
@inline export function descriptorNumber(i: u32): usize { return descriptors + <usize>i * DESCRIPTOR_SIZE; }

/** A descriptor of zeros, whose offset table is all zeros too. There must be one (`freePages`). */
export function newDescriptor(): usize {
  freePages--;
  if (freeDescriptor == 0) return descriptorNumber(pagesTouched++);
  const d = freeDescriptor;
  freeDescriptor = load<u32>(d);
  store<u32>(d, 0);
  return d;
}
/** Takes back a descriptor whose table is all zeros. */
export function freeTheDescriptor(d: usize): void {
  memory.fill(d, 0, DESCRIPTOR_SIZE);
  store<u32>(d, <u32>freeDescriptor);
  freeDescriptor = d;
  freePages++;
}

// ---- blocks ----------------------------------------------------------------------------------------------------------------------------

// @ts-ignore: decorator
@inline function noteOf(block: u32): usize { return notes + <usize>block * NOTE_SIZE; }

/** A block in front of block number `next` - 1 (0: none); the value is its own number + 1. There must be one (`freeBlocks`). */
export function newBlock(next: u32): u32 {
  freeBlocks--;
  let block: u32;
  if (freeBlock != 0) {
    block = freeBlock - 1;
    freeBlock = load<u32>(noteOf(block), NOTE_NEXT);
  } else block = blocksTouched++;
  memory.fill(noteOf(block), 0, BLOCK_UOPS);
  store<u32>(noteOf(block), next, NOTE_NEXT);
  return block + 1;
}
// @ts-ignore: decorator
@inline export function blockBegin(number: u32): usize { return uops + (<usize>(number - 1) << BLOCK_SHIFT); }

/** Takes back block number `number` - 1 and those behind it. */
export function freeTheBlocks(number: u32): void {
  while (number != 0) {
    const note = noteOf(number - 1);
    const next = load<u32>(note, NOTE_NEXT);
    store<u32>(note, freeBlock, NOTE_NEXT);
    freeBlock = number;
    freeBlocks++;
    number = next;
  }
}

/** Where it is counted how often micro-op `u` was sampled, u8. */
export function samplesOf(u: usize): usize {
  const at = u - uops;
  return noteOf(<u32>(at >>> BLOCK_SHIFT)) + ((at & (BLOCK_SIZE - 1)) / UOP_SIZE);
}
