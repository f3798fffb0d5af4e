// The machine that HWV1 cases were recorded on, built around a bare core: flat paged memory, an LDT, CPL 3, exceptions caught.
// Ours; test/vectors/FORMAT.md, "Machine that a case expects".
import { abi, CoreMachine } from './core-machine.mjs';
import { background, SEGMENTS } from './hwv.mjs';
import { compareStates } from './hwv-compare.mjs';

const CODE = 0x10000;
const CODE_SIZE = 0x10000;
const HALT = 0xf4;
/** Memory that a case can see lies below. */
const IMAGE_SIZE = 0x32000;
const READ_ONLY_PAGE = 0x31;

/** Descriptor tables, exception stubs and the ring 0 stack: supervisor pages, far from where cases look. */
const SYSTEM = 0xa5c00000;
const SYSTEM_PHYSICAL = 0x110000;
const GDT = 0;
const GDT_LIMIT = 16 * 8 - 1;
const LDT = 0x100;
const TSS = 0x200;
const TSS_LIMIT = 0x67;
const IDT = 0x400;
const VECTORS = 32;
const STUBS = 0x1000;
const STACK_TOP = 0x4000;
const SYSTEM_PAGES = 4;
const PAGE_DIRECTORY = 0x120000;
const PAGE_TABLES = 0x121000;

const KERNEL_CODE = 0x08;
const KERNEL_DATA = 0x10;
const TSS_SELECTOR = 0x18;
const LDT_SELECTOR = 0x30;
const FLAT = { 8: 0x00cf9b00, 16: 0x00cf9300, 32: 0x00cffb00, 40: 0x00cff300 };

const PE_ET_NE_WP_AM = 0x50031;
const PAGING = 0x80000000;
const OSFXSR_OSXMMEXCPT = 0x600;
const VM = 0x20000;
const IOPL3 = 0x3000;
const RF = 0x10000;

const HAS_ERROR_CODE = new Set([8, 10, 11, 12, 13, 14, 17]);
const GENERAL_PROTECTION = 13;
const BUDGET = 200_000;

/** How a case can be run. `fits`: may this case run so? */
export const MODES = {
  protected: { fits: () => true },
  real: { fits: (one) => one.mode === 16 && plain(one), paragraphs: 0x93 },
  // IOPL is 3 here, or CLI, PUSHF and their like would fault; an image of the flags shows it
  v86: { fits: (one) => one.mode === 16 && plain(one) && !one.name.startsWith('pushf'), paragraphs: 0xf3 },
  supervisor: { fits: (one) => !one.onlyCpl3 && plain(one), dpl: 0 },
};
const plain = (one) => !one.final.exception && !['seg', 'limit', 'ac', 'tf'].includes(one.cls);

/** Segments of 16-bit cases outside protected mode: same bases. */
const PARAGRAPHS = { cs: 0x1000, ds: 0x2000, es: 0x2000, ss: 0x2000, fs: 0x2100, gs: 0x2200 };

