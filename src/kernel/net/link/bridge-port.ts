// A port of a bridge: an interface whose frames are the bridge's. Linux net/bridge/br_if.c, br_private.h net_bridge_port.
import type { EthernetInterface } from '../ethernet-interface.js';
import type { Bridge } from './bridge.js';

const COST_ETHERNET = 2;
const PRIORITY = 32;

/** BR_STATE_*: those that there are without a spanning tree. */
export const PORT_STATE = { disabled: 0, forwarding: 3 } as const;

/** Flags of a port as programs set them: IFLA_BRPORT_*. */
export interface PortFlags {
  hairpin: boolean;
  guard: boolean;
  rootBlock: boolean;
  fastLeave: boolean;
  learning: boolean;
  flood: boolean;
  multicastFlood: boolean;
  broadcastFlood: boolean;
  isolated: boolean;
}

export class BridgePort {
  cost = COST_ETHERNET;
  priority = PRIORITY;
  /** A program has switched it off. */
  disabled = false;
  readonly flags: PortFlags = {
    hairpin: false,
    guard: false,
    rootBlock: false,
    fastLeave: false,
    learning: true,
    flood: true,
    multicastFlood: true,
    broadcastFlood: true,
    isolated: false,
  };

  constructor(
    readonly bridge: Bridge,
    readonly of: EthernetInterface,
    readonly number: number,
  ) {}

  get state(): number {
    const { of, bridge, disabled } = this;
    return of.up && of.carrier && bridge.up && !disabled ? PORT_STATE.forwarding : PORT_STATE.disabled;
  }

  get forwards(): boolean {
    return this.state === PORT_STATE.forwarding;
  }
}
