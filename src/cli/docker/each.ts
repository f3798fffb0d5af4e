// The same for each of several: one that fails is told, and the others are done all the same.
import { Complaint, Ended } from './complaint.js';
import { host } from './host.js';

/** Ends with 1 when any has failed. */
export async function forEach(names: readonly string[], work: (name: string) => Promise<void>): Promise<void> {
  let failed = false;
  for (const name of names) {
    try {
      await work(name);
    } catch (error) {
      if (!(error instanceof Complaint)) throw error;
      failed = true;
      host.stderr.write(`${error.message}\n`);
    }
  }
  if (failed) throw new Ended(1);
}
