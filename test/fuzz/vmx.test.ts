// A hostile guest and a careless monitor: random VMCS contents, code, page tables and EPTs. The core never throws (an access behind the
// machine's memory would), never hangs, changes nothing of its own below RAM that it should not, and no translation leads out of the machine.
// Ours. VMCS fields start from a good set-up, so that some entries pass; SDM vol. 3C chapter 26 says which do not.
import { expect, it } from 'vitest';
import { VMCS_FIELDS } from '../../src/vcpu/vmcs.js';
import { abi, CODE, IO_BITMAPS, MONITOR, PD, PDPT, PML4, PT, VmxMachine, vmx } from '../../scripts/vmx-machine.mjs';

const ROUNDS = 8000;
const SEED = 20261122;
const BUDGET = 300;
const ENTRIES = 12;
const CANARY = 0x5a;
/** Parts of the memory map that no instruction and no exit may touch: [from, to). */
const QUIET: readonly (readonly [number, number])[] = [
  [0, abi.STATE],
  [abi.VMCS + 8 * VMCS_FIELDS.length, abi.EPT_CACHE],
  [abi.RAM - 0x1000, abi.RAM],
];

let seed = SEED;
function random(n: number): number {
  seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
  return Math.floor((seed / 2 ** 32) * n);
}
const pick = <T>(list: readonly T[]): T => list[random(list.length)]!;
const word = (): number =>
  pick([() => random(2 ** 32), () => random(256), () => 1 << random(32), () => ~(1 << random(32)), () => 0])() >>> 0;
/** Addresses worth having: in RAM, at its edges, in the monitor's area, far beyond, near where 32 bits wrap. */
const address = (): number =>
  pick([
    () => random(MONITOR),
    () => random(512) << 12,
    () => MONITOR + random(0x10000),
    () => MONITOR + 0x10000 - random(0x20),
    () => 0xfa000000 + random(0x2000000),
    () => 2 ** 32 + random(0x10000),
    () => random(2 ** 32),
  ])();

/** Instructions that have to do with VMX, among bytes that have not. */
const SENSITIVE = [
  '0fa2',
  'f4',
  'e460',
  'e6e9',
  'ec',
  'ef',
  'f36c',
  'f36f',
  '0f31',
  '0f32',
  '0f30',
  '0f20c0',
  '0f22c0',
  '0f22d8',
  '0f22e0',
  '0f20d8',
  '0f01f0',
  '0f06',
  '0f23f8',
  '0f21c8',
  '0f0138',
  '0f08',
  '0f09',
  '0f01c1',
  '0f01c4',
  'cc',
  'cd80',
  'ce',
  'f1',
  '0f0b',
  'fb',
  'fa',
  'cf',
  '9d',
  '8ed0',
  '8ed8',
  '0f0110',
  '0f0118',
  '0f00d8',
  '0f00d0',
  'ea000000001800',
  '9a000000001800',
  'ff28',
  'f3a4',
  'f3ab',
  'f390',
  'c8000001',
  '60',
  '61',
  '0fc708',
  'f00fb108',
];
function code(): Buffer {
  const parts: Buffer[] = [];
  for (let i = 0; i < 40; i++) {
    parts.push(
      random(3)
        ? Buffer.from(pick(SENSITIVE), 'hex')
        : Buffer.from(Array.from({ length: 1 + random(6) }, () => random(256))),
    );
  }
  return Buffer.concat(parts);
}

function damage(machine: VmxMachine): void {
  const { vmcs } = machine;
  for (let i = random(random(2) ? 3 : 30); i > 0; i--) {
    const { name, width } = pick(VMCS_FIELDS);
    const low = random(3) ? word() : address() >>> 0;
    vmcs.write(name, width === 64 && random(3) === 0 ? { low, high: word() } : low);
  }
  if (random(2)) vmcs.write('EXCEPTION_BITMAP', word());
  if (random(3) === 0) vmcs.write('EPT_POINTER', Math.floor(address() / 4096) * 4096 + 0x1e);
  if (random(3) === 0)
    vmcs.write(
      'VM_ENTRY_INTR_INFO_FIELD',
      vmx.INTR_INFO_VALID_MASK | pick([0x20, 0x202, 0x306, 0xb0d, 0xb0e, 0x480, 0x603]),
    );
  vmcs.write('VM_ENTRY_INSTRUCTION_LEN', 1 + random(15));
}

/** Random entries in the EPT, and page tables of the guest's own. */
function tables(machine: VmxMachine): void {
  for (let i = random(40); i > 0; i--) {
    const table = pick([PML4, PDPT, PD, PT, PT, PT]);
    machine.setEntry(
      table + 8 * random(pick([2, 512])),
      Math.floor(address() / 4096) * 4096,
      random(4) ? 7 | (6 << 3) | (random(2) ? 0x80 : 0) : random(4096),
    );
  }
  for (let i = random(200); i > 0; i--) {
    machine.ramView.setUint32(
      random(MONITOR >> 2) * 4,
      pick([() => (random(512) << 12) | 7, () => (random(512) << 12) | 0x83, word])() >>> 0,
      true,
    );
  }
  if (random(2) === 0) return;
  const { vmcs } = machine;
  vmcs.write('GUEST_CR0', 0x80010031);
  vmcs.write('GUEST_CR3', 0x6000);
  vmcs.write('GUEST_CR4', 0x2000 | pick([0, 0x10, 0x20, 0x90, 0xb0]));
  for (let i = 0; i < 4; i++) vmcs.write(`GUEST_PDPTR${i}` as 'GUEST_PDPTR0', (random(512) << 12) | random(2));
  // linear = physical, but for some; and the directory may be among the pages that it maps
  machine.ramView.setUint32(0x6000, 0x7007, true);
  for (let i = 0; i < 512; i++) machine.ramView.setUint32(0x7000 + 4 * i, random(20) ? (i << 12) | 7 : word(), true);
}