export class HwvMachine {
  /** `mode`: a key of MODES. */
  constructor(header, mode, translate = false) {
    this.mode = mode;
    this.ldt = header.ldt.map(([low, high]) => [Number.parseInt(low, 16), Number.parseInt(high, 16)]);
    this.machine = new CoreMachine(undefined, translate);
    this.pristine = Buffer.alloc(IMAGE_SIZE);
    for (let a = 0; a < IMAGE_SIZE; a++) this.pristine[a] = background(a);
    this.pristine.fill(HALT, CODE, CODE + CODE_SIZE);
    this.expected = Buffer.from(this.pristine);
    this.image = this.machine.ram.subarray(0, IMAGE_SIZE);
    this.pristine.copy(this.image);
    this.#buildTables();
    this.#buildPages();
    const { machine } = this;
    machine.set(abi.GDTR_BASE, SYSTEM + GDT);
    machine.set(abi.GDTR_LIMIT, GDT_LIMIT);
    machine.set(abi.IDTR_BASE, SYSTEM + IDT);
    machine.set(abi.IDTR_LIMIT, VECTORS * 8 - 1);
    machine.setDescriptor('ldtr', LDT_SELECTOR, ...this.#descriptor(LDT_SELECTOR));
    machine.setDescriptor('tr', TSS_SELECTOR, ...this.#descriptor(TSS_SELECTOR));
    machine.eflags = mode === 'v86' ? VM : 0;
    if (mode === 'real') machine.setControl(0x30, 0, OSFXSR_OSXMMEXCPT);
    else machine.setControl((PE_ET_NE_WP_AM | PAGING) >>> 0, PAGE_DIRECTORY, OSFXSR_OSXMMEXCPT);
  }

  /** Runs one case; the value is a list of differences. */
  run(one) {
    const patches = [[one.start + this.#codeShift(one), one.code], ...one.initial.memory];
    for (const [address, bytes] of patches) {
      this.machine.poke(address, bytes);
      this.expected.set(bytes, address);
    }
    this.#load(one);
    const exit = this.machine.run(BUDGET);
    const got = exit === abi.EXIT_HLT ? this.#endState(one) : null;
    const rules = { errorCodes: this.mode !== 'real', cpl0: this.mode === 'supervisor' };
    const lines = got ? compareStates(one.final, got, rules) : [`left with exit reason ${exit}`];
    this.#compareMemory(one, patches, lines);
    return lines;
  }

  #codeShift(one) {
    return one.mode === 16 ? CODE : 0;
  }

  #load(one) {
    const { machine } = this;
    const { initial } = one;
    const { paragraphs, dpl } = MODES[this.mode];
    machine.setRegisters(initial.registers);
    machine.eip = one.start;
    for (const name of SEGMENTS) {
      if (paragraphs) machine.setParagraph(name, PARAGRAPHS[name], paragraphs);
      else this.#setSelector(name, initial.segments[name], dpl);
    }
    machine.eflags = this.mode === 'v86' ? initial.eflags | VM | IOPL3 : initial.eflags;
    if (initial.fx) machine.fx = initial.fx;
    machine.core.updateMode();
  }

  #setSelector(name, selector, dpl) {
    if ((selector & 0xfffc) === 0) this.machine.setNullSegment(name, selector);
    else this.machine.setDescriptor(name, selector, ...this.#descriptor(selector), dpl);
  }

  #descriptor(selector) {
    const at = SYSTEM_PHYSICAL + (selector & 4 ? LDT : GDT) + (selector & 0xfff8);
    return [this.machine.ramView.getUint32(at, true), this.machine.ramView.getUint32(at + 4, true)];
  }

  /** The state where HLT was met, or where the exception stub found it. */
  #endState(one) {
    const { machine } = this;
    const state = { exception: null, registers: machine.registers(), fx: one.final.fx ? machine.fx : undefined };
    const stub = machine.eip - 1 - (SYSTEM + STUBS);
    if (this.mode === 'real' || machine.selector('cs') !== KERNEL_CODE || stub < 0 || stub >= VECTORS) {
      return { ...state, ip: (machine.eip - 1) >>> 0, eflags: machine.eflags, segments: this.#selectors(one, {}) };
    }
    const depth = (machine.register(4) - SYSTEM) >>> 0;
    // without a change of rings the frame lies on the case's own stack: the vector says enough
    if (depth >= STACK_TOP) return { ...state, exception: { vector: stub, error: 0, cr2: 0 }, ip: 0, eflags: 0 };
    let at = SYSTEM_PHYSICAL + depth;
    const pop = () => {
      at += 4;
      return machine.ramView.getUint32(at - 4, true);
    };
    const error = HAS_ERROR_CODE.has(stub) ? pop() : 0;
    const ip = pop();
    const cs = pop() & 0xffff;
    const eflags = (pop() & ~RF) >>> 0;
    state.registers[4] = pop();
    const ss = pop() & 0xffff;
    const halted = stub === GENERAL_PROTECTION && error === 0 && this.#isEnd(one, cs, ip);
    const exception = halted ? null : { vector: stub, error, cr2: machine.get(abi.CR2) };
    return { ...state, exception, ip, eflags, segments: this.#selectors(one, { cs, ss }) };
  }

  #selectors(one, found) {
    if (MODES[this.mode].paragraphs) return undefined;
    if (this.mode === 'supervisor' && one.cls !== 'seg') return undefined;
    const { machine } = this;
    return Object.fromEntries(SEGMENTS.map((name) => [name, found[name] ?? machine.selector(name)]));
  }

  /** At CPL 3 HLT itself is what faults: the normal end. */
  #isEnd(one, cs, ip) {
    let base = cs << 4;
    if (this.mode !== 'v86') {
      const [low, high] = this.#descriptor(cs);
      base = (low >>> 16) | ((high & 0xff) << 16) | (high & 0xff000000);
    }
    const address = (base + ip) >>> 0;
    return address < IMAGE_SIZE && this.image[address] === HALT && ip !== one.start;
  }

