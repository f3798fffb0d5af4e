// A bare core with a little RAM and nothing around it: its registers as plain numbers, for tests of the CPU alone.
// Ours; offsets from assembly/abi.ts.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const abi = await import(new URL('../build/js/assembly/abi.js', import.meta.url).href);
const { Linker } = await import(new URL('../build/js/src/vcpu/linker.js', import.meta.url).href);

export { abi };
export const SEGMENT_NAMES = ['es', 'cs', 'ss', 'ds', 'fs', 'gs', 'ldtr', 'tr'];
const ARITHMETIC = 0x8d5;
const PE_NE = 0x21;
const WASM_PAGE = 65536;
const MIB = 1 << 20;
/** Each run has a module of its own here, and none is needed again. */
const LIVE_MODULES = 64;

let compiled;
function coreModule() {
  compiled ??= new WebAssembly.Module(readFileSync(join(root, 'build/core.wasm')));
  return compiled;
}

export class CoreMachine {
  /** `ramSize` bytes of RAM at physical 0. `translate`: whatever is run is translated first. */
  constructor(ramSize = 2 * MIB, translate = false) {
    const pages = Math.ceil((abi.RAM + ramSize) / WASM_PAGE);
    const memory = new WebAssembly.Memory({ initial: pages, maximum: 65536 });
    const abort = () => {
      throw new Error('the core aborted');
    };
    this.core = new WebAssembly.Instance(coreModule(), { env: { memory, abort } }).exports;
    this.view = new DataView(memory.buffer);
    /** Physical memory from 0. */
    this.ram = Buffer.from(memory.buffer, abi.RAM, ramSize);
    this.ramView = new DataView(memory.buffer, abi.RAM, ramSize);
    this.core.init();
    if (translate) {
      this.linker = new Linker(this.core, memory, 'at once', LIVE_MODULES);
      // a call that is no run of guest code must change nothing
      this.linker.firstCall = (call) => call();
    }
    [0, ramSize, abi.RAM, abi.REGION_RAM].forEach((value, i) => {
      this.set(abi.REGIONS + 4 * i, value);
    });
    this.set(abi.REGION_COUNT, 1);
    this.core.reset();
    this.core.flushTlb(1);
  }

  get(at) {
    return this.view.getUint32(at, true);
  }

  set(at, value) {
    this.view.setUint32(at, value, true);
  }

  /** Runs at most about `budget` instructions; the value is an EXIT_* number. */
  run(budget) {
    this.linker?.translateHere();
    return this.core.run(budget);
  }

  /** Flat 32-bit protected mode without paging, `cpl` 0 or 3, all registers 0. */
  enterFlat(cpl = 0) {
    for (const name of ['cs', 'ss', 'ds', 'es', 'fs', 'gs']) {
      this.setDescriptor(name, 8, 0xffff, name === 'cs' ? 0x00cf9b00 : 0x00cf9300, cpl);
    }
    this.setRegisters([0, 0, 0, 0, 0, 0, 0, 0]);
    this.eflags = 0;
    this.setControl(PE_NE, 0, 0);
  }

  /** The host's answer to the read that made the last exit. */
  answer(value) {
    const count = this.get(abi.REPLAY_COUNT);
    this.set(abi.REPLAY + 16 * count + 8, value);
    this.set(abi.REPLAY + 16 * count + 12, 0);
    this.set(abi.REPLAY_COUNT, count + 1);
  }

  /** Items of a string I/O exit. */
  get pioData() {
    return Buffer.from(this.view.buffer, abi.PIO_DATA, abi.PIO_DATA_SIZE);
  }

  /** Writes physical memory; what was decoded from it is dropped. */
  poke(address, bytes) {
    this.ram.set(bytes, address);
    this.forgetCode(address, bytes.length);
  }

  forgetCode(address, length) {
    for (let page = address >>> 12; page <= (address + length - 1) >>> 12; page++) {
      if (this.get(abi.CODE_PAGE_OF + 4 * page)) {
        const from = Math.max(address, page << 12);
        const to = Math.min(address + length, (page + 1) << 12);
        this.core.invalidateCode(from, to - from);
      }
    }
  }

  register(i) {
    return this.get(abi.REGS + 8 * i);
  }

  setRegisters(values) {
    for (let i = 0; i < 8; i++) this.set(abi.REGS + 8 * i, values[i]);
  }

  registers() {
    return [0, 1, 2, 3, 4, 5, 6, 7].map((i) => this.register(i));
  }

  get eip() {
    return this.get(abi.EIP);
  }

  set eip(value) {
    this.set(abi.EIP, value);
  }

