// The library in a browser: in a worker, or in a page, which the machine then shares the thread with.
// docs/library.md.
import { createVmOn } from '../../library/create-vm.js';
import type { VirtualMachine } from '../../library/virtual-machine.js';
import type { VmOptions } from '../../library/vm-options.js';
import { browserPlatform } from './platform.js';

export * from '../../library/exports.js';

/** Throws InputError when the machine cannot be as it was asked for. */
export function createVm(options?: VmOptions): Promise<VirtualMachine> {
  return createVmOn(browserPlatform, options);
}
