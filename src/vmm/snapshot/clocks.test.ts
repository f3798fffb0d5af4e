// A guest that looks at its clocks all the time is saved and goes on elsewhere: on another day, on a host that has just started, in another mode.
// Source: docs/usage.md, "Snapshots"; the guest's arithmetic for KVM's clock is that of arch/x86/include/asm/pvclock.h.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { root } from '../../../test/provisioned.js';
import type { Host } from '../../base/host.js';
import { SILENT } from '../../base/log.js';
import { compile } from '../../vcpu/engine.js';
import { fileOf } from '../boot/test-files.js';
import { buildMachine } from '../builder.js';
import type { Mode } from '../config.js';
import { Vm, type VmState } from '../vm.js';

const core = compile(readFileSync(join(root, 'build/core.wasm')));
const MIB = 0x100000;
const SECOND = 1e9;
const DAY = 86_400_000;
const ENTRY = MIB;
const CLOCK_PAGE = 0x180000;
const SEEN = 0x200000;
const MSR_KVM_SYSTEM_TIME_NEW = 0x4b564d01;
const PM_TIMER = 0x608;
/** Turns of the event loop that a machine gets. */
const TURNS = 10;
const START = Date.UTC(2026, 0, 1, 12);

const u32 = (value: number) => [value & 255, (value >>> 8) & 255, (value >>> 16) & 255, value >>> 24];

function guestImage(para: boolean): Uint8Array {
  const setUp = para
    ? [
        ...[0xb9, ...u32(MSR_KVM_SYSTEM_TIME_NEW)], // mov ecx, MSR
        ...[0xb8, ...u32(CLOCK_PAGE | 1)], //          mov eax, page and enabled
        ...[0x31, 0xd2, 0x0f, 0x30], //                xor edx, edx; wrmsr
      ]
    : [];
  const rtc = [0, 2, 4, 7, 8, 9].flatMap((register, i) => [
    ...[0xb0, register, 0xe6, 0x70, 0xe4, 0x71], // mov al, register; out 0x70, al; in al, 0x71
    ...[0xa2, ...u32(SEEN + 16 + i)], //            mov [seen], al
  ]);
  const loop = [
    ...[0xba, ...u32(PM_TIMER), 0xed, 0xa3, ...u32(SEEN + 8)], // mov edx, port; in eax, dx; mov [seen], eax
    ...rtc,
    ...[0x0f, 0x31, 0xa3, ...u32(SEEN), 0x89, 0x15, ...u32(SEEN + 4)], // rdtsc; mov [seen], eax; mov [seen], edx
    ...[0xff, 0x05, ...u32(SEEN + 12)], // inc dword [rounds]
  ];
  const code = [...setUp, ...loop, 0xe9, ...u32(-(loop.length + 5))];
  const flags = 0x10000;
  const end = ENTRY + 32 + code.length;
  const header = [0x1badb002, flags, -(0x1badb002 + flags), ENTRY, ENTRY, end, end, ENTRY + 32];
  return Uint8Array.from([...header.flatMap(u32), ...code]);
}

/** Its clock began when it was made; `date` is the day there. */
class OtherHost implements Host {
  private readonly start = performance.now();
  turns = 0;
  onTurn = () => {};
  constructor(private readonly day: number) {}
  now = () => (performance.now() - this.start) * 1e6;
  date = () => this.day + (performance.now() - this.start);
  cpuSeconds = () => 0;
  turn = async () => this.onTurn();
  random() {}
  wake() {}
  async sleep(): Promise<void> {}
}

interface Seen {
  tsc: bigint;
  pmTimer: number;
  /** Milliseconds since 1970. */
  rtc: number;
  rounds: number;
  /** Nanoseconds, of KVM's clock. */
  kvm: bigint;
}

