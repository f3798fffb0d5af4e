// Work on many items that is done beside this thread (on threads of the host), some items at a time.
// Ours.

/** As many as Node has threads for such work (UV_THREADPOOL_SIZE). */
const LANES = 4;

/**
 * Calls `work` for each item, in their order, the next as soon as one is done. `lane` makes what the items of one lane have in common, such as a buffer.
 * The first failure is the caller's; no item is begun behind it.
 */
export async function inLanes<Item, Lane>(
  items: Iterable<Item>,
  lane: () => Lane,
  work: (item: Item, lane: Lane) => Promise<void>,
): Promise<void> {
  const rest = items[Symbol.iterator]();
  let over = false;
  const run = async (): Promise<void> => {
    const own = lane();
    try {
      while (!over) {
        const next = rest.next();
        if (next.done) return;
        await work(next.value, own);
      }
    } finally {
      over = true;
    }
  };
  await Promise.all(Array.from({ length: LANES }, run));
}
