// Random programs for the translator under paging: code that writes itself, faults, changes its page tables, is interrupted.
// Ours; the encodings are those of SDM vol. 2 appendix A. A program is plain data, so that a failing one can be cut down.
import { Random } from './random.mjs';

/** Physical pages, mapped one to one; ALIAS + page maps the same pages again. */
export const LAYOUT = {
  code: 0x1000,
  other: 0x2000,
  cell: 0x3000,
  data: 0x4000,
  stack: 0x8000,
  kernelStack: 0xb000,
  stubs: 0xc000,
  tables: 0xd000,
  directory: 0x10000,
  pageTable: 0x11000,
  end: 0x12000,
  alias: 0x40000,
};
export const DATA_PAGES = [4, 5, 6, 7];
export const STACK_PAGES = [8, 9];
/** PTE bits: present, writable, user, accessed, dirty. */
export const [P, W, U, A, D] = [1, 2, 4, 0x20, 0x40];
const ATTRIBUTES = [P | W | U, P | W | U, P | W | U, P | W | U, P | W | U | A | D, P | U, P | U, P | W, P, 0, W | U];
const SHIFTS = [0, 1, 2, 3, 4, 5, 7];
const little = (value) => [value & 255, (value >>> 8) & 255, (value >>> 16) & 255, value >>> 24];

