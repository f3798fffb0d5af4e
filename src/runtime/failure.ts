// A node's refusal as an error of the caller's.
import type { Failure } from '../node/contract.js';

export class NodeFailure extends Error {
  constructor(
    readonly kind: Failure['kind'],
    message: string,
  ) {
    super(message);
  }
}
