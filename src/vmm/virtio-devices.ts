// Makes the virtio devices that a configuration asks for.
// The devices: devices/virtio; their transport is builder.ts's.
import { unreachable } from '../base/assert.js';
import type { DirectMemory, Timers } from '../devices/device.js';
import type { InFlight } from '../devices/storage/in-flight.js';
import { VirtioBalloon } from '../devices/virtio/balloon.js';
import { VirtioBlock } from '../devices/virtio/block.js';
import { VirtioConsole } from '../devices/virtio/console.js';
import { VirtioP9 } from '../devices/virtio/p9-device.js';
import { VirtioRng } from '../devices/virtio/rng.js';
import type { VirtioDevice } from '../devices/virtio/virtio-device.js';
import type { VirtioConfig } from './config.js';
import { clearReleased } from './released-memory.js';

/** What devices are given of the machine. */
export interface VirtioSurroundings {
  memory: DirectMemory;
  timers: Timers;
  random: (into: Uint8Array) => void;
  /** Absent: all work of the host is done before the guest goes on. */
  inFlight?: InFlight;
}

/** The devices that the machine's owner talks to. */
export interface VirtioParts {
  console?: VirtioConsole;
  balloon?: VirtioBalloon;
}

/** Makes one device, and enters it in `parts`. */
export function virtioDevice(
  config: VirtioConfig,
  { memory, timers, random, inFlight }: VirtioSurroundings,
  parts: VirtioParts,
): VirtioDevice {
  switch (config.kind) {
    case 'block':
      return new VirtioBlock({ memory, timers, backend: config.backend, serial: config.serial, inFlight });
    case 'p9':
      return new VirtioP9(memory, config.tag, config.tree);
    case 'rng':
      return new VirtioRng(memory, random);
    case 'console':
      parts.console = new VirtioConsole({ memory, timers, ports: config.ports });
      return parts.console;
    case 'balloon':
      parts.balloon = new VirtioBalloon({
        memory,
        release: (address, length) => {
          const bytes = memory.ram(address, length);
          if (bytes) clearReleased(bytes);
        },
      });
      return parts.balloon;
    default:
      return unreachable(config);
  }
}
