// Random guests under the whole monitor, with EPT and without: it answers every exit, ends when it is told to, and its own pages stay as they are.
// Ours; what a guest could try: control registers, page tables, descriptor tables, ports, MSRs, long string instructions, random bytes.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Host } from '../../src/base/host.js';
import { SILENT } from '../../src/base/log.js';
import { compile } from '../../src/vcpu/engine.js';
import { buildMachine } from '../../src/vmm/builder.js';
import * as layout from '../../src/vmm/layout.js';
import { monitorPages } from '../../src/vmm/vmx/controls.js';
import { Vm } from '../../src/vmm/vm.js';
import { root } from '../provisioned.js';
import { Random } from './random.mjs';

const module = compile(readFileSync(join(root, 'build/core.wasm')));
const MIB = 0x100000;
/** Least and most memory of a guest: with the most, the monitor's pages lie above 2 GiB. */
const MEMORY = 4 * MIB;
const MOST_MEMORY = 3072 * MIB;
const ENTRY = 0x100000;
const GADGETS = 400;
const GUESTS = 40;
const MSRS = [0x10, 0x1b, 0x174, 0x175, 0x176, 0x277, 0x2ff, 0x200, 0x3a, 0x480, 0xc0000080, 0x12345];

const u32 = (value: number) => [value & 255, (value >>> 8) & 255, (value >>> 16) & 255, value >>> 24];
const movEax = (value: number) => [0xb8, ...u32(value)];
const movEcx = (value: number) => [0xb9, ...u32(value)];

/** An address that is likely to hit something: low memory, page tables, the VGA window, an APIC, the end of memory, anything. */
function address(random: Random): number {
  const near = random.pick([0x1000, 0x2000, 0x3000, 0x9f000, 0xa0000, 0xb8000, 0xf0000, ENTRY, 0x200000, MEMORY - 8]);
  const far = random.pick([MEMORY, 0x80000000, MOST_MEMORY - 8, 0xfec00000, 0xfee00000, 0xfffffff0]);
  return (random.oneIn(4) ? far : random.oneIn(6) ? random.u32() : near + random.below(0x1000)) >>> 0;
}

/** A few bytes of code that do something a monitor has to answer. */
function gadget(random: Random): number[] {
  const value = random.value();
  const at = u32(address(random));
  switch (random.below(22)) {
    case 0:
      return [...movEax(random.pick([0x11, 0x10, 0x80000011, 0x80010011, 0x60000010, value])), 0x0f, 0x22, 0xc0];
    case 1:
      return [...movEax(random.pick([0x1000, 0x2000, address(random), value])), 0x0f, 0x22, 0xd8];
    case 2:
      return [...movEax(random.pick([0, 0x10, 0x20, 0xb0, 0x6b0, value])), 0x0f, 0x22, 0xe0];
    case 3:
      return [0x0f, random.pick([0x20, 0x20, 0x21, 0x23]), 0xc0 | random.below(64)];
    case 4:
      return [0x0f, 0x01, random.pick([0x15, 0x1d, 0x3d]), ...at];
    case 5:
      return [
        0x66,
        0xba,
        ...u32(random.pick([0x80, 0x3f8, 0x1f0, 0x60, 0x64, 0x92, 0xcf8, 0xcfc, value])).slice(0, 2),
        random.pick([0xec, 0xed, 0xee, 0xef]),
      ];
    case 6:
      return [...movEcx(random.pick([1, 100, 5000, value])), 0xbf, ...at, 0xf3, random.pick([0x6c, 0x6d])];
    case 7:
      return [...movEcx(random.pick([1, 100, 5000, value])), 0xbe, ...at, 0xf3, random.pick([0x6e, 0x6f])];
    case 8:
      return [...movEcx(random.pick([1, 100, 5000])), 0xbf, ...at, 0xf3, random.pick([0xaa, 0xab, 0xa4, 0xa5])];
    case 9:
      return [...movEcx(random.pick(MSRS)), ...movEax(value), 0x0f, random.pick([0x30, 0x32])];
    case 10:
      return [0x0f, 0xa2];
    case 11:
      return [0xfb, 0xf4];
    case 12:
      return [0x0f, 0x01, 0x3d, ...at];
    case 13:
      return [0xcd, random.below(256)];
    case 14:
      return [0x68, ...u32(value), random.pick([0x9d, 0x17, 0x1f, 0x07])];
    case 15:
      return [0xea, ...u32(ENTRY + random.below(0x2000)), ...u32(random.pick([0x10, 0x18, 8, value])).slice(0, 2)];
    case 16:
      return [0x0f, 0x01, 0xc0 | random.below(8)];
    case 17:
      return [random.pick([0xfa, 0xfb, 0xcf, 0xcc, 0xf1, 0xce])];
    case 18:
      return [...movEax(address(random)), 0xff, 0x00 | random.below(8)];
    case 19:
      return [
        0xc7,
        0x05,
        ...u32(0x1000 + 4 * random.below(0x800)),
        ...u32((address(random) & ~0xfff) | random.below(256)),
      ];
    case 20:
      return [0xa1, ...at, 0xa3, ...u32(address(random))];
    default:
      return Array.from({ length: 1 + random.below(8) }, () => random.below(256));
  }
}

