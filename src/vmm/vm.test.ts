// The loop around the CPU, with a CPU that plays a script and a host whose time is a number.
import { expect, test } from 'vitest';
import type { Host } from '../base/host.js';
import { createLog } from '../base/log.js';
import type { Exit } from '../vcpu/exit.js';
import { SnapshotError } from '../devices/snapshot-fields.js';
import { Bus } from './bus.js';
import { RealClock } from './clock.js';
import { TimerQueue } from './timers.js';
import { type Machine, Vm, type VmOptions } from './vm.js';

const MS = 1_000_000;

class FakeHost implements Host {
  time = 0;
  slept: number[] = [];
  private woken = false;
  onSleep: () => void = () => {};
  now = () => this.time;
  date = () => 0;
  cpuSeconds = () => this.time / 1e9;
  turn = async () => {};
  random(): void {}
  async sleep(nanoseconds: number): Promise<void> {
    this.slept.push(nanoseconds);
    this.onSleep();
    if (!this.woken) {
      if (nanoseconds === Number.POSITIVE_INFINITY) throw new Error('asleep for ever');
      this.time += nanoseconds;
    }
    this.woken = false;
  }
  wake(): void {
    this.woken = true;
  }
}

/** Each step of the script is what one run of the CPU does; after the last one the guest powers off. */
function setUp(script: (Exit | (() => Exit))[], options: VmOptions = {}) {
  const host = new FakeHost();
  const seen: string[] = [];
  const cpu = {
    instructions: 0,
    more: undefined as (() => number) | undefined,
    canInject: true,
    crashVector: 14,
    get interruptsEnabled() {
      return (flags.eflags & 0x200) !== 0;
    },
    counters: { instructions: 0 },
    pioData: new Uint8Array(0),
    answer() {},
    drainMmio() {},
    setTsc() {},
    canInjectNmi: true,
    setWindows(interrupt: boolean, nmi: boolean) {
      seen.push(interrupt ? 'window on' : 'window off');
      if (nmi) seen.push('NMI window on');
    },
    inject: (vector: number) => void seen.push(`inject ${vector}`),
    injectNmi: () => void seen.push('nmi'),
    run(budget: number, more?: () => number): Exit {
      cpu.more = more;
      const step = script.shift();
      host.time += MS;
      cpu.instructions += Math.min(budget, 1000);
      if (step === undefined) {
        vm.end({ kind: 'power-off' });
        return { kind: 'budget' };
      }
      const exit = typeof step === 'function' ? step() : step;
      seen.push(exit.kind);
      return exit;
    },
  };
  const waiting: number[] = [];
  const clock = new RealClock(host, cpu);
  const timers = new TimerQueue(clock);
  const warnings: string[] = [];
  const inFlight = { count: 0 };
  const flags = {
    ...{ eflags: 0x202, eip: 0x100abc, dump: () => 'the state' },
    segment: () => ({ selector: 8 }),
  };
  const machine = {
    cpu,
    registers: flags,
    clock,
    timers,
    bus: new Bus(),
    inFlight,
    interrupts: { hasInterrupt: () => waiting.length > 0, acknowledge: () => waiting.shift()! },
    powerOn: () => void seen.push('power on'),
    flush: () => void seen.push('flush'),
    apicBaseWritten() {},
    numericError() {},
    settled: true,
    nmiArmed: false,
    save: () => ({}),
  };
  const log = createLog((line) => void warnings.push(line));
  const vm: Vm = new Vm(machine as unknown as Machine, host, log, options);
  return { host, vm, cpu, machine, seen, waiting, timers, flags, warnings, inFlight };
}

const budget: Exit = { kind: 'budget' };
const hlt: Exit = { kind: 'hlt' };

test('powers on, runs, writes everything out at the end', async () => {
  const { vm, seen } = setUp([budget, budget]);
  expect(await vm.run()).toEqual({ kind: 'power-off' });
  expect(seen).toEqual(['power on', 'budget', 'budget', 'flush']);
});

/**
 * Runs steps that each end with their budget used up, while a timer is due at `deadline` (nanoseconds). The value is what was answered
 * each time that a step asked whether there is more of its budget.
 */
