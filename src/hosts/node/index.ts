// The library in Node.
// docs/library.md.
import { createVmOn } from '../../library/create-vm.js';
import type { VirtualMachine } from '../../library/virtual-machine.js';
import type { VmOptions } from '../../library/vm-options.js';
import { nodePlatform } from './platform.js';

export * from '../../library/exports.js';

/** Throws InputError when the machine cannot be as it was asked for. */
export function createVm(options?: VmOptions): Promise<VirtualMachine> {
  return createVmOn(nodePlatform, options);
}
