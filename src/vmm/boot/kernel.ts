// Boots whatever kind of kernel the file is.
// Ours; the kinds are in bzimage.ts and multiboot.ts.
import { InputError } from '../../base/errors.js';
import type { ByteSource } from '../../base/host.js';
import type { Registers } from '../../vcpu/registers.js';
import type { BootMemory } from './boot-memory.js';
import { bootLinux, isBzImage } from './bzimage.js';
import { bootMultiboot, findHeader } from './multiboot.js';

export interface KernelBoot {
  kernel: ByteSource;
  initrd?: ByteSource;
  commandLine: string;
  entry: 'protected' | 'real';
}

/** Loads the kernel and sets the CPU to its entry. Throws InputError. */
export function bootKernel(boot: KernelBoot, memory: BootMemory, registers: Registers, rsdp: number): void {
  const start = new Uint8Array(Math.min(8192, boot.kernel.size));
  boot.kernel.read(0, start);
  if (isBzImage(start)) {
    bootLinux({ ...boot, rsdp }, memory, registers);
    return;
  }
  if (findHeader(start) >= 0) {
    if (boot.entry === 'real') {
      throw new InputError(`--boot real: ${boot.kernel.name} is a Multiboot kernel, which starts in protected mode`);
    }
    bootMultiboot(boot, memory, registers);
    return;
  }
  throw new InputError(
    `kernel ${boot.kernel.name}: neither a Linux bzImage nor a Multiboot kernel${kindOf(start)}`,
    'Give a bzImage as distributions ship it (vmlinuz), or a Multiboot ELF.',
  );
}

/** What the file looks like instead. */
function kindOf(start: Uint8Array): string {
  const begins = (...bytes: number[]) => bytes.every((byte, i) => start[i] === byte);
  if (begins(0x7f, 0x45, 0x4c, 0x46)) return '; it is an ELF file without a Multiboot header';
  if (begins(0x1f, 0x8b)) return '; it is a gzip file';
  if (start[510] === 0x55 && start[511] === 0xaa) return '; it ends its first sector like a disk image (try --disk)';
  return '';
}
