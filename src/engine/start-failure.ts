// Why a program does not start, in words and exit codes from which clients tell the cases.
// Docker docs, "docker run", Exit status.
import { InputError } from '../base/errors.js';
import { NodeFailure } from '../runtime/failure.js';
import { EngineError, InvalidParameter, StartFailed } from './errors.js';

export const NOT_FOUND = 127;
export const NOT_EXECUTABLE = 126;
const NOT_STARTED = 128;

export interface StartFailure {
  exitCode: number;
  message: string;
  /** For who has asked. */
  error: Error;
}

/** Undefined: an error of ours. */
export function startFailure(error: unknown): StartFailure | undefined {
  if (error instanceof InputError || error instanceof EngineError)
    return { exitCode: NOT_STARTED, message: error.message, error };
  if (!(error instanceof NodeFailure) || error.kind === 'bug') return undefined;
  const { kind, message } = error;
  if (kind !== 'not-found' && kind !== 'not-executable')
    return { exitCode: NOT_STARTED, message, error: new InvalidParameter(message) };
  const words = `failed to create task for container: unable to start container process: ${message}`;
  return { exitCode: kind === 'not-found' ? NOT_FOUND : NOT_EXECUTABLE, message: words, error: new StartFailed(words) };
}
