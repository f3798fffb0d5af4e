// The same for each of several: one that fails is told, and the others are done all the same.
import { Complaint, Ended } from './complaint.js';
import { host } from './host.js';

/** Removes each, and prints its name. `absent`: what the engine says of one that is not there, which `force` takes for done. */
export function removeEach(
  names: readonly string[],
  remove: (name: string) => Promise<unknown>,
  { force, absent }: { force: boolean; absent: RegExp },
): Promise<void> {
  return forEach(names, async (name) => {
    try {
      await remove(name);
    } catch (error) {
      if (!force || !(error instanceof Complaint) || !absent.test(error.message)) throw error;
    }
    host.stdout.write(`${name}\n`);
  });
}

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