  #compareMemory(one, patches, lines) {
    const { final } = one;
    const { expected, image, pristine } = this;
    for (const [address, bytes] of final.memory) expected.set(bytes, address);
    const touched = [...patches, ...final.memory].map(([address, bytes]) => [address, bytes.length]);
    // a store into the code is not part of what was recorded
    const ignore = one.cls === 'smc' ? [[CODE, CODE_SIZE]] : final.ignore;
    for (const [address, length] of ignore) {
      image.copy(expected, address, address, address + length);
      touched.push([address, length]);
    }
    if (!image.equals(expected)) {
      const at = image.findIndex((byte, i) => byte !== expected[i]);
      const hex = (buffer) => buffer.subarray(at, at + 16).toString('hex');
      lines.push(`memory at ${at.toString(16)}: want ${hex(expected)}, got ${hex(image)}`);
      touched.push([0, IMAGE_SIZE]);
    }
    for (const [address, length] of touched) {
      const to = Math.min(address + length, IMAGE_SIZE);
      pristine.copy(expected, address, address, to);
      pristine.copy(image, address, address, to);
      this.machine.forgetCode(address, length);
    }
  }

  #buildTables() {
    const { ram, ramView } = this.machine;
    const put = (at, ...dwords) => {
      dwords.forEach((value, i) => {
        ramView.setUint32(SYSTEM_PHYSICAL + at + 4 * i, value, true);
      });
    };
    const system = (selector, offset, limit, type) => {
      const base = SYSTEM + offset;
      put(GDT + selector, ((base & 0xffff) << 16) | limit, (base & 0xff000000) | ((base >>> 16) & 0xff) | (type << 8));
    };
    for (const [at, high] of Object.entries(FLAT)) put(GDT + Number(at), 0xffff, high);
    system(TSS_SELECTOR, TSS, TSS_LIMIT, 0x8b);
    system(LDT_SELECTOR, LDT, this.ldt.length * 8 - 1, 0x82);
    this.ldt.forEach((halves, i) => {
      put(LDT + 8 * i, ...halves);
    });
    put(TSS + 4, SYSTEM + STACK_TOP, KERNEL_DATA);
    put(TSS + 0x64, (TSS_LIMIT + 1) << 16);
    for (let vector = 0; vector < VECTORS; vector++) {
      const stub = SYSTEM + STUBS + vector;
      // INT3 and INTO are for everyone
      const type = vector === 3 || vector === 4 ? 0xee00 : 0x8e00;
      put(IDT + 8 * vector, (KERNEL_CODE << 16) | (stub & 0xffff), (stub & 0xffff0000) | type);
    }
    ram.fill(HALT, SYSTEM_PHYSICAL + STUBS, SYSTEM_PHYSICAL + STUBS + VECTORS);
  }

  #buildPages() {
    const { ramView } = this.machine;
    const tables = [0, SYSTEM >>> 22];
    tables.forEach((entry, i) => {
      ramView.setUint32(PAGE_DIRECTORY + 4 * entry, (PAGE_TABLES + 0x1000 * i) | 7, true);
    });
    const absent = (page) => page === 0 || page === 0x30;
    for (let page = 0; page < IMAGE_SIZE >>> 12; page++) {
      const rights = absent(page) ? 0 : page === READ_ONLY_PAGE ? 5 : 7;
      ramView.setUint32(PAGE_TABLES + 4 * page, (page << 12) | rights, true);
    }
    for (let page = 0; page < SYSTEM_PAGES; page++) {
      ramView.setUint32(PAGE_TABLES + 0x1000 + 4 * page, (SYSTEM_PHYSICAL + (page << 12)) | 3, true);
    }
  }
}