/** One instruction that is not privileged and stays within data, stack or nowhere. */
function plain(r) {
  const byte = () => r.below(256);
  // neither ESP nor EDI, which point to memory
  const reg = () => r.pick([0, 1, 2, 3, 5, 6]);
  const registers = (a = reg(), b = reg()) => 0xc0 | (a << 3) | b;
  const memory = (a = reg()) => {
    if (r.oneIn(40)) return [0x80 | (a << 3) | reg(), ...little(r.value())];
    if (r.oneIn(12)) return [0x05 | (a << 3), ...little(LAYOUT.alias + LAYOUT.data + r.below(0x3ff0))];
    if (r.oneIn(12)) return [0x84 | (a << 3), 0x24, ...little(r.below(64) - 16)];
    return [0x87 | (a << 3), ...little(r.below(64))];
  };
  const alu = () => r.below(8) * 8;
  /** An operand size prefix, or not. */
  const wide = () => (r.oneIn(2) ? [0x66] : []);
  const forms = [
    () => [alu() + 1, registers()],
    () => [alu() + 3, ...memory()],
    () => [alu() + 1, ...memory()],
    () => [alu() + r.pick([0, 2]), ...memory(r.below(8))],
    () => [0x83, registers(r.below(8)), byte()],
    () => [0x81, ...memory(r.below(8)), ...little(r.value())],
    () => [0x66, alu() + r.pick([1, 3]), ...memory()],
    () => [r.pick([0x40, 0x48]) + reg()],
    () => [0xff, ...memory(r.below(2))],
    () => [0xfe, ...memory(r.below(2))],
    () => [0xc1, registers(r.pick(SHIFTS)), r.below(33)],
    () => [0xc1, ...memory(r.pick(SHIFTS)), r.below(33)],
    () => [0xd3, ...memory(r.pick(SHIFTS))],
    () => [0x0f, r.pick([0xb6, 0xb7, 0xbe, 0xbf]), ...memory()],
    () => [r.pick([0x89, 0x8b]), ...memory()],
    () => [0x66, r.pick([0x89, 0x8b]), ...memory()],
    () => [r.pick([0x88, 0x8a]), ...memory()],
    () => [0xb8 + reg(), ...little(r.value())],
    () => [0xc7, ...memory(0), ...little(r.value())],
    () => [0x50 + reg()],
    () => [0x58 + reg()],
    () => [0xff, ...memory(6)],
    () => [0x8f, ...memory(0)],
    () => [0x60],
    () => [0x61 - r.below(2)],
    () => [0x9c],
    () => [0xc8, r.below(16), 0, 0],
    () => [0x0f, 0x90 + r.below(16), ...memory(0)],
    () => [0x0f, 0x40 + r.below(16), ...memory()],
    () => [0x0f, 0xaf, ...memory()],
    () => [0xf7, registers(r.pick([2, 3, 4, 5]))],
    () => [0xf7, ...memory(r.below(8))],
    () => [0x87, ...memory()],
    () => [0x0f, 0xb1, ...memory()],
    () => [0x0f, 0xc1, ...memory()],
    () => [0x0f, r.pick([0xa3, 0xab, 0xb3, 0xbb]), registers()],
    () => [0x0f, 0xba, ...memory(4 + r.below(4)), byte()],
    () => [0x0f, r.pick([0xa4, 0xac]), ...memory(), r.below(32)],
    () => [0x0f, 0xc7, ...memory(1)],
    // narrow ones, and those that seldom matter
    () => [...wide(), r.pick([0xc0, 0xc1]), ...memory(r.below(8)), r.below(33)],
    () => [...wide(), r.pick([0xd0, 0xd1, 0xd2, 0xd3]), ...memory(r.below(8))],
    () => [...wide(), r.pick([0xd2, 0xd3]), registers(r.below(8), r.below(4))],
    () => [...wide(), r.pick([0xf6, 0xf7]), ...memory(r.below(8))],
    () => [...wide(), 0x0f, r.pick([0xa5, 0xad, 0xbc, 0xbd]), ...memory()],
    () => [...wide(), 0x0f, r.pick([0xb0, 0xb1, 0xc0, 0xc1]), ...memory(r.below(4))],
    () => [...wide(), r.pick([0x86, 0x87]), ...memory(r.below(4))],
    () => [...wide(), 0x0f, r.pick([0xa3, 0xab, 0xb3, 0xbb]), ...memory()],
    () => [...wide(), r.pick([0xa4, 0xa5, 0xa6, 0xa7, 0xaa, 0xab, 0xac, 0xad, 0xae, 0xaf])],
    () => [r.pick([0xfc, 0xfc, 0xfd])],
    () => [0xbe, ...little(LAYOUT.data + r.below(0x3f00))],
    () => [0x0f, 0xc8 + reg()],
    () => [0x99, 0xf7, registers(r.pick([6, 7]))],
    () => [0x66, r.pick([0x98, 0x99, 0x9c])],
    () => [0x66, 0x0f, r.pick([0xb6, 0xb7, 0xbe, 0xbf]), ...memory()],
    () => [0x66, 0x0f, 0x40 + r.below(16), ...memory()],
    () => [r.pick([0x64, 0x65]), 0x66, r.pick([0x01, 0x03, 0x89, 0x8b]), ...memory()],
    () => [r.pick([0x64, 0x65]), r.pick([0x01, 0x03, 0x89, 0x8b, 0xa4]), ...memory()],
    () => [r.pick([0x06, 0x0e, 0x16, 0x1e])],
    () => [0x0f, 0x18 + r.below(8), ...memory(r.below(4))],
    () => [r.pick([0x98, 0x99, 0x9e, 0x9f, 0xf5, 0xf8, 0xf9])],
    // call the next instruction, pop its address
    () => [0xe8, 0, 0, 0, 0, 0x58 + reg()],
    // over one instruction, or not
    () => {
      const skipped = plain(r);
      return [0x70 + r.below(16), skipped.length, ...skipped];
    },
    // a short loop by ECX
    () => {
      const inside = r.pick([[0x40 + r.pick([0, 2, 3])], [0x01, registers(2, 0)], [0x03, ...memory(2)]]);
      return [0xb9, ...little(1 + r.below(12)), ...inside, r.pick([0xe2, 0xe2, 0xe0, 0xe1]), 0xfe - inside.length];
    },
    // x87 and SSE: loads, stores, arithmetic
    () => [r.pick([0xd9, 0xdd, 0xdb, 0xdf, 0xd8, 0xdc]), ...memory(r.below(5))],
    () => [r.pick([0xd8, 0xd9, 0xdc, 0xde]), 0xc0 + r.below(16)],
    () => [0xd9, r.pick([0xe8, 0xee, 0xe0, 0xe1])],
    () => [0x0f, r.pick([0x10, 0x11, 0x58, 0x59, 0x5c, 0x54, 0x57]), ...memory(r.below(8))],
    () => [0x66, 0x0f, r.pick([0x6f, 0x7f, 0xfe, 0xfa, 0xef, 0xdb, 0x58, 0x59]), ...memory(r.below(8))],
    () => [r.pick([0xf2, 0xf3]), 0x0f, r.pick([0x10, 0x11, 0x58, 0x59, 0x5c, 0x2a, 0x2c]), ...memory(r.below(8))],
  ];
  return r.pick(forms)();
}

