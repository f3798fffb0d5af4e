// How many instructions the core may still run before it returns to the host.
// Negative is fine for a moment: branches, string chunks and deliveries look at it, straight lines do not.

export let budget: i32 = 0;
/** What is set aside while one instruction is stepped with a budget of one. */
let aside: i32 = 0;
let entry: i32 = 0;

export function beginBudget(limit: i32): void {
  budget = limit;
  entry = limit;
  aside = 0;
}
/** Instructions retired since entry, up to the last accounting point. */
// @ts-ignore: decorator
@inline export function spent(): i32 { return entry - budget - aside; }
// @ts-ignore: decorator
@inline export function spend(n: i32): void { budget -= n; }

/** Leaves a budget of one instruction until endStep(). */
export function beginStep(): void {
  aside = budget - 1;
  budget = 1;
}
export function endStep(): void {
  budget += aside;
  aside = 0;
}
