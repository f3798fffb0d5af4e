// What an importer sees besides createVm: the same in Node and in a browser.
// docs/library.md.
export { InputError } from '../base/errors.js';
export type { ByteSource } from '../base/host.js';
export type { Topic } from '../base/log.js';
export type { BootDevice } from '../devices/timers/cmos-layout.js';
export { type BlockBackend, BlockError } from '../devices/storage/block-backend.js';
export type { FileTree } from '../base/file-tree.js';
export type { Mode } from '../vmm/config.js';
export type { Outcome, Statistics } from '../vmm/vm.js';
export type { Screen, VirtualMachine } from './virtual-machine.js';
export type * from './vm-options.js';