  /** The EFLAGS image; the lazy form is explained in assembly/cpu/flags.ts. */
  get eflags() {
    const result = this.get(abi.FLAG_RESULT);
    const carry = this.get(abi.FLAG_CARRY);
    const aux = this.get(abi.FLAG_AUX);
    let parity = (result ^ (aux >>> 16)) & 0xff;
    parity ^= parity >> 4;
    parity ^= parity >> 2;
    parity ^= parity >> 1;
    const sign = (result ^ (aux << 23)) >>> 31;
    const overflow = (carry ^ (carry << 1)) >>> 31;
    const arithmetic = (carry >>> 31) | (parity & 1 ? 0 : 4) | (aux & 0x10) | (result ? 0 : 0x40) | (sign << 7);
    return (this.get(abi.FLAGS_SYSTEM) | arithmetic | (overflow << 11)) >>> 0;
  }

  /** Call updateMode() when VM, TF or AC may have changed. */
  set eflags(value) {
    const carry = value & 1;
    const overflow = (value >>> 11) & 1;
    const zero = (value >>> 6) & 1;
    const parity = (value >>> 2) & 1;
    this.set(abi.FLAGS_SYSTEM, (value & ~ARITHMETIC) | 2);
    this.set(abi.FLAG_RESULT, zero ^ 1);
    this.set(abi.FLAG_CARRY, (carry << 31) | ((carry ^ overflow) << 30));
    this.set(abi.FLAG_AUX, (value & 0x10) | ((value & 0x80) << 1) | ((parity ^ zero) << 16));
  }

  segmentAt(name) {
    return abi.SEG + SEGMENT_NAMES.indexOf(name) * abi.SEG_SIZE;
  }

  selector(name) {
    return this.view.getUint16(this.segmentAt(name) + abi.SEG_SELECTOR, true);
  }

  /** The visible and the hidden part; `attributes` are bits 40-55 of the descriptor without the limit's. */
  setSegment(name, selector, base, limit, attributes) {
    const at = this.segmentAt(name);
    this.view.setUint16(at + abi.SEG_SELECTOR, selector, true);
    this.set(at + abi.SEG_ATTRIBUTES, attributes);
    this.set(at + abi.SEG_BASE, base);
    this.set(at + abi.SEG_BASE + 4, 0);
    this.set(at + abi.SEG_LIMIT, limit);
  }

  /** Loads a segment register from the two halves of its descriptor; DPL as given when `dpl` is. */
  setDescriptor(name, selector, low, high, dpl = (high >>> 13) & 3) {
    const limit = (low & 0xffff) | (high & 0xf0000);
    const base = (low >>> 16) | ((high & 0xff) << 16) | (high & 0xff000000);
    const attributes = ((high >>> 8) & 0xf09f) | (dpl << 5);
    this.setSegment(name, selector, base, high & 0x800000 ? (limit << 12) | 0xfff : limit, attributes);
  }

  setNullSegment(name, selector) {
    this.setSegment(name, selector, 0, 0, abi.SEG_UNUSABLE);
  }

  /** Real-address or virtual-8086 mode; `attributes` 0x93 or 0xf3. */
  setParagraph(name, selector, attributes) {
    this.setSegment(name, selector, selector << 4, 0xffff, attributes);
  }

  setControl(cr0, cr3, cr4) {
    this.set(abi.CR0, cr0);
    this.set(abi.CR3, cr3);
    this.set(abi.CR4, cr4);
    this.core.flushTlb(1);
    this.core.updateMode();
  }

  /** {fcw, fsw, ftw (abridged), mxcsr, r: 8 x 10 bytes by physical number, xmm: 8 x 16 bytes}. */
  get fx() {
    const tags = this.view.getUint16(abi.FPU_TAG, true);
    let ftw = 0;
    for (let i = 0; i < 8; i++) if (((tags >> (2 * i)) & 3) !== 3) ftw |= 1 << i;
    const slice = (at, length) => new Uint8Array(this.view.buffer, at, length).slice();
    return {
      fcw: this.view.getUint16(abi.FPU_CONTROL, true),
      fsw: this.view.getUint16(abi.FPU_STATUS, true),
      ftw,
      mxcsr: this.get(abi.MXCSR),
      r: Array.from({ length: 8 }, (_, i) => slice(abi.FPR + 16 * i, 10)),
      xmm: Array.from({ length: 8 }, (_, i) => slice(abi.XMM + 16 * i, 16)),
    };
  }

  set fx({ fcw, fsw, ftw, mxcsr, r, xmm }) {
    this.view.setUint16(abi.FPU_CONTROL, fcw, true);
    this.view.setUint16(abi.FPU_STATUS, fsw, true);
    this.set(abi.MXCSR, mxcsr);
    // the core keeps 3 for empty and 0 for anything else
    let tags = 0;
    for (let i = 0; i < 8; i++) tags |= ((ftw >> i) & 1 ? 0 : 3) << (2 * i);
    this.view.setUint16(abi.FPU_TAG, tags, true);
    const bytes = new Uint8Array(this.view.buffer);
    r.forEach((value, i) => {
      bytes.set(value, abi.FPR + 16 * i);
    });
    xmm.forEach((value, i) => {
      bytes.set(value, abi.XMM + 16 * i);
    });
  }
}
