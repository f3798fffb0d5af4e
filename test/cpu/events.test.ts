// Events from outside and the host's view of them: injection, the interrupt shadow and window, HLT, NMI, shutdown, the TSC.
// SDM vol. 3A 6.8.1, 6.8.3, 6.7.1 (NMI), 6.15 #DF (shutdown); vol. 3B 17.17; assembly/abi.ts.
import { beforeEach, expect, it } from 'vitest';
import { abi, CoreMachine } from '../../scripts/core-machine.mjs';

const CODE = 0x1000;
const STACK = 0x8000;
const IRQ = 0x20;
const HANDLER = 0x2000;
const IF = 0x200;
const EAX = abi.REGS;
const EDX = abi.REGS + 16;

let machine: CoreMachine;

/** Real mode at CODE with the stack at STACK; vector 0x20 goes to an IRET. */
beforeEach(() => {
  machine = new CoreMachine();
  machine.ramView.setUint32(4 * IRQ, HANDLER, true);
  machine.ramView.setUint32(4 * 2, HANDLER, true);
  machine.poke(HANDLER, Buffer.from('cf', 'hex'));
  for (const name of ['cs', 'ds', 'es', 'ss', 'fs', 'gs']) machine.setParagraph(name, 0, 0x93);
  machine.setControl(0x30, 0, 0);
  machine.eflags = 2;
  machine.eip = CODE;
  machine.set(abi.REGS + 4 * 8, STACK);
  machine.core.updateMode();
});

const program = (code: string) => machine.poke(CODE, Buffer.from(code, 'hex'));

it('leaves HLT behind it, and an interrupt returns there', () => {
  program('fbf490f4'); // sti; hlt; nop; hlt
  expect(machine.run(100)).toBe(abi.EXIT_HLT);
  expect(machine.eip).toBe(CODE + 2);
  expect(machine.core.canInject()).toBe(1);
  machine.core.injectInterrupt(IRQ);
  expect(machine.eip).toBe(HANDLER);
  expect(machine.eflags & IF).toBe(0);
  expect(machine.ramView.getUint16(STACK - 6, true)).toBe(CODE + 2);
  expect(machine.run(100)).toBe(abi.EXIT_HLT);
  expect(machine.eip).toBe(CODE + 4);
  expect(machine.eflags & IF).toBe(IF);
});

it('opens the interrupt window one instruction after STI', () => {
  program('90fb40484040f4'); // nop; sti; inc ax; ...
  machine.set(abi.INTERRUPT_WINDOW, 1);
  expect(machine.run(100)).toBe(abi.EXIT_INTERRUPT_WINDOW);
  expect(machine.eip).toBe(CODE + 3);
  expect(machine.core.canInject()).toBe(1);
});

it('takes no interrupt between STI and HLT, whatever the budget', () => {
  for (const budget of [1, 2, 3]) {
    program('fbf4f4');
    machine.eip = CODE;
    machine.eflags = 2;
    machine.set(abi.INTERRUPT_WINDOW, 0);
    for (let i = 0; machine.run(budget) === abi.EXIT_BUDGET; i++) {
      expect(i).toBeLessThan(5);
      if (machine.eip === CODE + 1) expect(machine.core.canInject(), `budget ${budget}`).toBe(0);
      machine.set(abi.INTERRUPT_WINDOW, 1);
    }
    expect(machine.eip).toBe(CODE + 2);
  }
});

it('holds interrupts off behind an STI at the end of a page, where a run of instructions ends', () => {
  machine.poke(0x2fff, Buffer.from('fbf4', 'hex')); // sti; hlt
  machine.eip = 0x2fff;
  expect(machine.run(1)).toBe(abi.EXIT_BUDGET);
  expect(machine.eip).toBe(0x3000);
  expect(machine.core.canInject()).toBe(0);
  machine.set(abi.INTERRUPT_WINDOW, 1);
  expect(machine.run(10)).toBe(abi.EXIT_HLT);
  expect(machine.core.canInject()).toBe(1);
});

it('opens the interrupt window with a POPF that sets IF', () => {
  program('6802029d404840f4'); // push 0x202; popf; inc ax; ...
  machine.set(abi.INTERRUPT_WINDOW, 1);
  expect(machine.run(100)).toBe(abi.EXIT_INTERRUPT_WINDOW);
  expect(machine.eip).toBe(CODE + 4);
});

it('takes no interrupt behind a load of SS', () => {
  program('8ed040484040f4'); // mov ss, ax; inc ax; dec ax ...
  machine.eflags = 2 | IF;
  machine.set(abi.INTERRUPT_WINDOW, 0);
  expect(machine.run(1)).toBe(abi.EXIT_BUDGET);
  expect(machine.eip).toBe(CODE + 2);
  expect(machine.core.canInject()).toBe(0);
  machine.set(abi.INTERRUPT_WINDOW, 1);
  expect(machine.run(100)).toBe(abi.EXIT_INTERRUPT_WINDOW);
  expect(machine.eip).toBe(CODE + 3);
});

