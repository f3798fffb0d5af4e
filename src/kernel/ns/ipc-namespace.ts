// IPC namespaces: System V's objects, POSIX message queues, and their limits. man 7 ipc_namespaces.
import type { Clock } from '../clock.js';
import { MqueueFs } from '../fs/mqueuefs.js';
import { MessageQueues } from '../ipc/message-queues.js';
import { Semaphores } from '../ipc/semaphores.js';
import { SharedMemory } from '../ipc/shared-memory.js';
import { Namespace } from './namespace.js';
import type { LimitedKind } from './namespace-limits.js';
import type { UserNamespace } from './user-namespace.js';

export class IpcNamespace extends Namespace {
  readonly shm = new SharedMemory();
  readonly sem = new Semaphores();
  readonly msg = new MessageQueues();
  /** POSIX message queues, which every mount of mqueue in the namespace shows. */
  readonly queues: MqueueFs;

  constructor(
    readonly owner: UserNamespace,
    kernel: { newDevice(): number; readonly clock: Clock },
  ) {
    super();
    this.queues = new MqueueFs(kernel.newDevice(), kernel.clock);
  }

  get limitedBy(): LimitedKind {
    return 'ipc';
  }

  override free(): void {
    for (const segment of this.shm) segment.doom();
    for (const set of this.sem) this.sem.remove(set);
    for (const queue of this.msg) this.msg.remove(queue);
  }
}