/** What a monitor of no sense does between exits. */
function answer(machine: VmxMachine): void {
  const { core, vmcs } = machine;
  switch (random(6)) {
    case 0:
      vmcs.write('GUEST_RIP', vmcs.read('GUEST_RIP') + vmcs.read('VM_EXIT_INSTRUCTION_LEN'));
      break;
    case 1:
      vmcs.write('GUEST_RIP', CODE + random(200));
      break;
    case 2:
      damage(machine);
      break;
    case 3:
      core.flushTlb(random(2));
      break;
    case 4:
      core.emulateBegin(vmcs.read('GUEST_CR3'));
      for (let i = random(3); i >= 0; i--) {
        if (core.run(BUDGET) === abi.EXIT_IO_IN) machine.answer(word());
        machine.set(abi.MMIO_QUEUE_COUNT, 0);
      }
      core.emulateEnd();
      break;
  }
}

/** Entries of the TLBs and of the EPT cache that lead anywhere but to a page of the machine (or, for code, to an offset table). */
function strayTranslations(machine: VmxMachine): number {
  const words = new Uint32Array(machine.view.buffer);
  const last = machine.view.byteLength - 0x1000;
  let stray = 0;
  for (let table: number = abi.TLB_READ_SUPERVISOR; table < abi.TLB_CODE_SUPERVISOR; table += 0x400000) {
    for (let page = 0; page < 1 << 20; page++) {
      const entry = words[table / 4 + page]!;
      const host = (entry ^ (page << 12)) >>> 0;
      if ((entry & 0xfff) !== 0xfff && (host < abi.RAM || host > last || (host & 0xfff) !== 0)) stray++;
    }
  }
  const [tables, uops] = [abi.LAYOUT_TABLES, abi.LAYOUT_UOPS].map(
    (field: number) => words[(abi.CODE_LAYOUT + field) / 4]!,
  ) as [number, number];
  for (let at = abi.TLB_CODE_SUPERVISOR / 4; at < abi.CODE_PAGE_OF / 4; at++) {
    const entry = words[at]!;
    if (entry !== 0 && (entry < tables || entry >= uops)) stray++;
  }
  for (let i = 0; i < abi.EPT_CACHE_SIZE; i++) {
    const host = words[abi.EPT_CACHE / 4 + 2 * i + 1]!;
    if (host !== 0 && (host < abi.RAM || host > last)) stray++;
  }
  return stray;
}

function quietMemory(machine: VmxMachine): string {
  const hashes = QUIET.map(([from, to]) => Buffer.from(machine.view.buffer, from, to - from).toString('base64'));
  return hashes.join();
}

it.each([
  ['interpreted', false],
  ['translated', true],
])('%s: survives', { timeout: 600_000 }, async (_mode, translate) => {
  const rounds = translate ? ROUNDS / 3 : ROUNDS;
  const machine = new VmxMachine(translate);
  for (const [from, to] of QUIET) Buffer.from(machine.view.buffer, from, to - from).fill(CANARY);
  const quiet = quietMemory(machine);
  const entered = { guest: 0, failed: 0, late: 0 };
  const reasons = new Set<number>();
  for (let round = 0; round < rounds; round++) {
    machine.setUp();
    machine.set(abi.REPLAY_COUNT, 0);
    machine.setRegisters(Array.from({ length: 8 }, () => (random(2) ? address() : word()) >>> 0));
    machine.ram.set(code(), CODE);
    machine.ram.set(code(), 0x2000 + random(0x1000));
    tables(machine);
    if (random(2)) machine.ram.fill(0xff, IO_BITMAPS, IO_BITMAPS + random(0x3000));
    if (random(3)) machine.vmcs.setBits('CPU_BASED_VM_EXEC_CONTROL', word() & vmx.CPU_BASED_MAY);
    if (random(4)) damage(machine);
    for (let i = 0; i < ENTRIES; i++) {
      const outcome = machine.enter();
      if (outcome === 7 || outcome === 8) {
        entered.failed++;
        damage(machine);
        continue;
      }
      if (outcome === abi.EXIT_VM) entered.late++;
      else {
        entered.guest++;
        let exit = machine.run(BUDGET);
        for (let n = 0; n < 3 && exit !== abi.EXIT_VM; n++) {
          if (exit === abi.EXIT_IO_IN) machine.answer(word());
          expect(exit).not.toBe(abi.EXIT_MMIO_READ);
          expect(exit).not.toBe(abi.EXIT_MMIO_WRITE);
          exit = machine.run(BUDGET);
        }
        if (exit !== abi.EXIT_VM) machine.core.vmTimerExit();
      }
      expect(machine.get(abi.VMX_STATE)).toBe(abi.VMX_ROOT);
      reasons.add(machine.vmcs.read('VM_EXIT_REASON'));
      answer(machine);
    }
    if (round % 400 === 0) {
      expect(quietMemory(machine) === quiet, `round ${round}: the core's memory`).toBe(true);
      expect(strayTranslations(machine), `round ${round}`).toBe(0);
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
  expect(quietMemory(machine) === quiet).toBe(true);
  // it was not all refused
  expect(entered.guest).toBeGreaterThan(rounds);
  expect(entered.failed).toBeGreaterThan(rounds / 20);
  expect(entered.late).toBeGreaterThan(rounds / 20);
  expect(reasons.size).toBeGreaterThan(15);
});
