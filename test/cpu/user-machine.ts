// A vCPU with programs at CPL 3 under PAE page tables that the test writes, as a kernel on the host would.
// SDM vol. 3A section 4.4 (PAE paging).
import { readFileSync } from 'node:fs';
import * as abi from '../../assembly/abi.js';
import { compile, createMemory } from '../../src/vcpu/engine.js';
import { PhysicalMemory } from '../../src/vcpu/guest-memory.js';
import type { Linker } from '../../src/vcpu/linker.js';
import { UserVcpu, userMemorySize } from '../../src/vcpu/user-vcpu.js';

export const CODE_SELECTOR = 0x73;
export const DATA_SELECTOR = 0x7b;
export const CODE = 0x8048000;
export const DATA = 0x8050000;
export const STACK = 0xbffff000;
const PAGE = 4096;
const PRESENT = 1;
const FRAMES = 1024;
/** Rights of a page: may be written, may not be executed, stays when the space changes. */
export interface Rights {
  write?: boolean;
  never?: boolean;
  user?: boolean;
  global?: boolean;
}

const core = compile(readFileSync(new URL('../../build/core.wasm', import.meta.url)));

export class UserMachine {
  readonly vcpu: UserVcpu;
  readonly memory: DataView;
  /** The space that it starts in: nothing is mapped. */
  readonly space: number;
  private nextFrame = 16;

  constructor(readonly translated: boolean) {
    const ram = FRAMES * PAGE;
    const memory = createMemory(userMemorySize(ram));
    this.vcpu = new UserVcpu(core, memory, translated ? { ram, translate: 'at once' } : { ram });
    const physical = new PhysicalMemory(this.vcpu.bytes, this.vcpu);
    physical.map([{ start: 0, size: ram, host: abi.RAM, kind: 'ram' }]);
    this.memory = new DataView(memory.buffer, abi.RAM);
    this.vcpu.setFlatSegments(CODE_SELECTOR, DATA_SELECTOR);
    this.space = this.newSpace();
    this.vcpu.setSpace(this.space);
  }

  /** Physical address of a fresh page of zeros. */
  frame(): number {
    return this.nextFrame++ * PAGE;
  }

  /** A new address space, its physical address. */
  newSpace(): number {
    const space = this.frame();
    for (let n = 0; n < 4; n++) this.memory.setUint32(space + 8 * n, this.frame() | PRESENT, true);
    return space;
  }

  /** Maps the page at `linear` of `space` to `frame`; no frame: to nothing. */
  map(linear: number, frame: number | undefined, rights: Rights = {}, space = this.space): void {
    const directory = this.memory.getUint32(space + (linear >>> 30) * 8, true) & 0xfffff000;
    const table = this.table(directory + ((linear >>> 21) & 511) * 8);
    const entry = table + ((linear >>> 12) & 511) * 8;
    const { write = true, never = false, user = true, global = false } = rights;
    const low = PRESENT | (write ? 2 : 0) | (user ? 4 : 0) | (global ? 0x100 : 0);
    this.memory.setUint32(entry, frame === undefined ? 0 : frame | low, true);
    this.memory.setUint32(entry + 4, frame !== undefined && never ? 0x80000000 : 0, true);
  }

  /** Physical address of the page at `linear`. */
  frameAt(linear: number, space = this.space): number {
    const directory = this.memory.getUint32(space + (linear >>> 30) * 8, true) & 0xfffff000;
    const table = this.table(directory + ((linear >>> 21) & 511) * 8);
    return this.memory.getUint32(table + ((linear >>> 12) & 511) * 8, true) & 0xfffff000;
  }

  private table(entry: number): number {
    if (this.memory.getUint32(entry, true) === 0) this.memory.setUint32(entry, this.frame() | 7, true);
    return this.memory.getUint32(entry, true) & 0xfffff000;
  }

  /** Maps a page of its own with `code` in it, and starts there. The value is its physical address. */
  load(code: string, linear = CODE, space = this.space): number {
    const frame = this.frame();
    this.poke(frame, Buffer.from(code.replaceAll(' ', ''), 'hex'));
    this.map(linear, frame, { write: false }, space);
    this.vcpu.registers.eip = linear;
    return frame;
  }

  /** Runs to the next exit; when `translated`, what is at EIP is a region. */
  run(budget = 10_000): number {
    if (this.translated) (this.vcpu as unknown as { linker: Linker }).linker.translateHere();
    return this.vcpu.runUser(budget);
  }

  poke(physical: number, bytes: Uint8Array): void {
    this.vcpu.bytes.set(bytes, abi.RAM + physical);
    this.vcpu.written(physical, bytes.length);
  }

  get(address: number): number {
    return this.vcpu.view.getUint32(address, true);
  }
}
