// A program of system-program.mjs on two machines, translated and stepped, that must agree wherever the translated one stops.
// Ours. Wherever that stops the other is stepped to the same count; then registers, memory, tables and counters must be equal.
import { abi, CoreMachine } from '../../scripts/core-machine.mjs';
import { Random } from './random.mjs';
import { A, assemble, D, DATA_PAGES, LAYOUT, P, STACK_PAGES, U, W } from './system-program.mjs';

const RAM = 1 << 20;
const PAGES = 32;
const CPL0 = { cs: 0x08, data: 0x10 };
const CPL3 = { cs: 0x1b, data: 0x23 };
const GDT = [0, 0, 0x0000ffff, 0x00cf9b00, 0x0000ffff, 0x00cf9300, 0x0000ffff, 0x00cffb00, 0x0000ffff, 0x00cff300];
const GDT_AT = LAYOUT.tables + 0x800;
const TSS_AT = LAYOUT.tables + 0xa00;
const STUB_SIZE = 16;
const STUB_TAILS = LAYOUT.stubs + 0x800;
const VECTORS = 64;
const WITH_ERROR = [8, 10, 11, 12, 13, 14, 17];
const TF = 0x100;
const IF = 0x200;
const PE_NE = 0x21;
const PG = 0x80000000;
const WP = 0x10000;
const PGE_OSFXSR = 0x600;
/** A bit of CAREFUL beside the core's own, as src/vcpu/vcpu.ts sets it to step. */
const CAREFUL_HOST = 0x80;
/** Instructions that may run beyond a budget: it is looked at on branches back and on the ways out. */
const LATENCY = 1200;
/** Exits between instructions, which the stepped machine need not make too. */
const SOON = [abi.EXIT_BUDGET, abi.EXIT_INTERRUPT_WINDOW];
/** Where an exception's handler waits for us: HLT, then one of these. */
const TAILS = [
  [0xcf], // iret
  [0x50, 0x0f, 0x20, 0xd8, 0x0f, 0x22, 0xd8, 0x58, 0xcf], // the same with CR3 loaded again
  [0x50, 0x0f, 0x20, 0xd0, 0x0f, 0x01, 0x38, 0x58, 0xcf], // the same with INVLPG of CR2
];

const CODE_PAGES = [LAYOUT.code, LAYOUT.other, LAYOUT.stubs].map((at) => at >>> 12);
/** A repeated string instruction, whose count depends on how it was cut: random bytes make one at times. */
const REPEATED = /[\xf2\xf3][\x26\x2e\x36\x3e\x64-\x67]*[\xa4-\xa7\xaa-\xaf\x6c-\x6f]/;

class Side {
  constructor(translate) {
    this.machine = new CoreMachine(RAM, translate);
    this.linker = this.machine.linker;
    // each step from region to region asks for the two to be joined
    this.machine.core.setLinks(1, 1, 1);
    // translation is up to the program's stops
    this.machine.linker = undefined;
  }