/** Privileged and odd ones; at CPL 3 most of them fault. */
function special(r, halting, crosses) {
  const pte = () => LAYOUT.pageTable + 4 * r.pick([...DATA_PAGES, ...STACK_PAGES, 1, 2]);
  const forms = [
    // mov %cr3,%eax; mov %eax,%cr3
    () => [0x0f, 0x20, 0xd8, 0x0f, 0x22, 0xd8],
    // CR0.WP the other way
    () => [0x0f, 0x20, 0xc0, 0x35, 0, 0, 1, 0, 0x0f, 0x22, 0xc0],
    // another PTE, and INVLPG
    () => {
      const at = pte();
      const page = (at - LAYOUT.pageTable) >>> 2;
      const bits = page < 4 ? P | W | U | A | D : r.pick(ATTRIBUTES);
      return [0xc7, 0x05, ...little(at), ...little((page << 12) | bits), 0x0f, 0x01, 0x3d, ...little(page << 12)];
    },
    // swap the pages of code: the same linear page, another physical one
    () => {
      if (crosses) return [0x90];
      const bits = ((1 + r.below(2)) << 12) | P | W | U | A | D;
      return [0xc7, 0x05, ...little(LAYOUT.pageTable + 8), ...little(bits), 0x0f, 0x01, 0x3d, ...little(LAYOUT.other)];
    },
    () => [0xcd, 0x30 + r.below(4)],
    () => [r.pick([0xfa, 0xfb])],
    // popf, at times with TF
    () => [0x68, ...little((r.oneIn(3) ? 0x100 : 0) | (r.below(0x1000) & 0x8d5) | 2), 0x9d],
    () => [r.pick([0xcc, 0xce, 0xf4, 0xcf])],
    () => [0x0f, 0x0b],
    () => [0x0f, 0xa2],
    () => [0x0f, 0x31, 0x31, 0xc0, 0x31, 0xd2],
    () => [0x0f, 0x06],
    () => [r.pick([0xa4, 0xa5, 0xaa, 0xab])],
    () => [0x8e, 0xd8],
    () => [0x06, 0x07],
    () => [0x8c, 0xd0, 0x8e, 0xd0],
  ];
  const strings = [
    () => [
      0xbe,
      ...little(LAYOUT.data + r.below(0x3f00)),
      0xb9,
      ...little(r.below(300)),
      0xf3,
      r.pick([0xa4, 0xa5, 0xaa, 0xab, 0xa6, 0xae, 0xac]),
    ],
    () => [0xb9, ...little(r.below(0x500)), 0xf3, r.pick([0xaa, 0xab])],
  ];
  const bytes = halting && r.oneIn(3) ? r.pick(strings)() : r.pick(forms)();
  return r.oneIn(8) ? [...bytes, ...plain(r)] : bytes;
}

/** A byte to put into code: no REP, since repeated strings that are stepped count other than those that are not. */
function codeByte(r) {
  const byte = r.below(256);
  return byte === 0xf2 || byte === 0xf3 ? 0x90 : byte;
}

