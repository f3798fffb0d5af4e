// A machine's snapshot as its owner makes and takes it: what it is made of, its state, the writes of its disks.
// The format: src/vmm/snapshot/file.ts.
import { InputError, messageOf } from '../base/errors.js';
import { SnapshotError } from '../devices/snapshot-fields.js';
import type { Section, SnapshotFile } from '../vmm/snapshot/file.js';
import { StateReader, toSections } from '../vmm/snapshot/machine.js';
import type { VmState } from '../vmm/vm.js';
import type { Disk } from './platform.js';

const OVERLAY = /^overlay (\d+) \d+$/;

/** `disks`: by their number among the options. */
export function* sectionsOf({ machine, halted, nmi }: VmState, disks: readonly Disk[]): Iterable<Section> {
  yield* toSections(machine, { halted, nmi });
  for (const [i, disk] of disks.entries()) {
    for (const [piece, bytes] of (disk.save?.() ?? []).entries()) yield { name: `overlay ${i} ${piece}`, bytes };
  }
}

/**
 * Fills `memory`, all zeros and of a machine that was never on, and the disks that take their writes back; once. Throws InputError, which
 * names the file and what is wrong.
 */
export async function readState(
  name: string,
  file: SnapshotFile,
  memory: Uint8Array,
  disks: readonly Disk[],
): Promise<VmState> {
  const reader = new StateReader(memory);
  try {
    await file.read((section) => {
      const disk = OVERLAY.exec(section.name)?.[1];
      if (disk === undefined) reader.take(section);
      else disks[Number(disk)]?.load?.(section.bytes);
    });
    const { state, more } = reader.finish();
    return { machine: state, halted: more.halted === true, nmi: more.nmi === true };
  } catch (error) {
    throw refusal(name, error);
  }
}

/** A state that does not fit is its giver's error. */
export function refusal(name: string, error: unknown): unknown {
  if (!(error instanceof SnapshotError)) return error;
  return new InputError(`snapshot ${name}: ${messageOf(error)}`, 'Make it again, with the same options.', {
    cause: error,
  });
}
