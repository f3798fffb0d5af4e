// What can be wrong with a request to the engine; the API has a status for each. Messages are Docker's where people search for them.

export abstract class EngineError extends Error {
  /** The same, behind other words. */
  behind(words: string): EngineError {
    this.message = `${words}: ${this.message}`;
    return this;
  }
}
export class NotFound extends EngineError {}
export class Conflict extends EngineError {}
/** It may never be done, or not now. */
export class Forbidden extends EngineError {}
export class InvalidParameter extends EngineError {}
/** Who asks is not who he says. */
export class Unauthorized extends EngineError {}
/** It is so already: no error to whoever asked for it. */
export class NotModified extends EngineError {}
export class NotImplemented extends EngineError {}
/** It is not to be had here, as a swarm. */
export class Unavailable extends EngineError {}
/** A node refuses. */
export { NodeFailure } from '../runtime/failure.js';
/** The program can't be started: 126 and 127 of `docker run`. */
export class StartFailed extends EngineError {}
