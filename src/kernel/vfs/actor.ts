// Who makes, changes and removes files: a task, or the kernel itself while it sets a system up.
import type { Kernel } from '../kernel.js';
import type { Credentials } from '../security/credentials.js';

export interface Actor {
  readonly kernel: Kernel;
  readonly credentials: Credentials;
}
