// The shadow tables against the guest's own: what a processor translates through them is what the guest's tables say.
// SDM vol. 3A chapter 4 (walks), vol. 3C section 33.3 (virtual TLB).
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { HOST_RAM } from '../../vcpu/engine.js';
import { ERROR_FETCH, ERROR_USER, ERROR_WRITE, PagingState } from './guest-walk.js';
import { HostPhysical } from './host-physical.js';
import { DEVICE, FILLED, GUEST_FAULT, SHADOW_PAGES, ShadowPager } from './shadow-pager.js';

const MIB = 0x100000;
const RAM_SIZE = 8 * MIB;
const ROM = 0xf0000;
/** Where the largest machine has it; nothing between takes memory. */
const AREA = 3072 * MIB;
const CR3 = 0x1000;
const P = 1;
const W = 2;
const U = 4;
const A = 0x20;
const D = 0x40;
const LARGE = 0x80;
const GLOBAL = 0x100;

const bytes = new Uint8Array(HOST_RAM + AREA + SHADOW_PAGES * 4096);
const view = new DataView(bytes.buffer, HOST_RAM);

function setUp(changes: Partial<PagingState> = {}) {
  bytes.fill(0, HOST_RAM, HOST_RAM + 2 * MIB);
  const memory = new HostPhysical(bytes);
  memory.setMap([
    { start: MIB, size: RAM_SIZE - MIB, host: HOST_RAM + MIB, kind: 'ram' },
    { start: 0, size: 0xa0000, host: HOST_RAM, kind: 'ram' },
    { start: ROM, size: 0x10000, host: HOST_RAM + ROM, kind: 'rom' },
  ]);
  const guest = Object.assign(new PagingState(), { cr0: 0x80010001, cr3: CR3, ...changes });
  const pager = new ShadowPager(guest, memory, AREA);
  /** What the processor does with the shadow tables: a host-physical address, or undefined for #PF. */
  const translate = (linear: number, access: number): number | undefined => {
    let table = (view.getUint32(pager.root + (linear >>> 30) * 8, true) & ~0xfff) >>> 0;
    const pde = view.getUint32(table + ((linear >>> 21) & 511) * 8, true);
    const pdeHigh = view.getUint32(table + ((linear >>> 21) & 511) * 8 + 4, true);
    if (!(pde & P)) return undefined;
    let leaf = pde;
    let high = pdeHigh;
    if (!(pde & LARGE)) {
      table = (pde & ~0xfff) >>> 0;
      leaf = view.getUint32(table + ((linear >>> 12) & 511) * 8, true);
      high = view.getUint32(table + ((linear >>> 12) & 511) * 8 + 4, true);
      if (!(leaf & P)) return undefined;
    }
    const rights = pde & leaf;
    if (access & ERROR_USER && !(rights & U)) return undefined;
    if (access & ERROR_WRITE && !(rights & W)) return undefined;
    if (access & ERROR_FETCH && high & 0x80000000) return undefined;
    return pde & LARGE ? ((leaf & ~0x1fffff) | (linear & 0x1fffff)) >>> 0 : ((leaf & ~0xfff) | (linear & 0xfff)) >>> 0;
  };
  /** An access as the guest makes it: through the shadow, with faults answered. */
  const access = (linear: number, kind: number): number | 'fault' | 'device' => {
    for (let tries = 0; tries < 2; tries++) {
      const to = translate(linear, kind);
      if (to !== undefined) return to;
      const outcome = pager.fault(linear, kind);
      if (outcome !== FILLED) return outcome === GUEST_FAULT ? 'fault' : 'device';
    }
    throw new Error(`the fault at ${linear.toString(16)} is not mended`);
  };
  const entry = (address: number, value: number, high = 0) => {
    view.setUint32(address, value, true);
    view.setUint32(address + 4, high, true);
  };
  const put = (address: number, value: number) => view.setUint32(address, value, true);
  const get = (address: number) => view.getUint32(address, true);
  return { guest, memory, pager, translate, access, put, get, entry };
}

test('a hole is filled on the fault; accessed is set by a read, dirty by the first write alone', () => {
  const { put, get, access, translate } = setUp();
  put(CR3, 0x2000 | P | W | U);
  put(0x2000 + 5 * 4, 0x300000 | P | W | U);
  expect(access(0x5123, ERROR_USER)).toBe(0x300123);
  expect(get(0x2000 + 20) & (A | D)).toBe(A);
  expect(get(CR3) & A).toBe(A);
  expect(translate(0x5123, ERROR_WRITE)).toBeUndefined();
  expect(access(0x5123, ERROR_WRITE | ERROR_USER)).toBe(0x300123);
  expect(get(0x2000 + 20) & (A | D)).toBe(A | D);
});

