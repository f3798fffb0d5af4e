// Errors that are somebody's input at fault: what failed, on which value, which rule, what to do.
// Ours. Our own bugs go through assert; a guest's fault is state or an exit, never an error.

/** Bad input from the person or program that started us. The message is complete: it is printed as it stands. */
export class InputError extends Error {
  override readonly name = 'InputError';

  constructor(
    what: string,
    /** What to do about it, one sentence. */
    readonly advice?: string,
    options?: { cause?: unknown },
  ) {
    super(what, options);
  }
}

/** The text of anything thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
