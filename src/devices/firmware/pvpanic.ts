// A port by which a guest tells that it has panicked.
// Source: QEMU docs/specs/pvpanic.rst; found by systems as ACPI device QEMU0001.
import { BytePorts } from '../byte-ports.js';
import type { PortDevice } from '../device.js';

const EVENT = { PANICKED: 1, CRASH_LOADED: 2 };

export interface PvPanicOptions {
  /** The guest has panicked, and will do nothing more. */
  panicked: () => void;
  /** It has panicked and goes on in a kernel that it has kept for the case (kdump). */
  crashLoaded: () => void;
}

export class PvPanic {
  /** 1 port: reads as the events that it takes. */
  readonly ports: PortDevice;

  constructor({ panicked, crashLoaded }: PvPanicOptions) {
    this.ports = new BytePorts(
      1,
      () => EVENT.PANICKED | EVENT.CRASH_LOADED,
      (_offset, events) => {
        if (events & EVENT.PANICKED) panicked();
        else if (events & EVENT.CRASH_LOADED) crashLoaded();
      },
    );
  }
}
