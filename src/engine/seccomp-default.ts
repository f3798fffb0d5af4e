// The profile that a container has when nobody gives another: what of our kernel's calls Docker keeps from it. All others are allowed, as
// calls that there are not fail anyway. Docker docs, "Seccomp security profiles for Docker"; compared with its data in the tests.
import type { SeccompSpec } from '../base/runtime-spec.js';

type Rule = NonNullable<SeccompSpec['syscalls']>[number];

const words = (text: string): string[] => text.trim().split(/\s+/);

/** Calls that need a capability to be allowed; nobody has the one of the last. */
const GUARDED: readonly (readonly [capability: string, names: string[]])[] = [
  [
    'CAP_SYS_ADMIN',
    words(`mount umount umount2 open_tree move_mount fsopen fsconfig fsmount fspick mount_setattr clone3 unshare setns sethostname
      setdomainname bpf quotactl quotactl_fd fanotify_init lookup_dcookie perf_event_open`),
  ],
  ['CAP_SYS_CHROOT', ['chroot']],
  ['CAP_SYS_TIME', words('clock_settime clock_settime64 settimeofday stime')],
  ['CAP_SYS_BOOT', ['reboot']],
  ['CAP_SYS_MODULE', words('init_module finit_module delete_module')],
  ['CAP_SYS_PACCT', ['acct']],
  ['CAP_SYS_RAWIO', words('iopl ioperm')],
  ['CAP_SYS_NICE', words('get_mempolicy mbind set_mempolicy set_mempolicy_home_node')],
  ['CAP_DAC_READ_SEARCH', ['open_by_handle_at']],
  ['CAP_SYS_TTY_CONFIG', ['vhangup']],
  [
    '',
    words(
      'pivot_root sigaction signal sigpending sigsuspend nice kexec_load add_key request_key keyctl userfaultfd swapon swapoff',
    ),
  ],
];
const ENOSYS = 38;
/** CLONE_NEW*, but for that of times. */
const NEW_NAMESPACES = 0x7e020000;
const AF_VSOCK = 40;
const PERSONALITIES = [0, 8, 0x20000, 0x20008, 0xffffffff];

export function defaultProfile(capabilities: readonly string[]): SeccompSpec {
  const refused = (names: string[], change: Partial<Rule> = {}): Rule => ({
    names,
    action: 'SCMP_ACT_ERRNO',
    ...change,
  });
  const rules: Rule[] = [];
  for (const [capability, names] of GUARDED) {
    if (capabilities.includes(capability)) continue;
    // libraries fall back to clone, whose flags can be looked at
    const known = names.filter((name) => name !== 'clone3');
    rules.push(refused(known));
    if (known.length < names.length) rules.push(refused(['clone3'], { errnoRet: ENOSYS }));
  }
  if (!capabilities.includes('CAP_SYS_ADMIN'))
    for (let bit = 1; bit <= NEW_NAMESPACES; bit *= 2)
      if ((NEW_NAMESPACES & bit) !== 0)
        rules.push(refused(['clone'], { args: [{ index: 0, value: bit, valueTwo: bit, op: 'SCMP_CMP_MASKED_EQ' }] }));
  rules.push(refused(['socket'], { args: [{ index: 0, value: AF_VSOCK, op: 'SCMP_CMP_EQ' }] }));
  rules.push(
    refused(['personality'], { args: PERSONALITIES.map((value) => ({ index: 0, value, op: 'SCMP_CMP_NE' })) }),
  );
  return { defaultAction: 'SCMP_ACT_ALLOW', syscalls: rules };
}
