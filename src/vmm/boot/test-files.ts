// Files in memory for the tests of boot loaders, and a machine that is nothing but RAM and registers.
// Contracts: ByteSource in base/host.ts, BootMemory, Registers.
import type { ByteSource } from '../../base/host.js';
import { Registers } from '../../vcpu/registers.js';
import { BootMemory } from './boot-memory.js';

export function fileOf(bytes: Uint8Array, name = 'test'): ByteSource {
  return {
    name,
    size: bytes.length,
    read: (offset, into) => into.set(bytes.subarray(offset, offset + into.length)),
  };
}

export function bareMachine(size: number) {
  const ram = new Uint8Array(size);
  const registers = new Registers(new DataView(new ArrayBuffer(4096)));
  return { ram, memory: new BootMemory(ram), registers };
}
