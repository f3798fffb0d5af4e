// A batch of snippets: made from a seed, laid out for harness.asm, its results read back and compared.
// The layouts are harness.asm's.
import { Assembler, CODE, dword, MAX_CODE, SCRATCH, SCRATCH_SIZE } from './assembler.mjs';
import { ALL, SYSTEM } from './flags.mjs';
import { SSE, START_DEPTH, X87 } from './floating.mjs';
import { INTEGER } from './integer.mjs';
import { Random } from './random.mjs';

const RECORD_SIZE = 192;
const FX_IMAGES = 16;
const FX_SIZE = 512;
const BLOCKS = 16;
const RESULT_DWORDS = 13 + BLOCKS;
export const RESULT_SIZE = RESULT_DWORDS * 4 + FX_SIZE;

const ESP = 4;
const EBP = 5;
const DONE = 0x40;

const NAMES = ['eax', 'ecx', 'edx', 'ebx', 'esp', 'ebp', 'esi', 'edi', 'eip', 'eflags', 'vector', 'error', 'cr2'];
const EIP = 8;
const EFLAGS = 9;
const VECTOR = 10;
const ERROR = 11;
const PAGE_FAULT = 14;
const PAGE_FAULT_WRITE = 2;

/** Kinds of snippets: what they are made of. */
const MIXTURES = [INTEGER, INTEGER, [...INTEGER, ...INTEGER, ...X87, ...SSE], [...X87, ...X87, ...INTEGER], SSE, X87];

function pickWeighted(random, list) {
  let at = (random.below(1 << 20) / (1 << 20)) * list.reduce((sum, [weight]) => sum + weight, 0);
  for (const [weight, emit] of list) {
    at -= weight;
    if (at < 0) return emit;
  }
  return list[0][1];
}

function snippet(seed) {
  const random = new Random(seed);
  const ring = random.oneIn(4) ? 0 : 3;
  const assembler = new Assembler(random, ring);
  const mixture = random.pick(MIXTURES);
  for (let n = 1 + random.below(12); n > 0 && !assembler.full; n--) pickWeighted(random, mixture)(assembler);
  const registers = Array.from({ length: 8 }, () => random.value());
  registers[ESP] = SCRATCH + SCRATCH_SIZE / 2 + 4 * random.below(64);
  registers[EBP] = SCRATCH + SCRATCH_SIZE / 2;
  return {
    seed,
    registers,
    eflags: (random.u32() & (ALL | 0x200)) | 2,
    ring,
    fx: random.below(FX_IMAGES),
    code: assembler.bytes,
    marks: assembler.marks,
  };
}

/** `count` snippets of a batch; each has a seed of its own, so that it can be made alone. */
export function makeSnippets(seed, count) {
  return Array.from({ length: count }, (_, i) => snippet(seed * 1_000_003 + i));
}

/** The snippet cut short behind each of its instructions: the first that differs shows which one it is. */
export function prefixes(one) {
  const ends = one.marks.map(([at]) => at).filter((at) => at > 0);
  return ends.map((end) => ({ ...one, code: one.code.slice(0, end), marks: one.marks.filter(([at]) => at <= end) }));
}

/** FXSAVE images: START_DEPTH registers in use, exceptions masked, any rounding; full precision, by which QEMU rounds operands too. */
function fxImages() {
  const random = new Random(0);
  const bytes = Buffer.alloc(FX_IMAGES * FX_SIZE);
  for (let i = 0; i < FX_IMAGES; i++) {
    const image = bytes.subarray(i * FX_SIZE, (i + 1) * FX_SIZE);
    const top = random.below(8);
    let tags = 0;
    for (let k = 0; k < START_DEPTH; k++) tags |= 1 << ((top + k) & 7);
    image.writeUInt16LE(0x37f | (random.below(4) << 10), 0);
    image.writeUInt16LE(top << 11, 2);
    image[4] = tags;
    image.writeUInt32LE(0x1f80 | (random.below(4) << 13), 24);
    for (let k = 0; k < 8; k++) {
      const at = 32 + 16 * k;
      image.writeUInt32LE(random.oneIn(3) ? 0 : random.u32(), at);
      image.writeUInt32LE((random.u32() | 0x80000000) >>> 0, at + 4);
      image.writeUInt16LE((random.oneIn(5) ? random.u32() : 0x3fff + random.below(100) - 50) & 0x7fff, at + 8);
      // zero and infinity
      if (random.oneIn(8)) image.fill(0, at, at + 10);
      for (let j = 0; j < 4; j++) {
        const single = random.pick([random.u32(), (random.below(64) + 96) << 23, 0x3f800000, 0x7f800000, 0, 1]);
        image.writeUInt32LE(single >>> 0, 160 + 16 * k + 4 * j);
      }
    }
  }
  return bytes;
}

