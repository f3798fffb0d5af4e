// Bytes that this process keeps for clients: answers that they do not take, bodies that they do not end. All together may be so many; then
// who has moved nothing for longest is cut off.
// Ours.

/** As much as a few clients have at once that read slowly, and a small part of what a daemon has. */
const MOST = 64 << 20;

/** Whom bytes are kept for. */
export interface Holder {
  destroy(): unknown;
}

export class HeldBytes {
  /** By who moved last: the first has not for longest. */
  private readonly held = new Map<Holder, number>();
  /** Of all. */
  total = 0;

  constructor(private readonly most = MOST) {}

  /** So many are kept for one from now on. `moved`: as it has taken or given some. */
  hold(holder: Holder, bytes: number, moved: boolean): void {
    this.total += bytes - (this.held.get(holder) ?? 0);
    if (moved || bytes === 0) this.held.delete(holder);
    if (bytes > 0) this.held.set(holder, bytes);
    for (const oldest of this.held.keys()) {
      if (this.total <= this.most) return;
      this.hold(oldest, 0, true);
      oldest.destroy();
    }
  }
}
