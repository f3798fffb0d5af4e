// A build that came to its end because a command of it failed: clients end with the command's status. Docker Engine API, JSONError.
import { EngineError } from '../errors.js';

export class BuildFailure extends EngineError {
  constructor(
    message: string,
    readonly code: number,
    readonly command: readonly string[],
  ) {
    super(message);
  }
}