/** The Multiboot image that runs `snippets`. */
export function encodeBatch(harness, snippets) {
  const records = snippets.map((one) => {
    const record = Buffer.alloc(RECORD_SIZE);
    const head = [...one.registers, one.eflags, one.ring, one.fx, one.code.length].flatMap(dword);
    record.set(head);
    record.set(one.code.slice(0, MAX_CODE), head.length);
    return record;
  });
  const count = Buffer.alloc(16);
  count.writeUInt32LE(snippets.length);
  return Buffer.concat([harness, count, fxImages(), ...records]);
}

/** What a machine wrote: one object a snippet. */
export function decodeResults(bytes) {
  const results = [];
  for (let at = 0; at + RESULT_SIZE <= bytes.length; at += RESULT_SIZE) {
    const dwords = Array.from({ length: RESULT_DWORDS }, (_, i) => bytes.readUInt32LE(at + 4 * i));
    results.push({
      state: dwords.slice(0, NAMES.length),
      blocks: dwords.slice(NAMES.length),
      fx: bytes.subarray(at + 4 * RESULT_DWORDS, at + RESULT_SIZE),
    });
  }
  return results;
}

/** Flags that are defined where the snippet stopped. */
function definedFlags({ marks, code }, eip, vector) {
  const offset = eip - CODE;
  let undef = 0;
  for (const [at, mask] of marks) if (at <= offset) undef = mask;
  // INT3, INTO and the end leave EIP behind an instruction that is marked; elsewhere nothing is known
  if (vector !== DONE && !marks.some(([at]) => at === offset)) return SYSTEM;
  if (offset > code.length) undef = marks.at(-1)[1];
  return (ALL & ~undef) | SYSTEM;
}

/** FSW: C1 (rounded up) and the condition bits without a comparison; DE: QEMU does not track them. */
const FSW_COMPARED = 0x38fd;
const FSW_TOP = 0x3800;
const MXCSR_COMPARED = 0xfffd;

const hex = (value) => value.toString(16);

/** Lines of text for what differs between our result and the oracle's. */
export function compareResults(one, ours, oracle) {
  const lines = [];
  const flags = definedFlags(one, oracle.state[EIP], oracle.state[VECTOR]);
  oracle.state.forEach((want, i) => {
    const got = ours.state[i];
    // QEMU reads what it will write before it looks whether it may
    const mask = i === EFLAGS ? flags : i === ERROR && oracle.state[VECTOR] === PAGE_FAULT ? ~PAGE_FAULT_WRITE : ~0;
    if (((want ^ got) & mask) !== 0) lines.push(`${NAMES[i]}: oracle ${hex(want)}, ours ${hex(got)}`);
  });
  oracle.blocks.forEach((want, i) => {
    if (want !== ours.blocks[i]) lines.push(`memory ${hex(SCRATCH + i * 0x100)}: differs`);
  });
  const word = (name, at, mask) => {
    const [want, got] = [oracle.fx.readUInt16LE(at) & mask, ours.fx.readUInt16LE(at) & mask];
    if (want !== got) lines.push(`${name}: oracle ${hex(want)}, ours ${hex(got)}`);
  };
  word('fcw', 0, 0xffff);
  // a store that faults has rounded already in QEMU
  word('fsw', 2, oracle.state[VECTOR] === PAGE_FAULT ? FSW_TOP : FSW_COMPARED);
  word('ftw', 4, 0xff);
  word('mxcsr', 24, MXCSR_COMPARED);
  for (let i = 0; i < 16; i++) {
    const at = 32 + 16 * i;
    const [want, got] = [oracle.fx, ours.fx].map((fx) => fx.subarray(at, at + (i < 8 ? 10 : 16)));
    if (want.equals(got) || (i >= 8 && alikeButForNaNs(want, got))) continue;
    lines.push(`${i < 8 ? 'st' : 'xmm'}${i & 7}: oracle ${want.toString('hex')}, ours ${got.toString('hex')}`);
  }
  return lines;
}

/** Of two NaNs SSE keeps the first; QEMU 7.2 goes by x87's rule. */
function alikeButForNaNs(a, b) {
  const isDouble = (bytes, at) => Number.isNaN(bytes.readDoubleLE(at));
  const isSingle = (bytes, at) => Number.isNaN(bytes.readFloatLE(at));
  const same = (at, length) => a.subarray(at, at + length).equals(b.subarray(at, at + length));
  const single = (at) => same(at, 4) || (isSingle(a, at) && isSingle(b, at));
  return [0, 8].every((at) => (isDouble(a, at) && isDouble(b, at)) || (single(at) && single(at + 4)));
}
