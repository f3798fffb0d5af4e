// What can be wrong with a request about images, by kind: an API has a status for each.
// Ours; all are InputErrors, whose message is printed as it stands.
import { InputError } from '../base/errors.js';

/** There is no such image, or the registry has none. */
export class NotFoundError extends InputError {}

/** It is there, and in the way: in use, or ambiguous. */
export class ConflictError extends InputError {}

/** A registry wants somebody else, or nobody at all. */
export class DeniedError extends InputError {}