it('opens the window at POPF and IRET at once', () => {
  program('9d9090f4'); // popf
  machine.ramView.setUint16(STACK, IF | 2, true);
  machine.set(abi.INTERRUPT_WINDOW, 1);
  expect(machine.run(100)).toBe(abi.EXIT_INTERRUPT_WINDOW);
  expect(machine.eip).toBe(CODE + 1);
});

it('blocks NMIs from one to its IRET', () => {
  program('90f4');
  machine.core.injectNmi();
  expect(machine.eip).toBe(HANDLER);
  expect(machine.get(abi.NMI_BLOCKED)).toBe(1);
  expect(machine.run(100)).toBe(abi.EXIT_HLT);
  expect(machine.get(abi.NMI_BLOCKED)).toBe(0);
});

it('takes an NMI when no other is in its handler and nothing else comes first', () => {
  program('8ed090f4'); // mov ss, ax; nop
  expect(machine.core.canInjectNmi()).toBe(1);
  expect(machine.run(1)).toBe(abi.EXIT_BUDGET);
  expect(machine.eip).toBe(CODE + 2);
  expect(machine.core.canInjectNmi()).toBe(0);
  // asked for, it comes behind the instruction that the load of SS protects
  machine.set(abi.INTERRUPT_WINDOW, 2);
  expect(machine.run(100)).toBe(abi.EXIT_INTERRUPT_WINDOW);
  expect(machine.eip).toBe(CODE + 3);
  expect(machine.core.canInjectNmi()).toBe(1);
  machine.core.injectNmi();
  expect(machine.core.canInjectNmi()).toBe(0);
  // and behind the IRET of another one
  expect(machine.run(100)).toBe(abi.EXIT_INTERRUPT_WINDOW);
  expect(machine.eip).toBe(CODE + 3);
  expect(machine.core.canInjectNmi()).toBe(1);
});

it('takes nothing from outside while an exception waits for its delivery', () => {
  program('90f4');
  machine.set(abi.IDTR_LIMIT, 0);
  machine.eflags = 2 | IF;
  machine.core.injectNmi(); // it cannot be delivered: #GP waits
  expect(machine.core.canInject()).toBe(0);
  expect(machine.core.canInjectNmi()).toBe(0);
});

it('shuts down on the third fault, and when an injected interrupt cannot be delivered', () => {
  program('0f0b'); // ud2 with no vector table
  machine.set(abi.IDTR_LIMIT, 0);
  expect(machine.run(100)).toBe(abi.EXIT_TRIPLE_FAULT);
  expect(machine.get(abi.EXIT_VECTOR)).toBe(6);
  expect(machine.eip).toBe(CODE);

  machine.core.reset();
  machine.set(abi.IDTR_LIMIT, 0);
  machine.core.injectInterrupt(IRQ);
  expect(machine.run(100)).toBe(abi.EXIT_TRIPLE_FAULT);
});

it('comes back from a handler that faults for ever', () => {
  machine.ramView.setUint32(4 * 6, CODE, true);
  program('0f0b'); // the handler of #UD is the instruction itself
  for (let i = 0; i < 3; i++) expect(machine.run(1000)).toBe(abi.EXIT_BUDGET);
});

it('counts time with instructions and never backwards', () => {
  const tsc = () => {
    machine.eip = CODE;
    expect(machine.run(1000)).toBe(abi.EXIT_HLT);
    return machine.get(EDX) * 2 ** 32 + machine.get(EAX);
  };
  program('90909090909090900f31f4'); // eight NOPs; rdtsc
  machine.set(abi.TSC_BASE, 1000);
  machine.set(abi.TSC_PER_INSTRUCTION, 3 << 16);
  expect(tsc()).toBe(1000 + 8 * 3);
  // the host's clock went back: the guest's goes on, and never shows the same twice
  machine.set(abi.TSC_BASE, 10);
  expect(tsc()).toBe(1000 + 8 * 3 + 1);
  expect(tsc()).toBe(1000 + 8 * 3 + 2);
  machine.set(abi.TSC_BASE, 0);
  machine.set(abi.TSC_BASE + 4, 1);
  expect(tsc()).toBe(2 ** 32 + 8 * 3);
});

it('leaves to the host when the APIC base is written', () => {
  program('0f30f4'); // wrmsr
  machine.set(abi.REGS + 8, 0x1b);
  machine.set(EAX, 0xfee00100);
  machine.set(EDX, 0);
  expect(machine.run(100)).toBe(abi.EXIT_APIC_BASE);
  expect(machine.eip).toBe(CODE + 2);
  expect(machine.get(abi.MSR_APIC_BASE)).toBe(0xfee00100);
});
