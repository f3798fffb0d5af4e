// What the runtime can do, for engines that ask. OCI runtime-spec, features.md.
import { MOUNT_OPTIONS } from '../../node/mount-options.js';
import { CAPABILITIES } from '../../node/process-setup.js';

export function features(): unknown {
  return {
    ociVersionMin: '1.0.0',
    ociVersionMax: '1.2.0',
    hooks: ['prestart', 'createRuntime', 'createContainer', 'startContainer', 'poststart', 'poststop'],
    mountOptions: MOUNT_OPTIONS,
    linux: {
      namespaces: ['cgroup', 'ipc', 'mount', 'network', 'pid', 'time', 'user', 'uts'],
      capabilities: [...CAPABILITIES.keys()],
      cgroup: { v1: false, v2: true, systemd: false, systemdUser: false, rdma: false },
      seccomp: {
        enabled: true,
        actions: [
          'SCMP_ACT_ALLOW',
          'SCMP_ACT_ERRNO',
          'SCMP_ACT_KILL',
          'SCMP_ACT_KILL_PROCESS',
          'SCMP_ACT_LOG',
          'SCMP_ACT_TRAP',
        ],
        operators: [
          'SCMP_CMP_NE',
          'SCMP_CMP_LT',
          'SCMP_CMP_LE',
          'SCMP_CMP_EQ',
          'SCMP_CMP_GE',
          'SCMP_CMP_GT',
          'SCMP_CMP_MASKED_EQ',
        ],
        archs: ['SCMP_ARCH_X86'],
      },
      intelRdt: { enabled: false },
      mountExtensions: { idmap: { enabled: false } },
      apparmor: { enabled: false },
      selinux: { enabled: false },
    },
  };
}
