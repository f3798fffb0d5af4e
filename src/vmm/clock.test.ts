// Machine time: it follows, never jumps, and catches up while the guest is idle.
import { expect, test } from 'vitest';
import { RealClock, VirtualClock } from './clock.js';

const MS = 1_000_000;

function setUp() {
  const host = { time: 5e9, now: () => host.time, date: () => 0, cpuSeconds: () => 0 };
  const cpu = {
    instructions: 0,
    tsc: [0, 0],
    setTsc(base: number, pace: number) {
      this.tsc = [base, pace];
    },
  };
  const clock = new RealClock(host, cpu);
  const run = (instructions: number, nanoseconds: number) => {
    clock.entering(host.time);
    cpu.instructions += instructions;
    host.time += nanoseconds;
    clock.left(host.time);
    clock.handled();
  };
  return { host, cpu, clock, run };
}

test('real time passes as the host has it', () => {
  const { host, clock, run } = setUp();
  expect(clock.now()).toBe(0);
  host.time += 1000;
  expect(clock.now()).toBe(1000);
  run(1_000_000, 10 * MS);
  expect(clock.now()).toBe(1000 + 10 * MS);
});

test('the pace follows the speed of the CPU', () => {
  const { clock, run } = setUp();
  for (let i = 0; i < 200; i++) run(1_000_000, 5 * MS);
  expect(clock.instructionsIn(MS)).toBeGreaterThan(190_000);
  expect(clock.instructionsIn(MS)).toBeLessThan(210_000);
});

test('runs that the host interrupted hardly change the pace', () => {
  const { clock, run } = setUp();
  for (let i = 0; i < 200; i++) run(1_000_000, 5 * MS);
  for (let i = 0; i < 10; i++) {
    run(100_000, 50 * MS);
    for (let j = 0; j < 7; j++) run(100_000, MS / 2);
  }
  expect(clock.instructionsIn(MS)).toBeGreaterThan(120_000);
});

test('time that the host took away is held back, then given back while idle', () => {
  const { clock, run } = setUp();
  for (let i = 0; i < 200; i++) run(1_000_000, 5 * MS);
  const before = clock.now();
  run(1_000_000, 500 * MS);
  const jump = clock.now() - before;
  expect(jump).toBeLessThan(12 * MS);
  expect(clock.idleUntil(before + 400 * MS)).toBe(false);
  expect(clock.now()).toBeGreaterThanOrEqual(before + 400 * MS);
  // What is left of the debt does not cover this.
  expect(clock.idleUntil(before + 900 * MS)).toBe(true);
  expect(clock.now()).toBe(before + 500 * MS);
});

test('sleeping too long does not jump past the deadline', () => {
  const { host, clock } = setUp();
  expect(clock.idleUntil(4 * MS)).toBe(true);
  host.time += 20 * MS;
  clock.slept(4 * MS);
  expect(clock.now()).toBe(4 * MS);
  expect(clock.idleUntil(8 * MS)).toBe(false);
  expect(clock.now()).toBe(8 * MS);
});

test('while an exit is handled it is the time of the exit', () => {
  const { host, clock } = setUp();
  clock.entering(host.time);
  host.time += 100;
  clock.left(host.time);
  host.time += 7;
  expect(clock.now()).toBe(100);
  clock.handled();
  expect(clock.now()).toBe(107);
});

test('a machine that is paused has no time', () => {
  const { host, clock } = setUp();
  host.time += 100;
  clock.pause();
  host.time += 10_000;
  expect(clock.now()).toBe(100);
  clock.resume();
  host.time += 5;
  expect(clock.now()).toBe(105);
});

test('the time stamp counter starts where machine time is', () => {
  const { host, cpu, clock } = setUp();
  host.time += 1234;
  clock.entering(host.time);
  expect(cpu.tsc[0]).toBe(1234);
  expect(cpu.tsc[1]).toBeGreaterThan(0);
});

test('virtual time is a function of instructions alone', () => {
  const cpu = { instructions: 0, setTsc() {} };
  const clock = new VirtualClock(cpu, 10);
  cpu.instructions = 7;
  expect(clock.now()).toBe(70);
  expect(clock.instructionsIn(101)).toBe(11);
  expect(clock.idleUntil(1000)).toBe(false);
  expect(clock.now()).toBe(1000);
  expect(clock.idleUntil(Number.POSITIVE_INFINITY)).toBe(true);
  cpu.instructions = 8;
  expect(clock.now()).toBe(1010);
});
