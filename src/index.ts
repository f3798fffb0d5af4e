// The library: a machine built from a configuration, run to its end. Node's files and terminal are src/cli/.
// Ours.
export type { Host, ByteSource } from './base/host.js';
export { InputError } from './base/errors.js';
export { createLog, SILENT, TOPICS, type Log, type Topic } from './base/log.js';
export { type BlockBackend, BlockError } from './devices/storage/block-backend.js';
export { compile } from './vcpu/engine.js';
export { type BuiltMachine, buildMachine } from './vmm/builder.js';
export type { MachineConfig, BootConfig, DriveConfig, SerialConfig } from './vmm/config.js';
export { type Outcome, type Statistics, Vm, type VmOptions } from './vmm/vm.js';
