// Standard streams of a process between it and those who are attached to it, any number of them; each takes at its own speed, and the
// process waits for the slowest.
// Ours.

/** Someone attached. */
export interface Attachment {
  /** Resolves when there is room for more; false: it has gone. */
  output(stream: 1 | 2, bytes: Uint8Array): Promise<boolean>;
  /** Nothing more comes. */
  ended(): void;
}

export class ProcessStreams {
  private readonly attached = new Set<Attachment>();
  private over = false;

  /** Adds one; what is returned takes it away. */
  attach(attachment: Attachment): () => void {
    if (this.over) attachment.ended();
    else this.attached.add(attachment);
    return () => this.attached.delete(attachment);
  }

  async output(stream: 1 | 2, bytes: Uint8Array): Promise<void> {
    await Promise.all(
      [...this.attached].map(async (one) => {
        if (!(await one.output(stream, bytes))) this.attached.delete(one);
      }),
    );
  }

  /** The process has ended, and all of its output has been handed on. */
  end(): void {
    this.over = true;
    for (const one of this.attached) one.ended();
    this.attached.clear();
  }

  get count(): number {
    return this.attached.size;
  }
}
