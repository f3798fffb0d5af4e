// rseq(2) and membarrier(2): what threads of a program agree on without locks. Linux kernel/rseq.c, kernel/sched/membarrier.c.
import { EBUSY, EFAULT, EINVAL, EPERM } from '../abi/errno.js';
import { writeProcessor } from '../task/rseq.js';
import type { Task } from '../task/task.js';

const RSEQ_FLAG_UNREGISTER = 1;
/** struct rseq of the first version: it is as long, and as aligned, as that. */
const RSEQ_SIZE = 32;

export function rseq(task: Task, address: number, length: number, flags: number, signature: number): number {
  const { rseq: registered } = task;
  if ((flags & RSEQ_FLAG_UNREGISTER) !== 0) {
    if (flags !== RSEQ_FLAG_UNREGISTER || !registered || registered.address !== address || length !== RSEQ_SIZE)
      return -EINVAL;
    if (registered.signature !== signature) return -EPERM;
    if (!writeProcessor(task, address, false)) return -EFAULT;
    task.rseq = undefined;
    return 0;
  }
  if (flags !== 0) return -EINVAL;
  if (registered) {
    if (registered.address !== address || length !== RSEQ_SIZE) return -EINVAL;
    return registered.signature === signature ? -EBUSY : -EPERM;
  }
  if (length < RSEQ_SIZE || address % RSEQ_SIZE !== 0) return -EINVAL;
  if (address + length > task.space.layout.userEnd || !writeProcessor(task, address, true)) return -EFAULT;
  task.rseq = { address, signature };
  return 0;
}

// ---- membarrier -------------------------------------------------------------------------------------------------------------------

const QUERY = 0;
const GLOBAL = 1;
const GLOBAL_EXPEDITED = 2;
const PRIVATE_EXPEDITED = 8;
const PRIVATE_EXPEDITED_SYNC_CORE = 32;
const PRIVATE_EXPEDITED_RSEQ = 128;
const GET_REGISTRATIONS = 512;
const COMMANDS = 0x3ff;
/** Of PRIVATE_EXPEDITED_RSEQ: one processor is meant. */
const FLAG_CPU = 1;

/** There is one processor: every access is in order, and who else runs has been interrupted. What is left are the rules. */
export function membarrier(task: Task, command: number, flags: number): number {
  const { space } = task;
  if (flags !== 0 && (command !== PRIVATE_EXPEDITED_RSEQ || flags !== FLAG_CPU)) return -EINVAL;
  switch (command) {
    case QUERY:
      return COMMANDS;
    case GLOBAL:
    case GLOBAL_EXPEDITED:
      return 0;
    case PRIVATE_EXPEDITED:
    case PRIVATE_EXPEDITED_SYNC_CORE:
    case PRIVATE_EXPEDITED_RSEQ:
      // the next command registers
      return (space.barriers & (command << 1)) !== 0 ? 0 : -EPERM;
    case GLOBAL_EXPEDITED << 1:
    case PRIVATE_EXPEDITED << 1:
    case PRIVATE_EXPEDITED_SYNC_CORE << 1:
    case PRIVATE_EXPEDITED_RSEQ << 1:
      space.barriers |= command;
      return 0;
    case GET_REGISTRATIONS:
      return space.barriers;
    default:
      return -EINVAL;
  }
}
