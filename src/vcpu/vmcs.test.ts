// The VMCS by name: widths, two's complement, encodings.
// SDM vol. 3D appendix B.
import { expect, it } from 'vitest';
import { VMCS } from '../../assembly/abi.js';
import { VMCS_FIELDS, Vmcs } from './vmcs.js';

const memory = new ArrayBuffer(VMCS + 4096);
const vmcs = new Vmcs(new DataView(memory));

it('cuts a value to the width of its field', () => {
  vmcs.write('GUEST_CS_SELECTOR', 0x12345);
  expect(vmcs.read('GUEST_CS_SELECTOR')).toBe(0x2345);
  vmcs.write('GUEST_RIP', 0xfffffff0);
  expect(vmcs.read('GUEST_RIP')).toBe(0xfffffff0);
  vmcs.write('EXCEPTION_BITMAP', -1);
  expect(vmcs.readWide('EXCEPTION_BITMAP')).toEqual({ low: 0xffffffff, high: 0 });
  vmcs.write('TSC_OFFSET', -2);
  expect(vmcs.readWide('TSC_OFFSET')).toEqual({ low: 0xfffffffe, high: 0xffffffff });
  vmcs.write('TSC_OFFSET', 0x123456789abc);
  expect(vmcs.read('TSC_OFFSET')).toBe(0x123456789abc);
  vmcs.write('EPT_POINTER', { low: 0x1e, high: 3 });
  expect(vmcs.read('EPT_POINTER')).toBe(3 * 2 ** 32 + 0x1e);
});

it('says the width of a field in its encoding', () => {
  const widths = [16, 64, 32, 'natural'];
  for (const { name, encoding, width } of VMCS_FIELDS) {
    expect(widths[(encoding >> 13) & 3], name).toBe(width);
    expect(encoding & 1, name).toBe(0);
    const kind = (encoding >> 10) & 3;
    if (name.startsWith('GUEST_') && !name.endsWith('_ADDRESS')) expect(kind, name).toBe(2);
    if (name.startsWith('HOST_')) expect(kind, name).toBe(3);
  }
});

it('keeps every field apart from the others', () => {
  VMCS_FIELDS.forEach(({ name }, i) => {
    vmcs.write(name, i + 1);
  });
  VMCS_FIELDS.forEach(({ name }, i) => {
    expect(vmcs.read(name), name).toBe(i + 1);
  });
  expect(vmcs.dump().split('\n')).toHaveLength(VMCS_FIELDS.length);
  vmcs.clear();
  expect(vmcs.readWide('VMCS_LINK_POINTER')).toEqual({ low: 0xffffffff, high: 0xffffffff });
  expect(vmcs.read('GUEST_RIP')).toBe(0);
  vmcs.setBits('EXCEPTION_BITMAP', 1 << 14);
  vmcs.setBits('EXCEPTION_BITMAP', 2);
  vmcs.clearBits('EXCEPTION_BITMAP', 1 << 14);
  expect(vmcs.read('EXCEPTION_BITMAP')).toBe(2);
});
