// Why a node can't do what it was asked: a kind that callers act on, and a sentence that says what failed, on which value, and why.
// Ours.
import { errnoName } from '../kernel/abi/errno.js';
import type { Failure } from './contract.js';

export class Refusal extends Error {
  constructor(
    readonly kind: Failure['kind'],
    message: string,
  ) {
    super(message);
  }
}

/** A value of the kernel's; a negated errno is a refusal of what `what` names. */
export function checked<T>(what: string, result: T | number): T {
  if (typeof result === 'number' && result < 0) throw new Refusal('invalid', `${what}: ${errnoName(-result)}`);
  return result as T;
}
