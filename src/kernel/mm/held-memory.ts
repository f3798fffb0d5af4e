// Memory of the kernel's own that holds a program's data: pipes, sockets. It is no frames, but is charged as if it were, in whole pages.
// Linux: pages of __GFP_ACCOUNT, mem_cgroup_charge_skmem.
import type { FrameAccount } from './frame-account.js';
import { PAGE_SIZE } from './frames.js';

export class HeldMemory {
  private pages = 0;

  constructor(
    /** Who pays; undefined: nobody does. */
    private account: FrameAccount | undefined,
    /** FRAME_*. */
    private readonly kind: number,
  ) {}

  /** It is `bytes` now. `asks`: false when whoever pays may have no more, and then it is what it was; else it is whatever limits say. */
  hold(bytes: number, asks = false): boolean {
    const more = Math.ceil(bytes / PAGE_SIZE) - this.pages;
    if (more === 0) return true;
    // whoever has gone meanwhile can't be charged
    if (this.pages === 0) this.account = this.account?.heir;
    const { account } = this;
    if (account && more > 0 && asks) {
      for (let done = 0; done < more; done++) {
        if (account.charge(this.kind)) continue;
        account.hold(this.kind, -done);
        return false;
      }
    } else account?.hold(this.kind, more);
    this.pages += more;
    return true;
  }

  /** Somebody else fills it: he pays for all of it. */
  moveTo(account: FrameAccount | undefined): void {
    if (account === this.account) return;
    const bytes = this.pages * PAGE_SIZE;
    this.hold(0);
    this.account = account;
    this.hold(bytes);
  }
}