/** What a program does at a stop. */
function stop(r, halting) {
  const kinds = [
    'none',
    'none',
    'interrupt',
    'interrupt',
    'page',
    'dma',
    'restore',
    'trap',
    'step',
    'protect',
    'window',
    'nmi',
  ];
  return {
    budget: halting ? 4000 : r.oneIn(3) ? 1 + r.below(12) : 1 + r.below(400),
    kind: r.pick(kinds),
    translate: !r.oneIn(3),
    page: r.pick([...DATA_PAGES, ...DATA_PAGES, ...STACK_PAGES]),
    attributes: r.pick(ATTRIBUTES),
    vector: 0x30 + r.below(8),
    item: r.below(64),
    byte: codeByte(r),
    /** After a fault: mend the page and try again, or go on elsewhere; and how the stub flushes. */
    retry: r.oneIn(2),
    stub: r.below(3),
  };
}

export function makeProgram(seed) {
  const r = new Random(seed);
  const halting = r.oneIn(4);
  const user = !r.oneIn(3);
  // near the end of its page the loop runs on into the next one
  const offset = r.oneIn(4) ? 0xf80 + r.below(0x70) : r.below(0xd00);
  const count = 3 + r.below(14);
  const items = Array.from({ length: count }, () => {
    if (r.oneIn(12)) return { special: true, bytes: special(r, halting, offset >= 0xf80) };
    if (r.oneIn(14)) {
      // mov byte [near the end of item n], value
      return {
        patch: r.below(count),
        back: r.oneIn(4) ? r.below(4) : 0,
        value: codeByte(r),
        alias: r.oneIn(2),
        wide: r.oneIn(4),
      };
    }
    if (r.oneIn(16)) return { call: true };
    return { bytes: plain(r) };
  });
  const around = (page) => (r.oneIn(3) ? page + 0xfc0 + r.below(64) : page + r.below(0xfc0));
  const registers = Array.from({ length: 8 }, () => r.value());
  registers[4] = around(LAYOUT.stack + (r.oneIn(2) ? 0x800 : 0)) & (r.oneIn(4) ? ~0 : ~3);
  registers[7] = around(r.pick(DATA_PAGES.slice(0, 3)) << 12);
  return {
    seed,
    user,
    halting,
    writeProtect: r.oneIn(2),
    iopl: r.oneIn(4),
    interrupts: !r.oneIn(3),
    registers,
    flags: r.below(0x1000) & 0x8d5,
    offset,
    items,
    callee: Array.from({ length: 1 + r.below(4) }, () => plain(r)),
    pages: Object.fromEntries(
      [...DATA_PAGES, ...STACK_PAGES].map((page) => [page, r.pick([P | W | U, r.pick(ATTRIBUTES)])]),
    ),
    stops: Array.from({ length: 6 + r.below(12) }, () => stop(r, halting)),
    data: r.u32(),
  };
}

/** The bytes of the program: {code, at, other, starts: addresses of its items, specials: [{at, bytes}]}. */
export function assemble({ items, callee, offset, halting }) {
  const at = LAYOUT.code + offset;
  const sizes = items.map((one) => one.bytes?.length ?? (one.call ? 5 : one.wide ? 10 : 7));
  const starts = [];
  let next = at;
  for (const size of sizes) {
    starts.push(next);
    next += size;
  }
  const ends = starts.map((start, i) => start + sizes[i]);
  const code = items.flatMap((one, i) => {
    if (one.bytes) return one.bytes;
    if (one.call) return [0xe8, ...little((LAYOUT.other + 0x800 - ends[i]) >>> 0)];
    const victim = items[one.patch % items.length].special ? i : one.patch % items.length;
    const target = ends[victim] - 1 - one.back + (one.alias ? LAYOUT.alias : 0);
    return one.wide
      ? [0xc7, 0x05, ...little(target), one.value, 0x90, one.value ^ 1, 0x90]
      : [0xc6, 0x05, ...little(target), one.value];
  });
  if (halting) {
    code.push(0xcd, 0x30);
    next += 2;
  }
  code.push(0xe9, ...little((at - next - 5) >>> 0));
  const specials = items.flatMap((one, i) => (one.special ? [{ at: starts[i], bytes: Buffer.from(one.bytes) }] : []));
  return { code: Buffer.from(code), at, starts, specials, other: Buffer.from([...callee.flat(), 0xc3]) };
}
