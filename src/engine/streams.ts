// Standard streams of a process between it and those who are attached to it, any number of them; each takes at its own speed, and the
// process waits for the slowest.
// Ours. What waits is there once for all of them.

/** Someone attached. */
export interface Attachment {
  /** Called again when it has resolved: there is room for more; false: it has gone. */
  output(stream: 1 | 2, bytes: Uint8Array): Promise<boolean>;
  /** Nothing more comes, and all that came has been taken; or it has gone. */
  ended(): void;
}

/** Output, and what came behind it. */
interface Piece {
  readonly stream: 1 | 2;
  readonly bytes: Uint8Array;
  /** So many have not taken it. */
  left: number;
  taken(): void;
  next?: Piece;
}

/** The way of one who is attached along the pieces. */
class Follower {
  private going = false;
  private gone = false;
  /** What it is taking. */
  private taking?: Piece;

  /** `at`: the last piece that is not its own. */
  constructor(
    private readonly all: Set<Follower>,
    private readonly one: Attachment,
    private at: Piece,
  ) {}

  /** Takes all that there is; `over`: and no more comes. */
  async go(over: () => boolean): Promise<void> {
    if (this.going) return;
    this.going = true;
    while (this.at.next && !this.gone) {
      this.at = this.at.next;
      this.taking = this.at;
      const stays = await this.one.output(this.at.stream, this.at.bytes).catch(() => false);
      if (this.gone) return;
      pass(this.at);
      this.taking = undefined;
      if (stays) continue;
      this.leave();
      this.one.ended();
    }
    this.going = false;
    if (over() && !this.gone) this.one.ended();
  }

  leave(): void {
    if (this.gone) return;
    this.gone = true;
    this.all.delete(this);
    for (let piece = this.taking ?? this.at.next; piece; piece = piece.next) pass(piece);
  }
}

function pass(piece: Piece): void {
  if (--piece.left === 0) piece.taken();
}

export class ProcessStreams {
  private readonly attached = new Set<Follower>();
  private over = false;
  private last: Piece = { stream: 1, bytes: new Uint8Array(0), left: 0, taken: () => {} };

  /** Adds one; what is returned takes it away. */
  attach(attachment: Attachment): () => void {
    const follower = new Follower(this.attached, attachment, this.last);
    if (this.over) attachment.ended();
    else this.attached.add(follower);
    return () => follower.leave();
  }

  /** Resolves when all have taken it. */
  output(stream: 1 | 2, bytes: Uint8Array): Promise<void> {
    if (this.attached.size === 0) return Promise.resolve();
    return new Promise((taken) => {
      const piece: Piece = { stream, bytes, left: this.attached.size, taken };
      this.last.next = piece;
      this.last = piece;
      this.move();
    });
  }

  /** The process has ended: who has not taken all of its output yet takes it, and hears of the end then. */
  end(): void {
    this.over = true;
    this.move();
  }

  private move(): void {
    for (const follower of this.attached) void follower.go(() => this.over);
  }

  get count(): number {
    return this.attached.size;
  }
}
