// SingleStepTests for the 80286 (real mode), as JSON lines: reads them and runs them on a bare core.
// Format: test/vectors/FORMAT.md, "sst286". The data are other people's (MIT) and stay outside the repository.
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { abi, CoreMachine } from './core-machine.mjs';

const REGISTERS = ['ax', 'bx', 'cx', 'dx', 'cs', 'ss', 'ds', 'es', 'sp', 'bp', 'si', 'di', 'ip', 'flags'];
/** General registers in encoding order. */
const GENERAL = ['ax', 'cx', 'dx', 'bx', 'sp', 'bp', 'si', 'di'];
const RAM_SIZE = 0x110000;
const DATA = 0x93;
const BUDGET = 200_000;

/** [{id, name, initial, final, memory, finalMemory, flagsMask, pushedFlags}] one by one. */
export function* sst286Cases(file) {
  const text = gunzipSync(readFileSync(file)).toString();
  let from = 0;
  while (from < text.length) {
    const end = text.indexOf('\n', from);
    const line = text.slice(from, end < 0 ? undefined : end);
    from = end < 0 ? text.length : end + 1;
    if (line) yield parse(JSON.parse(line));
  }
}

function parse({ id, n, r, m, R, M, k, x }) {
  const initial = Object.fromEntries(REGISTERS.map((name, i) => [name, r[i]]));
  const unhex = (chunks) => (chunks ?? []).map(([address, hex]) => [address, Buffer.from(hex, 'hex')]);
  return {
    id,
    name: n,
    cls: 'sst286',
    initial,
    final: { ...initial, ...R },
    memory: unhex(m),
    finalMemory: unhex(M),
    flagsMask: k,
    pushedFlags: x?.[1],
  };
}

export class Sst286Machine {
  constructor() {
    this.machine = new CoreMachine();
    this.image = this.machine.ram.subarray(0, RAM_SIZE);
    this.expected = Buffer.alloc(RAM_SIZE);
  }

  /** Runs one case; the value is a list of differences. */
  run(one) {
    const { machine } = this;
    const { initial } = one;
    for (const [address, bytes] of one.memory) {
      machine.poke(address, bytes);
      this.expected.set(bytes, address);
    }
    for (const name of ['cs', 'ss', 'ds', 'es']) machine.setParagraph(name, initial[name], DATA);
    for (const name of ['fs', 'gs']) machine.setParagraph(name, 0, DATA);
    machine.setRegisters(GENERAL.map((name) => initial[name]));
    machine.eip = initial.ip;
    machine.eflags = initial.flags & 0xfff;
    machine.core.updateMode();
    const exit = machine.run(BUDGET);
    const lines = exit === abi.EXIT_HLT ? this.#compare(one) : [`left with exit reason ${exit}`];
    this.#compareMemory(one, lines);
    return lines;
  }

  #compare({ final, flagsMask }) {
    const { machine } = this;
    const got = Object.fromEntries(GENERAL.map((name, i) => [name, machine.register(i) & 0xffff]));
    for (const name of ['cs', 'ss', 'ds', 'es']) got[name] = machine.selector(name);
    // behind a HLT at FFFF: 0 on a 286, 10000 since
    got.ip = machine.eip & 0xffff;
    got.flags = machine.eflags & flagsMask;
    const lines = [];
    for (const name of REGISTERS) {
      const want = name === 'flags' ? final.flags & flagsMask : final[name];
      if (want !== got[name]) lines.push(`${name}: want ${want.toString(16)}, got ${got[name].toString(16)}`);
    }
    return lines;
  }

  #compareMemory(one, lines) {
    const { expected, image, machine } = this;
    for (const [address, bytes] of one.finalMemory) expected.set(bytes, address);
    if (one.pushedFlags !== undefined) {
      const at = one.pushedFlags;
      for (const shift of [0, 8]) {
        const i = at + shift / 8;
        const mask = (one.flagsMask >> shift) & 0xff;
        expected[i] = (expected[i] & mask) | (image[i] & ~mask);
      }
    }
    const touched = [...one.memory, ...one.finalMemory].map(([address, bytes]) => [address, bytes.length]);
    if (one.pushedFlags !== undefined) touched.push([one.pushedFlags, 2]);
    if (!image.equals(expected)) {
      const at = image.findIndex((byte, i) => byte !== expected[i]);
      const hex = (buffer) => buffer.subarray(at, at + 16).toString('hex');
      lines.push(`memory at ${at.toString(16)}: want ${hex(expected)}, got ${hex(image)}`);
      touched.push([0, RAM_SIZE]);
    }
    for (const [address, length] of touched) {
      expected.fill(0, address, address + length);
      image.fill(0, address, address + length);
      machine.forgetCode(address, length);
    }
  }
}
