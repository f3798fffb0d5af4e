// Which forms of the conversions from integers enter MMX mode: those that read an MM register.
// SDM vol. 1 9.5 (TOP and tags of MMX instructions), vol. 2 CVTPI2PS, CVTPI2PD.
import { beforeEach, describe, expect, it } from 'vitest';
import { abi } from '../../scripts/core-machine.mjs';
import { DATA, ENGINES, FlatMachine } from './flat-machine.js';

const MF = 16;
const TOP_5 = 0x2800;
const TAGS = 0xc3ff;
/** An invalid operation that FCW leaves unmasked waits. */
const PENDING = 0x8081;

describe.each(ENGINES)('%s', (_, translate) => {
  let machine: FlatMachine;

  beforeEach(() => {
    machine = new FlatMachine(translate);
    const { view, ramView } = machine.core;
    view.setUint16(abi.FPU_STATUS, TOP_5, true);
    view.setUint16(abi.FPU_TAG, TAGS, true);
    view.setUint16(abi.FPU_CONTROL, 0x37f, true);
    view.setUint32(abi.MXCSR, 0x1f80, true);
    ramView.setInt32(DATA, -3, true);
    ramView.setInt32(DATA + 4, 7, true);
  });

  const status = () => machine.core.view.getUint16(abi.FPU_STATUS, true);
  const tags = () => machine.core.view.getUint16(abi.FPU_TAG, true);

  it.each([
    ['cvtpi2ps', '0f2a0d 00500000', '0f2ac8'],
    ['cvtpi2pd', '660f2a0d 00500000', '660f2ac8'],
  ])('%s from memory leaves the x87 alone, from a register it does not', (name, memory, register) => {
    expect(machine.run(memory)).toBe(null);
    const { view } = machine.core;
    const [low, high] = name.endsWith('s')
      ? [view.getFloat32(abi.XMM + 16, true), view.getFloat32(abi.XMM + 20, true)]
      : [view.getFloat64(abi.XMM + 16, true), view.getFloat64(abi.XMM + 24, true)];
    expect([low, high]).toEqual([-3, 7]);
    expect([status(), tags()]).toEqual([TOP_5, TAGS]);
    view.setUint16(abi.FPU_STATUS, TOP_5 | PENDING, true);
    expect(machine.run(memory)).toBe(null);
    expect(machine.run(register)).toEqual({ vector: MF });
    view.setUint16(abi.FPU_STATUS, TOP_5, true);
    expect(machine.run(register)).toBe(null);
    expect([status(), tags()]).toEqual([0, 0]);
  });
});
