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
  'disk-sequential',
  'disk-random',
  'net-echo',
  'net-bulk',
  'clock-read',
  'hypercall',
] as const;

/** One line: what it worked out and how long that took, or why it did not. */
export interface WorkloadLine {
  name: string;
  checksum?: string;
  /** By the guest's own clock; absent when it did not run. */
  milliseconds?: number;
  /** `no-disk`, `no-hypervisor` ... */
  skipped?: string;
  failed?: string;
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
    if (!text.startsWith('WORKLOAD ')) return;
    const fields = new Map(text.split(' ').map((word) => word.split('=', 2) as [string, string | undefined]));
    const name = fields.get('name');
    const ticks = fields.get('ticks');
    if (name === undefined) return;
    this.found({
      name,
      checksum: fields.get('checksum'),
      milliseconds: ticks === undefined ? undefined : Number(ticks),
      skipped: fields.get('skipped'),
      failed: fields.get('failed'),
      text,
    });
  }
}
