// The lines that our own guest prints of its workloads.
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
  /** By the guest's own clock, in steps of a millisecond; absent when it did not run. */
  seconds?: number;
  operations?: number;
  /** `no-disk`, `no-hypervisor` ... */
  skipped?: string;
  failed?: string;
  /** As the guest printed it. */
  text: string;
}

/** Undefined for a line of any other kind. */
export function workloadLine(line: string): WorkloadLine | undefined {
  const text = line.trim();
  if (!text.startsWith('WORKLOAD ')) return undefined;
  const fields = new Map(text.split(' ').map((word) => word.split('=', 2) as [string, string | undefined]));
  const name = fields.get('name');
  if (name === undefined) return undefined;
  const number = (key: string, unit: number): number | undefined => {
    const value = fields.get(key);
    return value === undefined ? undefined : Number(value) / unit;
  };
  return {
    name,
    checksum: fields.get('checksum'),
    seconds: number('ticks', 1000),
    operations: number('ops', 1),
    skipped: fields.get('skipped'),
    failed: fields.get('failed'),
    text,
  };
}