  load(program, { code, at, other }) {
    const { machine: m } = this;
    const { ram, ramView } = m;
    m.core.reset();
    m.core.flushTlb(1);
    ram.fill(0, 0, LAYOUT.end);
    const r = new Random(program.data);
    for (let i = LAYOUT.data; i < LAYOUT.kernelStack; i += 4) ramView.setUint32(i, r.value(), true);
    GDT.forEach((word, i) => {
      ramView.setUint32(GDT_AT + 4 * i, word, true);
    });
    for (let v = 0; v < VECTORS; v++) {
      const stub = LAYOUT.stubs + STUB_SIZE * v;
      ram.set([0xf4, 0xeb, 0xfd], stub);
      ramView.setUint32(LAYOUT.tables + 8 * v, (CPL0.cs << 16) | (stub & 0xffff), true);
      ramView.setUint32(LAYOUT.tables + 8 * v + 4, (stub & 0xffff0000) | (v >= 0x30 ? 0xee00 : 0x8e00), true);
    }
    TAILS.forEach((tail, i) => {
      ram.set(tail, STUB_TAILS + STUB_SIZE * i);
    });
    ramView.setUint32(TSS_AT + 4, LAYOUT.kernelStack + 0xff0, true);
    ramView.setUint32(TSS_AT + 8, CPL0.data, true);
    for (let page = 0; page < PAGES; page++) {
      const attributes = program.pages[page] ?? (page < 4 ? P | W | U | A | D : P | W | A | D);
      ramView.setUint32(LAYOUT.pageTable + 4 * page, (page << 12) | attributes, true);
      ramView.setUint32(LAYOUT.pageTable + LAYOUT.alias / 1024 + 4 * page, (page << 12) | P | W | U, true);
    }
    this.frames = Array.from(
      { length: 1024 },
      (_, page) => ramView.getUint32(LAYOUT.pageTable + 4 * page, true) & ~(A | D),
    );
    ramView.setUint32(LAYOUT.directory, LAYOUT.pageTable | P | W | U, true);
    ram.set(code, at);
    ram.set(other, LAYOUT.other + 0x800);

    const ring = program.user ? 3 : 0;
    m.setDescriptor('cs', program.user ? CPL3.cs : CPL0.cs, 0xffff, program.user ? 0x00cffb00 : 0x00cf9b00, ring);
    for (const name of ['ss', 'ds', 'es', 'fs', 'gs']) {
      m.setDescriptor(name, program.user ? CPL3.data : CPL0.data, 0xffff, program.user ? 0x00cff300 : 0x00cf9300, ring);
    }
    m.setNullSegment('ldtr', 0);
    m.setSegment('tr', 0x28, TSS_AT, 0x67, 0x8b);
    m.set(abi.GDTR_BASE, GDT_AT);
    m.set(abi.GDTR_LIMIT, 4 * GDT.length - 1);
    m.set(abi.IDTR_BASE, LAYOUT.tables);
    m.set(abi.IDTR_LIMIT, 8 * VECTORS - 1);
    m.setRegisters(program.registers);
    m.eflags = program.flags | 2 | (program.interrupts ? IF : 0) | (program.iopl ? 0x3000 : 0);
    m.setControl((PE_NE | PG | (program.writeProtect ? WP : 0)) >>> 0, LAYOUT.directory, PGE_OSFXSR);
    m.core.updateMode();
    m.eip = at;
  }

  get count() {
    return this.machine.get(abi.COUNT_INSTRUCTIONS);
  }

  /** One instruction. */
  step() {
    this.machine.set(abi.CAREFUL, this.machine.get(abi.CAREFUL) | CAREFUL_HOST);
    return this.machine.core.run(1);
  }

  /** Back from steps that we made. */
  unstep() {
    this.machine.set(abi.CAREFUL, this.machine.get(abi.CAREFUL) & ~CAREFUL_HOST);
  }

  state() {
    const { machine: m } = this;
    const words = {
      exit: m.get(abi.EXIT_REASON),
      eip: m.eip,
      eflags: m.eflags,
      cpl: m.get(abi.CPL),
      mxcsr: m.get(abi.MXCSR),
    };
    m.registers().forEach((value, i) => {
      words[['eax', 'ecx', 'edx', 'ebx', 'esp', 'ebp', 'esi', 'edi'][i]] = value;
    });
    for (const name of ['CR0', 'CR2', 'CR3', 'DR6']) words[name.toLowerCase()] = m.get(abi[name]);
    return words;
  }

  /** What state() leaves out, as one buffer each. */
  areas() {
    const { buffer } = this.machine.view;
    return {
      segments: Buffer.from(buffer, abi.SEG, 8 * abi.SEG_SIZE),
      floating: Buffer.from(buffer, abi.FPR, abi.MXCSR - abi.FPR),
      memory: this.machine.ram.subarray(0, LAYOUT.end),
    };
  }

  /**
   * Whether the program has changed a page table entry without the INVLPG that belongs to it: then it is right to see the old one
   * for longer or shorter.
   */
  isStale({ specials }) {
    const { ram, ramView } = this.machine;
    for (let page = 0; page < 1024; page++) {
      const frame = ramView.getUint32(LAYOUT.pageTable + 4 * page, true) & ~(A | D);
      const own = page < PAGES && page !== 2 && frame >>> 12 === page;
      if (own && (DATA_PAGES.includes(page) || STACK_PAGES.includes(page) || frame & P)) continue;
      if (page === 2 && [1, 2].includes(frame >>> 12)) continue;
      if (frame !== this.frames[page]) return true;
    }
    if ((ramView.getUint32(LAYOUT.directory, true) & ~(A | D)) !== (LAYOUT.pageTable | P | W | U)) return true;
    return specials.some(({ at, bytes }) => !ram.subarray(at, at + bytes.length).equals(bytes));
  }

