// A config to begin with: what `oci spec` writes. OCI runtime-spec, config.md; runc-spec(8).
import type { RuntimeSpec } from '../../base/runtime-spec.js';

const CAPABILITIES = ['CAP_AUDIT_WRITE', 'CAP_KILL', 'CAP_NET_BIND_SERVICE'];

/** A shell in a root beside it. `ids`: whose the container's root is outside; absent: it has no user namespace. */
export function defaultSpec(ociVersion: string, ids?: { uid: number; gid: number }): RuntimeSpec {
  const still = ['nosuid', 'noexec', 'nodev'];
  const kinds = ['pid', 'network', 'ipc', 'uts', 'mount', 'cgroup', ...(ids ? (['user'] as const) : [])] as const;
  const one = (hostID: number) => [{ containerID: 0, hostID, size: 1 }];
  return {
    ociVersion,
    process: {
      terminal: true,
      user: { uid: 0, gid: 0 },
      args: ['sh'],
      env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', 'TERM=xterm'],
      cwd: '/',
      capabilities: { bounding: CAPABILITIES, effective: CAPABILITIES, permitted: CAPABILITIES },
      rlimits: [{ type: 'RLIMIT_NOFILE', hard: 1024, soft: 1024 }],
      noNewPrivileges: true,
    },
    root: { path: 'rootfs', readonly: true },
    hostname: 'tabvisor',
    mounts: [
      { destination: '/proc', type: 'proc', source: 'proc' },
      {
        destination: '/dev',
        type: 'tmpfs',
        source: 'tmpfs',
        options: ['nosuid', 'strictatime', 'mode=755', 'size=65536k'],
      },
      {
        destination: '/dev/pts',
        type: 'devpts',
        source: 'devpts',
        options: ['nosuid', 'noexec', 'newinstance', 'ptmxmode=0666', 'mode=0620', ...(ids ? [] : ['gid=5'])],
      },
      { destination: '/dev/shm', type: 'tmpfs', source: 'shm', options: [...still, 'mode=1777', 'size=65536k'] },
      { destination: '/dev/mqueue', type: 'mqueue', source: 'mqueue', options: still },
      { destination: '/sys', type: 'sysfs', source: 'sysfs', options: [...still, 'ro'] },
      { destination: '/sys/fs/cgroup', type: 'cgroup', source: 'cgroup', options: [...still, 'relatime', 'ro'] },
    ],
    linux: {
      namespaces: kinds.map((type) => ({ type })),
      ...(ids && { uidMappings: one(ids.uid), gidMappings: one(ids.gid) }),
      maskedPaths: [
        ...['/proc/acpi', '/proc/asound', '/proc/kcore', '/proc/keys', '/proc/latency_stats', '/proc/timer_list'],
        ...['/proc/timer_stats', '/proc/sched_debug', '/sys/firmware', '/proc/scsi'],
      ],
      readonlyPaths: ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger'],
    },
  };
}
