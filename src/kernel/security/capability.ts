// Capabilities: single privileges of root. Linux uapi/linux/capability.h; man 7 capabilities.

export const CAP_CHOWN = 0;
export const CAP_DAC_OVERRIDE = 1;
export const CAP_DAC_READ_SEARCH = 2;
export const CAP_FOWNER = 3;
export const CAP_FSETID = 4;
export const CAP_KILL = 5;
export const CAP_SETGID = 6;
export const CAP_SETUID = 7;
export const CAP_SETPCAP = 8;
export const CAP_LINUX_IMMUTABLE = 9;
export const CAP_NET_BIND_SERVICE = 10;
export const CAP_NET_BROADCAST = 11;
export const CAP_NET_ADMIN = 12;
export const CAP_NET_RAW = 13;
export const CAP_IPC_LOCK = 14;
export const CAP_IPC_OWNER = 15;
export const CAP_SYS_MODULE = 16;
export const CAP_SYS_RAWIO = 17;
export const CAP_SYS_CHROOT = 18;
export const CAP_SYS_PTRACE = 19;
export const CAP_SYS_PACCT = 20;
export const CAP_SYS_ADMIN = 21;
export const CAP_SYS_BOOT = 22;
export const CAP_SYS_NICE = 23;
export const CAP_SYS_RESOURCE = 24;
export const CAP_SYS_TIME = 25;
export const CAP_SYS_TTY_CONFIG = 26;
export const CAP_MKNOD = 27;
export const CAP_LEASE = 28;
export const CAP_AUDIT_WRITE = 29;
export const CAP_AUDIT_CONTROL = 30;
export const CAP_SETFCAP = 31;
export const CAP_MAC_OVERRIDE = 32;
export const CAP_MAC_ADMIN = 33;
export const CAP_SYSLOG = 34;
export const CAP_WAKE_ALARM = 35;
export const CAP_BLOCK_SUSPEND = 36;
export const CAP_AUDIT_READ = 37;
export const CAP_PERFMON = 38;
export const CAP_BPF = 39;
export const CAP_CHECKPOINT_RESTORE = 40;
export const CAP_LAST = 40;

/** A set of capabilities; a value, never changed. Bits 0-31 in `low`, 32-40 in `high`. */
export class CapabilitySet {
  static readonly NONE = new CapabilitySet(0, 0);
  static readonly ALL = new CapabilitySet(0xffffffff, 0x1ff);

  constructor(
    readonly low: number,
    readonly high: number,
  ) {}

  has(capability: number): boolean {
    return capability < 32 ? ((this.low >>> capability) & 1) !== 0 : ((this.high >>> (capability - 32)) & 1) !== 0;
  }

  and(other: CapabilitySet): CapabilitySet {
    return new CapabilitySet((this.low & other.low) >>> 0, this.high & other.high);
  }

  or(other: CapabilitySet): CapabilitySet {
    return new CapabilitySet((this.low | other.low) >>> 0, this.high | other.high);
  }

  without(other: CapabilitySet): CapabilitySet {
    return new CapabilitySet((this.low & ~other.low) >>> 0, this.high & ~other.high);
  }

  /** Is each of these in `other` too? */
  within(other: CapabilitySet): boolean {
    return (this.low & ~other.low) === 0 && (this.high & ~other.high) === 0;
  }

  static of(...capabilities: number[]): CapabilitySet {
    let low = 0;
    let high = 0;
    for (const capability of capabilities)
      if (capability < 32) low |= 1 << capability;
      else high |= 1 << (capability - 32);
    return new CapabilitySet(low >>> 0, high);
  }

  get empty(): boolean {
    return this.low === 0 && this.high === 0;
  }
}

/** What root keeps for file access when only fsuid is not 0. */
export const FILE_CAPABILITIES = CapabilitySet.of(
  CAP_CHOWN,
  CAP_DAC_OVERRIDE,
  CAP_DAC_READ_SEARCH,
  CAP_FOWNER,
  CAP_FSETID,
  CAP_MKNOD,
);
