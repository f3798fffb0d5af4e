// How many instructions the core may still run before it returns to the host, and how many until the next sample.
// Negative is fine for a moment: branches, string chunks and deliveries look at it, straight lines do not.
// Only interpreted instructions bring a sample nearer: what is not due yet of the budget is withheld, and given to translated code.

export let budget: i32 = 0;
/** What is set aside while one instruction is stepped with a budget of one. */
let aside: i32 = 0;
let entry: i32 = 0;
/** Budget that comes after the next sample. */
let withheld: i32 = 0;
/** How much farther away than the budget's end the next sample is. */
let beyond: i32 = 0;
/** Interpreted instructions until the next sample; mean of the periods, 0: none are taken. */
let untilSample: i32 = 0;
let period: i32 = 0;
let noise: u32 = 1;

/** From now on about one sample in `mean` interpreted instructions. */
export function setPeriod(mean: i32): void {
  period = mean;
  untilSample = mean;
}

/** Withholds from `all` that is left what lies behind a sample that is due in `next` instructions. */
// @ts-ignore: decorator
@inline function divide(all: i32, next: i32): void {
  budget = period != 0 ? min(all, next) : all;
  withheld = all - budget;
  beyond = next - budget;
}

export function beginBudget(limit: i32): void {
  divide(limit, untilSample);
  entry = limit;
  aside = 0;
}
/** The run is over. */
export function endBudget(): void { untilSample = budget + beyond; }

/** Instructions retired since entry, up to the last accounting point. */
// @ts-ignore: decorator
@inline export function spent(): i32 { return entry - budget - withheld - aside; }
// @ts-ignore: decorator
@inline export function spend(n: i32): void { budget -= n; }

/** The budget is used up: is that because a sample is due? Then there is more of it now. */
export function sampleDue(): bool {
  if (withheld == 0) return false;
  // loops whose length divides the period must not be sampled at one place only
  noise = noise * 1664525 + 1013904223;
  divide(budget + withheld, (period >>> 1) + ((period * <i32>(noise >>> 24)) >>> 8));
  return true;
}

/** Translated code runs on the whole budget. The value is for endRegion(). */
// @ts-ignore: decorator
@inline export function beginRegion(): i32 {
  const next = budget + beyond;
  budget += withheld;
  withheld = 0;
  return next;
}
// @ts-ignore: decorator
@inline export function endRegion(next: i32): void { divide(budget, next); }

/** Leaves a budget of one instruction until endStep(). */
export function beginStep(): void {
  aside = budget - 1;
  budget = 1;
}
export function endStep(): void {
  budget += aside;
  aside = 0;
}