  poke(address, bytes) {
    this.machine.poke(address, Buffer.from(bytes));
  }

  push(value) {
    this.machine.set(abi.ESP, this.machine.get(abi.ESP) + value);
  }
}

function firstDifference(a, b) {
  let i = 0;
  while (a[i] === b[i]) i++;
  return `at ${i.toString(16)}: ${a.subarray(i, i + 8).toString('hex')} instead of ${b.subarray(i, i + 8).toString('hex')}`;
}

export class Lockstep {
  translated = new Side(true);
  stepped = new Side(false);
  sides = [this.translated, this.stepped];
  /** Instructions that ran, the most that ran beyond a budget, and how often a fault, an interrupt and so on was met. */
  instructions = 0;
  latency = 0;
  /** Times that regions were made one. */
  joined = 0;
  met = {};

  /** Lines that tell what differs; none when all is well. */
  run(program) {
    const image = assemble(program);
    for (const side of this.sides) side.load(program, image);
    let number = 0;
    this.wild = false;
    for (const stop of program.stops) {
      const lines = this.advance(program, image, stop);
      if (lines.length > 0) return [`at stop ${number} (${stop.kind}, budget ${stop.budget}):`, ...lines];
      if (this.over) return [];
      this.act(program, image, stop);
      number++;
    }
    return [];
  }

  advance(program, image, stop) {
    const { translated, stepped } = this;
    const before = translated.count;
    const begin = stepped.count;
    // elsewhere the look at the code could be the first use of its page
    if (stop.translate && CODE_PAGES.includes(translated.machine.eip >>> 12)) translated.linker.translateHere();
    this.translateOther(stop);
    const { modules } = translated.linker;
    translated.linker.translateLinked();
    this.joined += translated.linker.modules - modules;
    const exit = translated.machine.core.run(stop.budget);
    translated.machine.set(abi.INTERRUPT_WINDOW, 0);
    translated.unstep();
    const done = translated.count - before;
    this.instructions += done;
    const late = done - stop.budget;
    if (!program.halting) this.latency = Math.max(this.latency, late);
    let theirs;
    if (program.halting) theirs = stepped.machine.core.run(stop.budget);
    else {
      // an interrupt window can be open at once
      theirs = abi.EXIT_INTERRUPT_WINDOW;
      this.wild ||= !CODE_PAGES.includes(stepped.machine.eip >>> 12);
      while (stepped.count - begin < done) {
        theirs = stepped.step();
        this.wild ||= !CODE_PAGES.includes(stepped.machine.eip >>> 12);
      }
      // an exit that retires nothing
      if (!SOON.includes(exit) && SOON.includes(theirs)) theirs = stepped.step();
      stepped.unstep();
    }
    // code that nobody wrote may find ports, or shut the processor down
    this.over = exit !== abi.EXIT_HLT && (program.halting || !SOON.includes(exit));
    if (program.halting && exit === abi.EXIT_BUDGET && theirs === exit) return [];
    if (SOON.includes(exit) && SOON.includes(theirs)) stepped.machine.set(abi.EXIT_REASON, exit);
    if (this.sides.some((side) => side.isStale(image))) {
      this.over = true;
      return [];
    }
    const code = stepped.machine.ram.subarray(LAYOUT.code, LAYOUT.cell).toString('latin1');
    // in data, or in the page tables themselves, anything may be executed
    if (!program.halting && (this.wild || REPEATED.test(code))) {
      this.over = true;
      return [];
    }
    const lines = this.compare();
    // the price of a repeated string instruction depends on how it was cut
    if (!program.halting && stepped.count - begin !== done)
      lines.unshift(`${done} instructions instead of ${stepped.count - begin}`);
    if (!program.halting && late > LATENCY) lines.push(`${late} instructions beyond the budget`);
    return lines;
  }

  /** The function in the other page too, once it has run: a region that calls it and its own are what is joined. */
  translateOther({ translate }) {
    const { machine, linker } = this.translated;
    const page = machine.ramView.getUint32(LAYOUT.pageTable + 4 * (LAYOUT.other >>> 12), true);
    if (!translate || (page & (P | A)) !== (P | A)) return;
    const { eip } = machine;
    machine.eip = LAYOUT.other + 0x800;
    linker.translateHere();
    machine.eip = eip;
  }