test('error codes of faults that are the guest’s own', () => {
  const { put, pager } = setUp();
  put(CR3, 0x2000 | P | W | U);
  put(0x2000 + 4, 0x300000 | P | U);
  put(0x2000 + 8, 0x300000 | P | W);
  for (const [linear, kind, error] of [
    [0x0000, ERROR_WRITE, 2],
    [0x0000, ERROR_USER, 4],
    [0x1000, ERROR_USER | ERROR_WRITE, 7],
    [0x1000, ERROR_WRITE, 3],
    [0x2000, ERROR_USER, 5],
    [0x400000, 0, 0],
  ]) {
    expect(pager.fault(linear, kind)).toBe(GUEST_FAULT);
    expect(pager.walk.error).toBe(error);
  }
});

test('CR0.WP clear: the supervisor writes a read-only page, and a user still may not', () => {
  const { put, access, translate } = setUp({ cr0: 0x80000001 });
  put(CR3, 0x2000 | P | W | U);
  put(0x2000, 0x300000 | P | U);
  expect(access(0, ERROR_WRITE)).toBe(0x300000);
  expect(translate(0, ERROR_WRITE | ERROR_USER)).toBeUndefined();
  expect(access(0, ERROR_WRITE | ERROR_USER)).toBe('fault');
  expect(access(0, ERROR_USER)).toBe(0x300000);
});

test('INVLPG drops one page, and all 4 MiB of a large one', () => {
  const { put, pager, access, translate } = setUp({ cr4: 0x10 });
  put(CR3, 0x2000 | P | W | U);
  put(0x2000, 0x300000 | P | W);
  put(0x2004, 0x301000 | P | W);
  put(CR3 + 4, 0x400000 | LARGE | P | W);
  access(0, 0);
  access(0x1000, 0);
  access(0x400000, 0);
  access(0x600000, 0);
  pager.invalidate(0x1fff);
  expect(translate(0, 0)).toBe(0x300000);
  expect(translate(0x1000, 0)).toBeUndefined();
  pager.invalidate(0x7ff000);
  expect(translate(0x400000, 0)).toBeUndefined();
  expect(translate(0x600000, 0)).toBeUndefined();
  expect(translate(0, 0)).toBe(0x300000);
});

test('a CR3 load drops all but what is global to a guest with CR4.PGE', () => {
  const { put, pager, access, translate } = setUp({ cr4: 0x80 });
  put(CR3, 0x2000 | P | W);
  put(0x2000, 0x300000 | P | W);
  put(CR3 + 4, 0x3000 | P | W);
  put(0x3000, 0x301000 | P | W | GLOBAL);
  access(0, 0);
  access(0x400000, 0);
  expect(pager.loadCr3(CR3)).toBe(true);
  expect(translate(0, 0)).toBeUndefined();
  expect(translate(0x400000, 0)).toBe(0x301000);
});

test('devices, ROM, and tables that lie nowhere', () => {
  const { put, pager, access } = setUp();
  put(CR3, 0x2000 | P | W);
  put(0x2000, 0xb8000 | P | W);
  put(0x2004, ROM | P | W);
  put(CR3 + 4, 0x70000000 | P | W);
  expect(access(0, 0)).toBe('device');
  expect(pager.walk.physical).toBe(0xb8000);
  expect(access(0x1000, 0)).toBe(ROM);
  expect(pager.fault(0x1000, ERROR_WRITE)).toBe(DEVICE);
  expect(access(0x400000, 0)).toBe('fault');
});

test('no paging: linear is physical, behind the A20 gate', () => {
  const { pager, access } = setUp({ cr0: 1 });
  expect(access(0x345678, ERROR_WRITE)).toBe(0x345678);
  pager.flush(false);
  const closed = setUp({ cr0: 1, a20Mask: 0xffefffff });
  expect(closed.access(0x100010, 0)).toBe(0x10);
});

