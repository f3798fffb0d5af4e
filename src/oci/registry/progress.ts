// How far something has come, in Docker's words and their order.
// Docker Engine API, JSONMessage: `id` is the layer's, or the tag's in the first line.

export interface Progress {
  id?: string;
  status: string;
  current?: number;
  total?: number;
}

export type OnProgress = (progress: Progress) => void;

/** Somebody who may lose interest. An AbortSignal is one. */
export interface Interest {
  readonly aborted: boolean;
  /** It may come back: what came is kept for it. */
  readonly resumes?: boolean;
  /** Calls a listener once when it is lost, for those who wait; never when it is lost already. */
  onAbort?(listener: () => void): void;
}

/** An interest that somebody withdraws, or that is lost with another one. */
export class Withdrawable implements Interest {
  private readonly listeners: (() => void)[] = [];
  private withdrawn = false;
  private returns = false;

  constructor(private readonly wider?: Interest) {
    wider?.onAbort?.(() => this.tell());
  }

  get aborted(): boolean {
    return this.withdrawn || (this.wider?.aborted ?? false);
  }

  get resumes(): boolean {
    return this.returns && !this.wider?.aborted;
  }

  onAbort(listener: () => void): void {
    this.listeners.push(listener);
  }

  withdraw(resumes = false): void {
    if (this.aborted) return;
    this.withdrawn = true;
    this.returns = resumes;
    this.tell();
  }

  private tell(): void {
    for (const listener of this.listeners.splice(0)) listener();
  }
}

/** Bytes between two reports. */
const STEP = 1 << 19;

/** Reports of how many bytes have passed, not too many. */
export function counter(report: OnProgress, id: string, status: string, total: number): (current: number) => void {
  let shown = -STEP;
  return (current) => {
    if (current - shown < STEP && current < total) return;
    shown = current;
    report({ id, status, current, total });
  };
}
