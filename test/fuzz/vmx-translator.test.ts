// Random loops of a guest with sensitive instructions in them: interpreted and translated they leave at the same instructions, with the
// same registers, flags and VMCS.
// Ours; test/fuzz/translator.test.ts does this without VMX.
import { expect, it } from 'vitest';
import { VMCS_FIELDS } from '../../src/vcpu/vmcs.js';
import { abi, CODE, IO_BITMAPS, PT, STACK, VmxMachine, vmx } from '../../scripts/vmx-machine.mjs';
import { Random } from './random.mjs';

const COUNT = 1000;
const SEED = 22112026;
const DATA = 0x5000;
const COUNTER = 0x3000;
const EXITS = 12;
const READ_ONLY = 0x6000;

const stream = new Random(SEED);
const random = (n: number): number => stream.below(n);
const pick = <T>(list: readonly T[]): T => list[random(list.length)]!;
const byte = (): number => random(256);
/** Neither ESP nor EDI, which point to memory. */
const register = (): number => pick([0, 1, 2, 3, 5, 6]);
const registers = (reg = register(), rm = register()): number => 0xc0 | (reg << 3) | rm;
const memory = (reg = register()): number[] => [0x87 | (reg << 3), random(64), 0, 0, 0];

const PLAIN: readonly (() => number[])[] = [
  () => [random(8) * 8 + 1, registers()],
  () => [random(8) * 8 + 3, ...memory()],
  () => [random(8) * 8 + 1, ...memory()],
  () => [0x83, registers(random(8)), byte()],
  () => [0xc1, registers(pick([0, 1, 4, 5, 7])), random(33)],
  () => [0x0f, 0xaf, registers()],
  () => [0x50 + register(), 0x58 + register()],
  () => [0x0f, 0x90 + random(16), 0xc0 | random(4)],
  () => [pick([0x89, 0x8b]), ...memory()],
  () => [0x9c, 0x9d],
  () => [pick([0xf8, 0xf9, 0xf5, 0x98, 0x99, 0xfa])],
];
/** What leaves always, sometimes, or never but asks the VMCS. */
const SENSITIVE: readonly (() => number[])[] = [
  () => [0x0f, 0xa2],
  () => [0xe4, byte()],
  () => [0xe7, byte()],
  () => [0xee],
  () => [0xf3, pick([0x6c, 0x6e])],
  () => [0x0f, 0x20, 0xc0 | (pick([0, 3, 4]) << 3) | register()],
  () => [0x0f, 0x22, 0xd8 | register()],
  () => [0x0f, 0x32],
  () => [0x0f, 0x06],
  () => [0x0f, 0x01, 0xe0 | register()],
  () => [0x0f, 0x21, 0xc0 | (pick([0, 6, 7]) << 3) | register()],
  () => [0x0f, 0x01, 0x3f],
  () => [0x0f, 0x01, 0xc1],
  () => [0xf3, 0x90],
  () => [0xcc],
  () => [0x0f, 0x0b],
  () => [0xf4],
  () => [0xfb, pick([0x90, 0xf4, 0xfa])],
  // a page that the EPT has read-only
  () => [pick([0x89, 0x01, 0x8b]), 0x05 | (register() << 3), byte(), READ_ONLY >> 8, 0, 0],
  // ... that a push runs into
  () => [0x87, 0x25, 0x00, 0x40, 0, 0, 0x50 + register(), 0x87, 0x25, 0x00, 0x40, 0, 0],
];

/** Some instructions, then: dec dword [COUNTER]; jnz to their start; hlt. */
function loop(): number[] {
  const body = Array.from({ length: 2 + random(10) }, () => pick(random(3) ? PLAIN : SENSITIVE)()).flat();
  const back = new Uint8Array(Int32Array.of(-(body.length + 12)).buffer);
  return [...body, 0xff, 0x0d, COUNTER & 0xff, COUNTER >> 8, 0, 0, 0x0f, 0x85, ...back, 0xf4];
}

const SAVED = VMCS_FIELDS.map(({ name }) => name).filter(
  (name) =>
    !['VM_EXIT_INSTRUCTION_LEN', 'VMX_INSTRUCTION_INFO', 'GUEST_LINEAR_ADDRESS', 'GUEST_PHYSICAL_ADDRESS'].includes(
      name,
    ),
);

