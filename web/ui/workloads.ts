// The lines that our own guest prints of its workloads, found in what its console sends.
// guest/README.md, "Workloads".

/** In the guest's order; `run=all` does them all. */
export const WORKLOADS = [
  'integer',
  'memory',
  'syscall',
  'context-switch',
  'page-fault',
  'port-io',
  'disk-read',
  'disk-write',
] as const;

export interface WorkloadLine {
  name: string;
  checksum: string;
  /** By the guest's own clock. */
  milliseconds: number;
  /** As the guest printed it. */
  text: string;
}

const LINE_MOST = 400;

export class WorkloadReader {
  private line = '';

  constructor(private readonly found: (line: WorkloadLine) => void) {}

  take(bytes: Uint8Array): void {
    for (const byte of bytes) {
      if (byte === 10) this.end();
      else if (this.line.length < LINE_MOST) this.line += String.fromCharCode(byte);
    }
  }

  private end(): void {
    const text = this.line.trim();
    this.line = '';
    const match = /WORKLOAD name=(\S+) checksum=(\S+) ticks=(\d+)/.exec(text);
    if (match) this.found({ name: match[1], checksum: match[2], milliseconds: Number(match[3]), text });
  }
}