/** A Multiboot kernel of random gadgets, over page tables that map low memory by chance. */
function guestImage(random: Random): Uint8Array {
  const code = Array.from({ length: GADGETS }, () => gadget(random)).flat();
  const size = 32 + code.length;
  const flags = 0x10000;
  const header = [0x1badb002, flags, -(0x1badb002 + flags), ENTRY, ENTRY, ENTRY + size, ENTRY + size, ENTRY + 32];
  return Uint8Array.from([...header.flatMap(u32), ...code]);
}

class StillHost implements Host {
  onSleep = () => {};
  now = () => performance.now() * 1e6;
  date = () => 0;
  cpuSeconds = () => 0;
  turn = async () => {};
  random() {}
  wake() {}
  async sleep(): Promise<void> {
    this.onSleep();
  }
}

async function run(seed: number, ept: boolean, memory: number) {
  const random = new Random(seed);
  const image = guestImage(random);
  const host = new StillHost();
  const kernel = {
    name: 'random',
    size: image.length,
    read: (offset: number, into: Uint8Array) => into.set(image.subarray(offset, offset + into.length)),
  };
  const machine = buildMachine(
    module,
    {
      mode: 'hw',
      ept,
      memory,
      boot: { kind: 'kernel', kernel, commandLine: '', entry: 'protected' },
      drives: [],
      serial: [],
      virtio: [],
      network: 'none',
      clock: 'virtual',
      logPorts: [],
    },
    host,
    SILENT,
    {
      ...{ powerOff: () => vm.stop(), reset: () => vm.stop(), debugExit: () => vm.stop() },
      ...{ nmi: () => vm.raiseNmi(), panicked: () => vm.stop() },
    },
  );
  const vm: Vm = new Vm(machine, host, SILENT, { maxInstructions: 200_000, timeout: 20e9 });
  host.onSleep = () => vm.stop();
  const outcome = await vm.run();
  const { monitor } = layout.hostLayout(memory, monitorPages(ept));
  const { bytes } = machine.guest!;
  return { outcome, bitmaps: bytes.subarray(monitor, monitor + 2 * 4096) };
}

test.each([
  ['with EPT', true],
  ['without EPT', false],
] as const)('random guests %s', async (_how, ept) => {
  const kinds: Record<string, number> = {};
  for (let seed = 0; seed < GUESTS; seed++) {
    const { outcome, bitmaps } = await run(seed, ept, seed % 4 === 3 ? MOST_MEMORY : MEMORY);
    if (outcome.kind === 'entry-failure') throw new Error(`seed ${seed}: ${outcome.why}\n${outcome.state}`);
    expect({ seed, kind: outcome.kind }).not.toMatchObject({ kind: 'time-out' });
    expect(bitmaps.every((byte) => byte === 0xff)).toBe(true);
    kinds[outcome.kind] = (kinds[outcome.kind] ?? 0) + 1;
  }
  // They do not all end at their first instruction.
  expect(Object.keys(kinds).length).toBeGreaterThan(1);
});
