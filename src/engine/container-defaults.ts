// What a container has when nobody says otherwise: Docker's capabilities, and the paths of /proc and /sys that are hidden or read-only.
// Docker docs, "Runtime privilege and Linux capabilities"; OCI runtime-spec, config-linux.md.
import type { HostConfig } from './container-config.js';
import { InvalidParameter } from './errors.js';

const words = (text: string): string[] => text.trim().split(/\s+/);

export const DEFAULT_CAPABILITIES = words(
  `CHOWN DAC_OVERRIDE FSETID FOWNER MKNOD NET_RAW SETGID SETUID SETFCAP SETPCAP NET_BIND_SERVICE SYS_CHROOT KILL AUDIT_WRITE`,
);
const OTHERS = words(`
  DAC_READ_SEARCH LINUX_IMMUTABLE NET_BROADCAST NET_ADMIN IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_PTRACE SYS_PACCT SYS_ADMIN
  SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG LEASE AUDIT_CONTROL MAC_OVERRIDE MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND
  AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE`);
const ALL = new Set([...DEFAULT_CAPABILITIES, ...OTHERS]);

/** NAME without its prefix; ALL. */
function normalized(names: readonly string[] | null): string[] {
  return (names ?? []).map((given) => {
    const name = given.toUpperCase().replace(/^CAP_/, '');
    if (name !== 'ALL' && !ALL.has(name)) throw new InvalidParameter(`invalid capability: "${given}"`);
    return name;
  });
}

/** With CAP_ in front, as the runtime-spec has them. */
export function capabilitiesOf({ Privileged, CapAdd, CapDrop }: HostConfig): string[] {
  const add = normalized(CapAdd);
  const drop = normalized(CapDrop);
  const all = Privileged || add.includes('ALL');
  const has = new Set(all ? ALL : drop.includes('ALL') ? [] : DEFAULT_CAPABILITIES);
  for (const name of drop) has.delete(name);
  for (const name of add) if (name !== 'ALL') has.add(name);
  return [...has].map((name) => `CAP_${name}`);
}

export const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

export const MASKED_PATHS = words(`
  /proc/asound /proc/acpi /proc/interrupts /proc/kcore /proc/keys /proc/latency_stats /proc/timer_list /proc/timer_stats /proc/sched_debug
  /proc/scsi /sys/firmware /sys/devices/virtual/powercap`);

export const READONLY_PATHS = words('/proc/bus /proc/fs /proc/irq /proc/sys /proc/sysrq-trigger');