async function answersTo(
  deadline: number,
  steps: ((machine: ReturnType<typeof setUp>, ask: () => void) => void)[],
): Promise<boolean[]> {
  const answers: boolean[] = [];
  const ask = (): void => void answers.push(machine.cpu.more!() > 0);
  const machine = setUp(
    steps.map((step) => () => {
      step(machine, ask);
      return budget;
    }),
  );
  machine.timers.create(() => {}).arm(deadline);
  await machine.vm.run();
  return answers;
}

test('a budget that was used up before its time is no exit, until something is due', async () => {
  const answers = await answersTo(4 * MS, [
    ({ host, cpu }, ask) => {
      ask();
      host.time += 4 * MS;
      cpu.instructions += 1_000_000;
      ask();
    },
  ]);
  expect(answers).toEqual([true, false]);
});

test.each([
  [11 * MS, true],
  [30 * MS, false],
])('a slice that is over goes on to a deadline that is near, and to no other: %i ns', async (deadline, expected) => {
  const answers = await answersTo(deadline, [
    ({ host, cpu }, ask) => {
      host.time = 8 * MS;
      cpu.instructions += 1_000_000;
      ask();
    },
  ]);
  expect(answers).toEqual([expected]);
});

test('while the host works beside the CPU a slice is short, whatever is due soon', async () => {
  const answers = await answersTo(4 * MS, [
    ({ inFlight }) => {
      inFlight.count = 1;
    },
    ({ host }, ask) => {
      host.time -= MS / 2;
      ask();
      host.time += MS;
      ask();
    },
  ]);
  expect(answers).toEqual([true, false]);
});

test('a machine that cannot be saved goes on', async () => {
  const { vm, machine, seen } = setUp([
    () => {
      vm.snapshot(async (save) => {
        expect(save).toThrow('not now');
        seen.push('refused');
      });
      return budget;
    },
    budget,
  ]);
  machine.save = () => {
    throw new SnapshotError('not now');
  };
  expect(await vm.run()).toEqual({ kind: 'power-off' });
  expect(seen).toEqual(['power on', 'budget', 'refused', 'budget', 'flush']);
});

test('a snapshot waits for what the host does beside the CPU', async () => {
  const taken: string[] = [];
  const { vm, inFlight, seen } = setUp([
    () => {
      inFlight.count = 1;
      vm.snapshot(async () => void taken.push(seen.join()));
      return budget;
    },
    () => {
      inFlight.count = 0;
      return budget;
    },
  ]);
  await vm.run();
  expect(taken).toEqual(['power on,budget,budget']);
});

test('an interrupt that cannot be taken asks for the window, and is taken when it opens', async () => {
  const { vm, cpu, seen, waiting } = setUp([
    () => {
      waiting.push(0x30);
      cpu.canInject = false;
      return budget;
    },
    () => {
      cpu.canInject = true;
      return { kind: 'interrupt-window' };
    },
    budget,
  ]);
  await vm.run();
  expect(seen).toEqual([
    'power on',
    'budget',
    'window on',
    'interrupt-window',
    'inject 48',
    'window off',
    'budget',
    'flush',
  ]);
});

test('a halted guest sleeps until the next deadline, and its interrupt wakes it', async () => {
  const { vm, host, seen, waiting, timers } = setUp([hlt, budget]);
  timers.create(() => waiting.push(0x20)).arm(40 * MS);
  await vm.run();
  expect(host.slept).toHaveLength(1);
  expect(host.slept[0]).toBe(39 * MS);
  expect(seen).toEqual(['power on', 'hlt', 'inject 32', 'budget', 'flush']);
});

test('a halted guest without deadlines sleeps until there is input', async () => {
  const { vm, host, seen, waiting } = setUp([hlt, budget]);
  host.onSleep = () => {
    waiting.push(0x24);
    host.wake();
  };
  await vm.run();
  expect(host.slept).toEqual([Number.POSITIVE_INFINITY]);
  expect(seen).toContain('inject 36');
});

test('a halt with interrupts off ends the run at once, whatever timers there are', async () => {
  const { vm, flags, host, timers } = setUp([hlt]);
  flags.eflags = 2;
  timers.create(() => {}).arm(Number.MAX_SAFE_INTEGER);
  expect(await vm.run()).toEqual({ kind: 'dead-halt', at: '0008:00100abc' });
  expect(host.slept).toEqual([]);
});