/** Runs a machine on a host whose day is `day`, from power-on or from `from`: what the guest saw last, and the machine's state then. */
async function run(mode: Mode, day: number, from?: VmState): Promise<{ seen: Seen; state: VmState }> {
  const host = new OtherHost(day);
  const boot = {
    kind: 'kernel',
    kernel: fileOf(guestImage(mode === 'para')),
    commandLine: '',
    entry: 'protected',
  } as const;
  const none = { drives: [], serial: [], virtio: [], logPorts: [], network: 'none' } as const;
  const machine = buildMachine(core, { mode, memory: 4 * MIB, boot, clock: 'real', ...none }, host, SILENT, {
    powerOff() {},
    reset() {},
    debugExit() {},
    nmi() {},
    panicked() {},
  });
  if (from) machine.blankMemory().set(from.machine.memory);
  const vm = new Vm(machine, host, SILENT);
  const look = (): Seen => {
    const [bytes, page] = [SEEN, CLOCK_PAGE].map((at) => machine.physical.ram(at, 64)!);
    const [view, clock] = [bytes, page].map((one) => new DataView(one.buffer, one.byteOffset));
    const bcd = (i: number) => (bytes[16 + i] >> 4) * 10 + (bytes[16 + i] & 15);
    const [second, minute, hour, date, month, year] = [0, 1, 2, 3, 4, 5].map(bcd);
    const tsc = view.getBigUint64(0, true);
    const passed = BigInt.asUintN(64, tsc - clock.getBigUint64(8, true));
    const shifted = passed << BigInt(clock.getInt8(28));
    return {
      tsc,
      pmTimer: view.getUint32(8, true),
      rtc: Date.UTC(2000 + year, month - 1, date, hour, minute, second),
      rounds: view.getUint32(12, true),
      kvm: clock.getBigUint64(16, true) + ((shifted * BigInt(clock.getUint32(24, true))) >> 32n),
    };
  };
  let result: { seen: Seen; state: VmState } | undefined;
  let first: number | undefined;
  host.onTurn = () => {
    first ??= look().rounds;
    // the guest has been round at least twice in this machine
    if (++host.turns < TURNS || look().rounds < first + 2) return;
    vm.snapshot(async (save) => {
      const { machine, halted } = save();
      result = { seen: look(), state: { machine: { ...machine, memory: machine.memory.slice() }, halted } };
      vm.stop();
    });
  };
  expect(await vm.run(from)).toEqual({ kind: 'stopped' });
  return result!;
}

test.each<[string, Mode, Mode, number]>([
  ['three days later', 'full', 'hw', 3 * DAY],
  ['three days later', 'hw', 'full', 3 * DAY],
  ['at once', 'hw', 'hw', 0],
  ['years later', 'para', 'para', 1000 * DAY],
  ['on a host whose clock is a day behind', 'para', 'para', -DAY],
  ['on a host whose clock is a day behind', 'hw', 'hw', -DAY],
])('%s, from %s to %s', async (_, first, second, later) => {
  const before = await run(first, START);
  const after = await run(second, START + later, before.state);
  const again = await run(second, START + later, after.state);
  for (const [then, now, days] of [
    [before.seen, after.seen, Math.max(0, later)],
    [after.seen, again.seen, 0],
  ] as const) {
    // machine time goes on where it was, whatever the hosts' clocks say: not back, and not ahead by what lay in between
    const machineTime = Number(now.tsc - then.tsc);
    expect(machineTime).toBeGreaterThan(0);
    expect(machineTime).toBeLessThan(60 * SECOND);
    const ticks = (now.pmTimer - then.pmTimer + 2 ** 24) % 2 ** 24;
    expect(Math.abs((ticks / 3_579_545) * SECOND - machineTime)).toBeLessThan(SECOND);
    if (first === 'para') expect(Math.abs(Number(now.kvm - then.kvm) - machineTime)).toBeLessThan(SECOND / 100);
    // the time of day is the host's, but for one that is behind
    expect(now.rtc - then.rtc).toBeGreaterThanOrEqual(days === 0 ? 0 : days - 1000);
    expect(now.rtc - then.rtc).toBeLessThan(days + 60_000);
  }
});
