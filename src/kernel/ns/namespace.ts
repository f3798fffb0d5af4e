// What all namespaces are: owned by a user namespace, and there as long as tasks are in them, sockets were made in them, namespaces belong
// to them, or a file of nsfs keeps them, open or mounted. man 7 namespaces, "Namespace lifetime".
import type { LimitedKind } from './namespace-limits.js';
import type { UserNamespace } from './user-namespace.js';

export abstract class Namespace {
  private users = 0;
  /** The effective uid of who has made it, as the kernel has it. */
  creator = 0;

  /** The user namespace whose capabilities count in it; undefined for the first user namespace, which has none above. */
  abstract readonly owner: UserNamespace | undefined;
  abstract get limitedBy(): LimitedKind;

  hold(): this {
    if (this.users++ > 0) return this;
    this.owner?.hold();
    this.owner?.count(this.limitedBy, this.creator, 1);
    return this;
  }

  release(): void {
    if (--this.users > 0) return;
    this.owner?.count(this.limitedBy, this.creator, -1);
    this.free();
    this.owner?.release();
  }

  /** Nobody is in it any more: what is left in it goes. */
  free(): void {}
}