  compare() {
    const ours = this.translated.state();
    const theirs = this.stepped.state();
    const lines = Object.keys(ours)
      .filter((name) => ours[name] !== theirs[name])
      .map((name) => `${name} ${ours[name].toString(16)} instead of ${theirs[name].toString(16)}`);
    const areas = this.translated.areas();
    for (const [name, area] of Object.entries(this.stepped.areas())) {
      if (!areas[name].equals(area)) lines.push(`${name} ${firstDifference(areas[name], area)}`);
    }
    return lines;
  }

  note(what) {
    this.met[what] = (this.met[what] ?? 0) + 1;
  }

  act(program, image, stop) {
    const { machine } = this.translated;
    if (machine.get(abi.EXIT_REASON) === abi.EXIT_HLT) return this.handle(program, image, stop);
    const everywhere = (change) => {
      for (const side of this.sides) change(side, side.machine);
    };
    this.note(stop.kind);
    switch (stop.kind) {
      case 'interrupt':
        if (!machine.core.canInject()) return;
        everywhere((_, m) => {
          m.set(abi.INTERRUPT_SHADOW, 0);
          m.core.injectInterrupt(stop.vector);
        });
        return;
      case 'nmi':
        if (machine.get(abi.NMI_BLOCKED) || !machine.core.canInject()) return;
        everywhere((_, m) => {
          m.set(abi.INTERRUPT_SHADOW, 0);
          m.core.injectNmi();
        });
        return;
      case 'page':
        everywhere((_, m) => {
          m.ramView.setUint32(LAYOUT.pageTable + 4 * stop.page, (stop.page << 12) | stop.attributes, true);
          m.core.flushTlb(0);
        });
        return;
      case 'dma':
        everywhere((side) => {
          const at = image.at + ((stop.item * 7) % image.code.length);
          if (!image.specials.some((one) => at >= one.at && at < one.at + one.bytes.length)) side.poke(at, [stop.byte]);
        });
        return;
      case 'restore':
        everywhere((side) => {
          side.poke(image.at, image.code);
        });
        return;
      case 'trap':
        everywhere((_, m) => {
          m.eflags = m.eflags ^ TF;
          m.core.updateMode();
        });
        return;
      case 'step':
        this.translated.machine.set(abi.CAREFUL, machine.get(abi.CAREFUL) | CAREFUL_HOST);
        return;
      case 'protect':
        everywhere((_, m) => {
          m.set(abi.CR0, (m.get(abi.CR0) ^ WP) >>> 0);
          m.core.updateMode();
          m.core.flushTlb(0);
        });
        return;
      case 'window':
        machine.set(abi.INTERRUPT_WINDOW, 1);
        return;
    }
  }

  /** A handler's HLT, or the program's own. */
  handle(program, image, stop) {
    const { machine } = this.translated;
    const vector = Math.floor((machine.eip - 1 - LAYOUT.stubs) / STUB_SIZE);
    const inStub = machine.get(abi.CPL) === 0 && vector >= 0 && vector < VECTORS;
    this.note(inStub ? `vector ${vector}` : 'hlt');
    const elsewhere = image.starts[stop.item % image.starts.length] ?? image.at;
    for (const side of this.sides) {
      const m = side.machine;
      // memory that the guest could not have reached by itself any more
      for (const page of [...DATA_PAGES, ...STACK_PAGES]) {
        if (!stop.retry || Math.floor(m.get(abi.CR2) / 4096) !== page) continue;
        m.ramView.setUint32(LAYOUT.pageTable + 4 * page, (page << 12) | P | W | U, true);
        m.core.flushTlb(0);
      }
      if (!inStub) {
        m.eip = elsewhere;
        m.set(abi.ESP, program.registers[4]);
        continue;
      }
      if (WITH_ERROR.includes(vector)) side.push(4);
      const frame = m.get(abi.ESP);
      const mended = vector === 14 && stop.retry;
      const flags = frame + 8;
      if (frame + 20 <= LAYOUT.end) {
        if (vector !== 1 && vector < 0x20 && !mended) {
          m.ramView.setUint32(frame, elsewhere, true);
          if (program.user) m.ramView.setUint32(frame + 12, program.registers[4], true);
          m.set(abi.EDI, program.registers[7]);
          if (stop.byte & 1) side.poke(image.at, image.code);
        }
        if (vector === 1 && stop.byte % 4 === 0)
          m.ramView.setUint32(flags, m.ramView.getUint32(flags, true) & ~TF, true);
      }
      m.eip = STUB_TAILS + STUB_SIZE * stop.stub;
    }
  }
}
