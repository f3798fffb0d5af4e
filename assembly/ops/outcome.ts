// How an event delivery or a task switch ended.
// Ours.

/** A fault was raised before anything changed. */
export const REFUSED: u32 = 0;
export const ENTERED: u32 = 1;
/** The new task is in place, and a fault of its own was raised. */
export const BROKEN: u32 = 2;
