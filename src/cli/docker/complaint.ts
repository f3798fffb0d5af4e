// What a command says when it fails, and what it ends with.

/** Its message is what a person reads, whole. */
export class Complaint extends Error {
  constructor(
    message: string,
    readonly status = 1,
  ) {
    super(message);
  }
}

/** The engine has refused: `Error response from daemon: `. */
export class Refused extends Complaint {
  constructor(
    readonly http: number,
    readonly reason: string,
  ) {
    super(`Error response from daemon: ${reason}`);
  }
}

/** Nothing is to be said any more: all has been. */
export class Ended extends Error {
  constructor(readonly status: number) {
    super(`ended with ${status}`);
  }
}
