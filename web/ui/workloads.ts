// The lines that our own guest prints of its workloads, found in what its console sends.
// guest/README.md, "Workloads".
import { type WorkloadLine, workloadLine } from '../../src/modes/workload-line.js';

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
    const found = workloadLine(this.line);
    this.line = '';
    if (found) this.found(found);
  }
}