/** All that can be seen after a VM exit. */
function state(machine: VmxMachine) {
  const fields = SAVED.map((name) => machine.vmcs.read(name));
  const memory = machine.ram.subarray(0x3000, 0x9000).toString('base64');
  return { registers: machine.registers(), fields, dr6: machine.get(abi.DR6), cr2: machine.get(abi.CR2), memory };
}

it(`agrees with the interpreter on ${COUNT} random loops of a guest`, { timeout: 600_000 }, async () => {
  const machines = [new VmxMachine(false), new VmxMachine(true)];
  const reasons = new Map<number, number>();
  for (let n = 0; n < COUNT; n++) {
    const code = Buffer.from(loop());
    const initial = Array.from({ length: 8 }, () => random(random(2) ? 2 ** 32 : 300));
    initial[7] = DATA;
    const data = Buffer.from(Array.from({ length: 256 }, byte));
    const controls = pick([
      0,
      vmx.CPU_BASED_HLT_EXITING,
      vmx.CPU_BASED_CR3_LOAD_EXITING,
      vmx.CPU_BASED_INVLPG_EXITING,
      vmx.CPU_BASED_MOV_DR_EXITING,
    ]);
    const ports = random(2) ? 0xff : 0;
    const exceptions = random(2) ? 0xffffffff : 0;
    const skip = Array.from({ length: EXITS }, () => random(4));
    const found = machines.map((machine) => {
      machine.setUp();
      const { vmcs } = machine;
      vmcs.setBits('CPU_BASED_VM_EXEC_CONTROL', controls | vmx.CPU_BASED_HLT_EXITING);
      vmcs.write('EXCEPTION_BITMAP', exceptions);
      machine.ram.fill(ports, IO_BITMAPS, IO_BITMAPS + 0x2000);
      machine.setEntry(PT + 8 * (READ_ONLY >> 12), READ_ONLY, 5 | (6 << 3));
      machine.setRegisters(initial);
      data.copy(machine.ram, DATA);
      machine.ramView.setUint32(COUNTER, 1 + (n % 5), true);
      machine.ramView.setUint32(0x4000, READ_ONLY + 0x800, true);
      machine.poke(CODE, code);
      vmcs.write('GUEST_RSP', STACK);
      const seen: unknown[] = [];
      for (let i = 0; i < EXITS; i++) {
        let outcome = machine.enter();
        for (let runs = 0; outcome === 0 && runs < 50; runs++) {
          const exit = machine.run(10_000);
          if (exit === abi.EXIT_VM) outcome = exit;
          else if (exit === abi.EXIT_IO_IN) machine.answer(0x5a);
          else if (exit === abi.EXIT_BUDGET) break;
          seen.push(exit);
        }
        if (outcome === 0) machine.core.vmTimerExit();
        seen.push(outcome, outcome === abi.EXIT_VM || outcome === 0 ? state(machine) : undefined);
        if (outcome !== abi.EXIT_VM) break;
        const { reason, rip, length } = machine.exit;
        reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
        if (reason === vmx.EXIT_REASON_TRIPLE_FAULT) break;
        // the monitor does it for the guest: goes on behind, or makes the page writable
        if (reason === vmx.EXIT_REASON_EPT_VIOLATION) {
          machine.setEntry(PT + 8 * (READ_ONLY >> 12), READ_ONLY, 7 | (6 << 3));
          machine.core.flushTlb(0);
        } else vmcs.write('GUEST_RIP', rip + (reason === vmx.EXIT_REASON_EXCEPTION_NMI ? 2 : length));
        vmcs.write('GUEST_INTERRUPTIBILITY_INFO', 0);
        if (skip[i] === 0) machine.set(abi.REGS, i * 0x1111);
      }
      return seen;
    });
    expect(found[1], `loop ${n}: ${code.toString('hex')}`).toEqual(found[0]);
    // modules that are dropped are freed in a turn of the event loop
    if (n % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  expect(machines[1]!.linker.modules).toBeGreaterThan(COUNT / 2);
  for (const reason of [0, 2, 10, 12, 18, 28, 30, 48])
    expect(reasons.get(reason) ?? 0, `reason ${reason}`).toBeGreaterThan(20);
});
