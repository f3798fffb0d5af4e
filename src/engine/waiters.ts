// Those who wait for a container's end.
// Docker Engine API, "Wait for a container".

export type WaitCondition = 'not-running' | 'next-exit' | 'removed';

export class Waiters {
  private readonly waiting = new Set<{ condition: WaitCondition; tell(code: number): void }>();

  /** Calls `tell` once with the exit code; what is returned ends the wait. */
  add(condition: WaitCondition, tell: (code: number) => void): () => void {
    const waiter = { condition, tell };
    this.waiting.add(waiter);
    return () => this.waiting.delete(waiter);
  }

  answer(condition: WaitCondition, code: number): void {
    for (const waiter of [...this.waiting])
      if (waiter.condition === condition) {
        this.waiting.delete(waiter);
        waiter.tell(code);
      }
  }
}
