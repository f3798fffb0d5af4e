// The decoder against another's: lengths of random instructions, and what is undefined. Oracle: iced-x86.
// SDM vol. 2 chapter 2 and appendix A.
import { createRequire } from 'node:module';
import { expect, it } from 'vitest';
import { CoreMachine } from '../../scripts/core-machine.mjs';
import { decodedAt } from '../../src/vcpu/translation-notes.js';

const { Code, CpuidFeature, Decoder, DecoderOptions } = createRequire(import.meta.url)('iced-x86');

const CODE = 0x3000;
const COUNT = 30_000;
const U_LENGTH = 2;
/** Special micro-ops, in the order of scripts/gen-isa.mjs. */
const OP_UNDEFINED = 6;
const OP_PROTECTION = 7;
const PREFIXES = new Set([0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65, 0x66, 0x67, 0xf0, 0xf2, 0xf3]);

/** Features of the CPU that tabvisor announces; what belongs to others is undefined here. */
const HERE = new Set(
  [
    'INTEL8086 INTEL8086_ONLY INTEL186 INTEL286 INTEL286_ONLY INTEL386 INTEL386_ONLY INTEL486 CPUID CMOV CX8 FPU FPU287 FPU387 FXSR',
    'MMX MSR PAUSE RDPMC SSE SSE2 SSE3 SSSE3 SEP TSC CLFSH MULTIBYTENOP PREFETCHW',
  ]
    .join(' ')
    .split(' ')
    .map((name) => CpuidFeature[name])
    .filter((feature) => feature !== undefined),
);

/** xorshift32: a fixed sequence. */
function randomBytes(seed: number): () => number {
  let x = seed;
  return () => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return x & 0xff;
  };
}

/** First micro-op that was decoded at CODE: {op, length}, or nothing when execution has dropped it again. */
function decoded(machine: CoreMachine): { op: number; length: number } | undefined {
  const u = decodedAt(machine.view, CODE);
  return u === 0 ? undefined : { op: machine.view.getUint16(u, true), length: machine.view.getUint8(u + U_LENGTH) };
}

it(`agrees on the length of ${COUNT} random instructions`, () => {
  const random = randomBytes(20261122);
  const machine = new CoreMachine();
  let compared = 0;
  const different: string[] = [];
  for (let i = 0; i < COUNT; i++) {
    const bytes = Uint8Array.from({ length: 16 }, random);
    // every other one in the two-byte map
    if (i & 1) bytes[0] = 0x0f;
    const decoder = new Decoder(32, bytes, DecoderOptions.None);
    const instruction = decoder.decode();
    const known = instruction.code !== Code.INVALID && instruction.cpuidFeatures().every((f: number) => HERE.has(f));
    const text = `${Buffer.from(bytes.subarray(0, 12)).toString('hex')} ${Code[instruction.code]}`;
    machine.enterFlat();
    machine.core.flushTlb(1);
    machine.ram.set(bytes, CODE);
    machine.eip = CODE;
    machine.run(1);
    const ours = decoded(machine);
    if (!ours || ours.op === OP_PROTECTION) continue;
    // segment and control registers that do not exist are undefined when they execute; UD0 always is
    const opcode = bytes.findIndex((byte) => !PREFIXES.has(byte));
    const atExecution =
      bytes[opcode] === 0x8c ||
      bytes[opcode] === 0x8e ||
      (bytes[opcode] === 0x0f && [0x20, 0x22].includes(bytes[opcode + 1]!));
    if (atExecution && instruction.code === Code.INVALID) continue;
    if (bytes[opcode] === 0x0f && bytes[opcode + 1] === 0xff) continue;
    compared++;
    if (ours.op === OP_UNDEFINED) {
      if (known) different.push(`${text}: undefined here`);
    } else if (instruction.code === Code.INVALID) different.push(`${text}: defined here, ${ours.length} bytes`);
    else if (ours.length !== instruction.length)
      different.push(`${text}: ${ours.length} bytes here, ${instruction.length} there`);
    instruction.free();
    decoder.free();
  }
  expect(different).toEqual([]);
  expect(compared).toBeGreaterThan(COUNT / 2);
});
