// The last exits of a machine, kept as numbers and put into words when somebody looks.
// Ours; SDM vol. 3C section 28.2.1 for what a VM exit says (vmx/qualification.ts).
import { hex } from '../base/bytes.js';
import { EXIT_KINDS, type Exit } from '../vcpu/exit.js';
import type { Bus } from './bus.js';
import { reasonLabel, reasonName } from './vmx/exit-reasons.js';
import { describeExit, type ExitDetail } from './vmx/qualification.js';
import * as vmx from '../vcpu/vmcs.js';

/** As many as are kept. */
export const TRAIL = 200;

/** An exit in words. */
export interface TrailLine {
  /** Counts the exits since the trail was begun. */
  number: number;
  /** `IO_INSTRUCTION (30)`, `io-in`. */
  reason: string;
  /** Where the guest was: its instruction pointer. */
  at: number;
  /** What it did: `out 0x3f8 size 1 (uart)`; empty where the reason says it all. */
  what: string;
}

/** Who tells what a VM exit says. */
export interface ExitSource {
  readonly detail: ExitDetail;
  readonly rip: number;
}

/** Numbers of an exit: place, kind, and up to six of its own. */
const WIDTH = 8;

export class ExitTrail {
  private readonly kept = new Float64Array(TRAIL * WIDTH);
  private count = 0;

  constructor(private readonly bus: Pick<Bus, 'portName' | 'mmioName'>) {}

  /** `at`: the instruction pointer; a VM exit has its own. */
  note(exit: Exit, at: number, guest?: ExitSource): void {
    const { kept } = this;
    const place = (this.count++ % TRAIL) * WIDTH;
    kept[place] = at;
    kept[place + 1] = EXIT_KINDS.indexOf(exit.kind);
    if (exit.kind === 'vm' && guest) {
      const { detail } = guest;
      kept[place] = guest.rip;
      kept[place + 2] = detail.reason;
      kept[place + 3] = detail.qualification;
      kept[place + 4] = detail.interruption;
      kept[place + 5] = detail.errorCode;
      kept[place + 6] = detail.guestPhysical;
      kept[place + 7] = detail.guestLinear;
    } else if (exit.kind === 'io-in' || exit.kind === 'io-out') {
      kept[place + 2] = exit.port;
      kept[place + 3] = exit.width;
      kept[place + 4] = exit.count;
      kept[place + 5] = exit.value;
    } else if (exit.kind === 'mmio-read') {
      kept[place + 2] = exit.address;
      kept[place + 3] = exit.width;
    } else if (exit.kind === 'triple-fault') kept[place + 2] = exit.vector;
    else if (exit.kind === 'apic-base') kept[place + 2] = exit.value;
  }

  /** The oldest first. */
  lines(): TrailLine[] {
    const first = Math.max(0, this.count - TRAIL);
    return Array.from({ length: this.count - first }, (_, i) => this.line(first + i));
  }

  private line(number: number): TrailLine {
    const place = (number % TRAIL) * WIDTH;
    const [at, kindNumber, ...rest] = this.kept.subarray(place, place + WIDTH);
    const kind = EXIT_KINDS[kindNumber] as Exit['kind'];
    if (kind === 'vm') return { number, reason: reasonLabel(reasonName(rest[0])), at, what: this.vmExit(rest) };
    return { number, reason: kind, at, what: this.coreExit(kind, rest) };
  }

  private vmExit([reason, qualification, interruption, errorCode, guestPhysical, guestLinear]: number[]): string {
    const what = describeExit({ reason, qualification, interruption, errorCode, guestPhysical, guestLinear });
    if (reason === vmx.EXIT_REASON_IO_INSTRUCTION) return `${what} (${this.bus.portName(qualification >>> 16)})`;
    if (reason === vmx.EXIT_REASON_EPT_VIOLATION) return `${what} (${this.bus.mmioName(guestPhysical)})`;
    return what;
  }

  private coreExit(kind: Exit['kind'], [first, width, items, value]: number[]): string {
    switch (kind) {
      case 'io-in':
      case 'io-out': {
        const many = items > 0 ? `, ${items} items` : kind === 'io-out' ? ` = ${hex(value, 2 * width)}` : '';
        return `0x${first.toString(16)} size ${width}${many} (${this.bus.portName(first)})`;
      }
      case 'mmio-read':
        return `${hex(first)} size ${width} (${this.bus.mmioName(first)})`;
      case 'triple-fault':
        return `after exception ${first}`;
      case 'apic-base':
        return hex(first);
      default:
        return '';
    }
  }
}
