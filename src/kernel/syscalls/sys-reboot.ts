// reboot(2): in a pid namespace it ends process 1, which takes all others with it. man 2 reboot; Linux kernel/pid_namespace.c reboot_pid_ns.
import { EINVAL, EPERM } from '../abi/errno.js';
import {
  LINUX_REBOOT_CMD_CAD_OFF,
  LINUX_REBOOT_CMD_CAD_ON,
  LINUX_REBOOT_CMD_HALT,
  LINUX_REBOOT_CMD_POWER_OFF,
  LINUX_REBOOT_CMD_RESTART,
  LINUX_REBOOT_CMD_RESTART2,
  LINUX_REBOOT_MAGIC1,
  LINUX_REBOOT_MAGIC2,
} from '../abi/reboot.js';
import { SIGHUP, SIGINT } from '../abi/signal.js';
import { CAP_SYS_BOOT } from '../security/capability.js';
import type { Task } from '../task/task.js';
import { exit } from './sys-process.js';

/** What process 1 is seen to have died of. */
const SIGNALS = new Map([
  [LINUX_REBOOT_CMD_RESTART, SIGHUP],
  [LINUX_REBOOT_CMD_RESTART2, SIGHUP],
  [LINUX_REBOOT_CMD_HALT, SIGINT],
  [LINUX_REBOOT_CMD_POWER_OFF, SIGINT],
]);

export function reboot(task: Task, magic1: number, magic2: number, command: number): number {
  const { pidNamespace: namespace } = task;
  if (!task.credentials.capable(namespace.owner, CAP_SYS_BOOT)) return -EPERM;
  if (magic1 >>> 0 !== LINUX_REBOOT_MAGIC1 || !LINUX_REBOOT_MAGIC2.includes(magic2 >>> 0)) return -EINVAL;
  const asked = command >>> 0;
  const signal = SIGNALS.get(asked);
  // DEVIATION: the node is its host's to end; and nobody presses Ctrl-Alt-Del
  if (!namespace.parent)
    return signal !== undefined
      ? -EPERM
      : [LINUX_REBOOT_CMD_CAD_ON, LINUX_REBOOT_CMD_CAD_OFF].includes(asked)
        ? 0
        : -EINVAL;
  if (signal === undefined || !namespace.init) return -EINVAL;
  task.kernel.signals.endProcess(namespace.init, signal);
  return task.process === namespace.init ? 0 : exit(task, 0);
}
