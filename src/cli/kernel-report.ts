// What `tabvisor kernel run --stats` writes: system calls by name, faults, memory, decoded code.
import type { Kernel } from '../kernel/kernel.js';
import { I386 } from '../kernel/abi/i386/i386.js';
import type { CallTimes } from './call-times.js';
import type { UserVcpu } from '../vcpu/user-vcpu.js';

export function kernelReport(kernel: Kernel, vcpu: UserVcpu, times: CallTimes) {
  const table = kernel.tableOf(I386);
  const calls = [...table.counts].map(([number, count]) => ({
    name: table.row(number)?.name ?? `syscall_${number}`,
    known: table.row(number) !== undefined,
    ...count,
    /** From the call to its result, with what it waited for. */
    seconds: (times.spent.get(number) ?? 0) / 1e9,
  }));
  const { frames } = kernel;
  return {
    calls: calls.sort((a, b) => b.calls - a.calls),
    seconds: kernel.clock.monotonic() / 1e9,
    pageFaults: vcpu.counters.pageFaults,
    memory: { bytes: frames.count * 4096, free: frames.free * 4096 },
    cpu: vcpu.counters,
  };
}
