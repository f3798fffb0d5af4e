// Numbers by which a network namespace calls others: RTM_NEWNSID, RTM_GETNSID. man 8 ip-netns; Linux net/core/net_namespace.c.
import { EEXIST, EINVAL, ENOENT, ESRCH } from '../../abi/errno.js';
import { NETNSA_FD, NETNSA_NSID, NETNSA_PID, RTM_DELNSID, RTM_NEWNSID } from '../../abi/rtnetlink.js';
import { NamespaceFile } from '../../fs/nsfs.js';
import { NetNamespace } from '../../ns/net-namespace.js';
import type { Task } from '../../task/task.js';
import { Attributes, Body, type Request } from './message.js';
import type { Answer } from './route-requests.js';

/** struct rtgenmsg, and what aligns it. */
const FIXED_SIZE = 4;
const NOT_ASSIGNED = 0xffffffff;
const NUMBERS_MAX = 65_536;

/** The namespace of a process, or of a file of nsfs; a negated errno: there is none; undefined: none is named. */
export function namedNamespace(
  task: Task,
  pid: number | undefined,
  fd: number | undefined,
): NetNamespace | number | undefined {
  if (pid !== undefined) return task.pidNamespace.find(pid | 0)?.task?.namespaces.net ?? -ESRCH;
  if (fd === undefined) return undefined;
  const file = task.file(fd | 0);
  if (file instanceof NamespaceFile && file.namespace instanceof NetNamespace) return file.namespace;
  return -EINVAL;
}

export function numberMessage(number: number, gone = false): { type: number; body: Uint8Array } {
  const body = new Body().u32(0).attribute32(NETNSA_NSID, number >>> 0);
  return { type: gone ? RTM_DELNSID : RTM_NEWNSID, body: body.taken };
}

export function getNumber(task: Task, namespace: NetNamespace, request: Request, dump: boolean): Answer {
  if (dump) return [...namespace.numbers.values()].sort((a, b) => a - b).map((number) => numberMessage(number));
  const attributes = Attributes.behind(request, FIXED_SIZE);
  const number = attributes.u32(NETNSA_NSID);
  if (number !== undefined)
    return [...namespace.numbers.values()].includes(number | 0) ? [numberMessage(number)] : -ENOENT;
  const other = namedNamespace(task, attributes.u32(NETNSA_PID), attributes.u32(NETNSA_FD));
  if (other === undefined || typeof other === 'number') return other ?? -EINVAL;
  return [numberMessage(namespace.numbers.get(other) ?? NOT_ASSIGNED)];
}

export function setNumber(task: Task, namespace: NetNamespace, request: Request): Answer {
  const attributes = Attributes.behind(request, FIXED_SIZE);
  const wanted = attributes.u32(NETNSA_NSID);
  if (wanted === undefined) return -EINVAL;
  const other = namedNamespace(task, attributes.u32(NETNSA_PID), attributes.u32(NETNSA_FD));
  if (other === undefined || typeof other === 'number') return other ?? -EINVAL;
  if (namespace.numbers.has(other)) return -EEXIST;
  if (namespace.numbers.size >= NUMBERS_MAX) return -EINVAL;
  const number = wanted | 0;
  if (number < 0) namespace.numberOf(other);
  else {
    if ([...namespace.numbers.values()].includes(number)) return -EEXIST;
    namespace.numbers.set(other, number);
    namespace.changes.numberChanged(other, number, false);
  }
  return 0;
}
