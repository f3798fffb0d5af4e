// Somebody has lost interest in what is being done: asked at every step, and told to what waits. Ours.
import { InputError } from '../../base/errors.js';

export class Cancelled extends InputError {}

export class Cancellation {
  private readonly actions = new Set<() => void>();
  private is = false;

  get cancelled(): boolean {
    return this.is;
  }

  cancel(): void {
    this.is = true;
    for (const action of this.actions) action();
    this.actions.clear();
  }

  /** Calls `action` when it is cancelled, at once when it is so already; what is returned takes it back. */
  onCancel(action: () => void): () => void {
    if (this.is) action();
    else this.actions.add(action);
    return () => this.actions.delete(action);
  }

  /** Throws Cancelled. */
  check(): void {
    if (this.is) throw new Cancelled('build cancelled: the client has gone');
  }
}