test('PAE: pointers are loaded with CR3 and checked; NX keeps fetches out', () => {
  const { entry, pager, access, guest } = setUp({ cr4: 0x20, efer: 0x800 });
  entry(CR3, 0x2000 | P);
  entry(0x2000, 0x3000 | P | W | U);
  entry(0x3000, 0x300000 | P | W, 0x80000000);
  entry(0x3008, 0x301000 | P | W, 0x100);
  expect(access(0, 0)).toBe('fault');
  expect(pager.loadCr3(CR3)).toBe(true);
  expect(access(0, 0)).toBe(0x300000);
  expect(access(0, ERROR_FETCH)).toBe('fault');
  expect(pager.walk.error).toBe(0x11);
  expect(access(0x1000, 0)).toBe('fault');
  expect(pager.walk.error).toBe(9);
  // what lies above 4 GiB is nothing, and not what its low bits name
  entry(0x3010, 0x300000 | P | W, 1);
  expect(access(0x2000, 0)).toBe('device');
  entry(0x3018, 0x302000 | P | W);
  expect(access(0x3000, 0)).toBe(0x302000);
  entry(0x2008, 0x3000 | P | W | U, 8);
  expect(access(0x200000, 0)).toBe('fault');
  expect(pager.walk.error).toBe(0);
  entry(0x2010, 0x600000 | P | W | LARGE, 4);
  expect(access(0x400000, 0)).toBe('device');
  entry(CR3 + 0x10, 0x2000 | P, 2);
  expect(pager.loadCr3(CR3)).toBe(true);
  expect(access(0x80000000, 0)).toBe('fault');
  entry(CR3 + 8, 0x2000 | P | W);
  expect(pager.loadCr3(CR3)).toBe(false);
  expect(guest.pdptes[2]).toBe(0);
});

test('random tables, random accesses: the shadow translates as the guest’s tables do', () => {
  const rights = fc.constantFrom(0, P, P | W, P | U, P | W | U, P | W | U | GLOBAL);
  const frame = fc.integer({ min: 0x200, max: 0x7ff });
  const page = fc.record({ index: fc.integer({ min: 0, max: 7 }), frame, rights });
  const steps = fc.record({
    page: fc.integer({ min: 0, max: 23 }),
    kind: fc.constantFrom(0, ERROR_WRITE, ERROR_USER, ERROR_USER | ERROR_WRITE),
    after: fc.constantFrom('', '', 'cr3', 'invlpg'),
  });
  fc.assert(
    fc.property(
      fc.array(page, { maxLength: 20 }),
      rights,
      fc.boolean(),
      fc.boolean(),
      fc.array(steps, { maxLength: 60 }),
      (pages, directoryRights, wp, large, sequence) => {
        const { guest, put, get, pager, access } = setUp({ cr0: wp ? 0x80010001 : 0x80000001, cr4: 0x90 });
        put(CR3, 0x2000 | directoryRights);
        put(CR3 + 4, large ? 0x400000 | LARGE | directoryRights : 0x3000 | P | W | U);
        for (const { index, frame: at, rights: bits } of pages) {
          put(0x2000 + index * 4, (at << 12) | bits);
          put(0x3000 + index * 4, (at << 12) | (bits ^ U));
        }
        for (const { page: number, kind, after } of sequence) {
          const linear = number < 8 ? number * 0x1000 : 0x400000 + (number - 8) * 0x1000;
          const pde = get(CR3 + (linear >>> 22) * 4);
          const isLarge = (pde & LARGE) !== 0;
          const slot = isLarge ? CR3 + 4 : (pde & ~0xfff) + ((linear >>> 12) & 1023) * 4;
          const leaf = get(slot);
          const bits = pde & leaf;
          const user = (kind & ERROR_USER) !== 0;
          const write = (kind & ERROR_WRITE) !== 0;
          const may = bits & P && (!user || bits & U) && (!write || bits & W || (!user && !wp));
          const to = isLarge ? (leaf & ~0x3fffff) + (linear & 0x3fffff) : leaf & ~0xfff;
          expect(access(linear, kind)).toBe(may ? to : 'fault');
          if (may) expect(get(slot) & (write ? A | D : A)).toBe(write ? A | D : A);
          if (after === 'cr3') pager.loadCr3(guest.cr3);
          if (after === 'invlpg') pager.invalidate(linear);
        }
      },
    ),
    { numRuns: 300 },
  );
});

test('more pages than the pool has tables for: everything is dropped, and goes on', () => {
  const { put, access } = setUp();
  // One table of the guest for all of its 1024 directory entries: each slot of 2 MiB takes a table of the shadow.
  for (let i = 0; i < 1024; i++) put(CR3 + i * 4, 0x2000 | P | W | U);
  for (let i = 0; i < 1024; i += 1) put(0x2000 + i * 4, 0x300000 | P | W | U);
  for (let slot = 0; slot < 2048; slot++) expect(access(slot * 0x200000, ERROR_USER)).toBe(0x300000);
});
