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
