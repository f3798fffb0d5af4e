// The messages by which interrupts reach a local APIC.
// Source: Intel SDM vol. 3A section 11.6.1 (delivery modes, destinations); 82093AA data sheet section 3.2.4.

export const DELIVERY = {
  FIXED: 0,
  LOWEST_PRIORITY: 1,
  SMI: 2,
  NMI: 4,
  INIT: 5,
  STARTUP: 6,
  EXTINT: 7,
} as const;

export interface ApicMessage {
  destination: number;
  logical: boolean;
  /** One of DELIVERY. */
  mode: number;
  vector: number;
  level: boolean;
}

/** Where an I/O APIC sends its interrupts. Returns whether a local APIC took the message. */
export interface ApicBus {
  send(message: ApicMessage): boolean;
}