test('such a halt waits where a device may raise an NMI', async () => {
  const { vm, flags, host, machine, seen } = setUp([hlt, budget]);
  flags.eflags = 2;
  machine.nmiArmed = true;
  host.onSleep = () => vm.raiseNmi();
  expect(await vm.run()).toEqual({ kind: 'power-off' });
  expect(seen).toContain('nmi');
});

test('a snapshot that was asked for is taken before such a halt ends the run', async () => {
  const { vm, flags } = setUp([hlt]);
  flags.eflags = 2;
  let taken = 0;
  vm.snapshot(async () => void taken++);
  expect(await vm.run()).toMatchObject({ kind: 'dead-halt' });
  expect(taken).toBe(1);
});

test('an interrupt that comes with the halt itself, at the end of a slice, is not slept over', async () => {
  const { vm, host, seen, waiting } = setUp([
    () => {
      waiting.push(0x2d);
      host.time += 100 * MS;
      return hlt;
    },
    budget,
  ]);
  await vm.run();
  expect(seen).toEqual(['power on', 'hlt', 'inject 45', 'budget', 'flush']);
  expect(host.slept).toEqual([]);
});

test('an NMI wakes a halted guest', async () => {
  const { vm, host, seen } = setUp([hlt, budget]);
  host.onSleep = () => vm.raiseNmi();
  await vm.run();
  expect(seen).toEqual(['power on', 'hlt', 'nmi', 'budget', 'flush']);
});

test('an NMI waits until the handler of another one has ended, and is remembered once', async () => {
  const { vm, cpu, seen } = setUp([
    () => {
      cpu.canInjectNmi = false;
      vm.raiseNmi();
      vm.raiseNmi();
      return budget;
    },
    () => {
      cpu.canInjectNmi = true;
      return budget;
    },
    budget,
  ]);
  await vm.run();
  const asked = ['window off', 'NMI window on'];
  expect(seen).toEqual(['power on', 'budget', ...asked, 'budget', 'nmi', 'window off', 'budget', 'flush']);
});

test('reset powers on again before the next instruction', async () => {
  const { vm, seen } = setUp([
    () => {
      vm.reset();
      return budget;
    },
    budget,
  ]);
  await vm.run();
  expect(seen).toEqual(['power on', 'budget', 'power on', 'budget', 'flush']);
  expect(vm.statistics().resets).toBe(1);
});

test('limits: instructions to the last one, time to the slice', async () => {
  const many = Array.from({ length: 1000 }, () => budget);
  const limited = setUp([...many], { maxInstructions: 2500 });
  expect(await limited.vm.run()).toEqual({ kind: 'instruction-limit' });
  expect(limited.cpu.instructions).toBe(2500);
  const timed = setUp([...many], { timeout: 100 * MS });
  expect(await timed.vm.run()).toEqual({ kind: 'time-out' });
  expect(timed.host.time).toBeLessThan(120 * MS);
});

test('a triple fault ends the run with the state of the CPU', async () => {
  const { vm } = setUp([{ kind: 'triple-fault', vector: 14 }]);
  expect(await vm.run()).toEqual({ kind: 'triple-fault', vector: 14, state: 'the state' });
});

test('the first reason to stop stands', async () => {
  const { vm } = setUp([
    () => {
      vm.end({ kind: 'debug-exit', value: 7 });
      vm.stop();
      return budget;
    },
  ]);
  expect(await vm.run()).toEqual({ kind: 'debug-exit', value: 7 });
});

test('while output has piled up nothing runs, and a stop is still heard', async () => {
  const never = new Promise<void>(() => {});
  const stuck = setUp(
    Array.from({ length: 100 }, () => budget),
    { backlog: () => (stuck.seen.includes('budget') ? never : undefined) },
  );
  stuck.host.onSleep = () => stuck.vm.stop();
  expect(await stuck.vm.run()).toEqual({ kind: 'stopped' });
  const slow = setUp([budget], { timeout: 50 * MS, backlog: () => never });
  expect(await slow.vm.run()).toEqual({ kind: 'time-out' });
  expect(slow.seen).toEqual(['power on', 'flush']);
});

test('pause stops machine time, resume goes on', async () => {
  const { vm, host, timers } = setUp([
    () => {
      vm.pause();
      return budget;
    },
    budget,
  ]);
  host.onSleep = () => {
    host.time += 1000 * MS;
    vm.resume();
    host.wake();
  };
  await vm.run();
  expect(timers.now()).toBeLessThan(20 * MS);
});
