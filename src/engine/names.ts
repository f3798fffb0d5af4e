// Names of containers that nobody has named: an adjective and a noun of our own field. Docker's rule for given ones.
import { InvalidParameter } from './errors.js';

const ADJECTIVES =
  'agile amber brave brisk calm clever cosy eager fair gentle glad keen kind lively lucid mellow neat nimble quick quiet'.split(
    ' ',
  );
const NOUNS =
  'adder beacon cache decoder fence gate kernel latch ledger loom mirror needle packet pipe prism relay ring socket table vault'.split(
    ' ',
  );
const TRIES = 10;

/** `random`: a whole number below what it is given. */
export function inventName(isTaken: (name: string) => boolean, random: (below: number) => number): string {
  for (let attempt = 0; ; attempt++) {
    const pair = `${ADJECTIVES[random(ADJECTIVES.length)]}_${NOUNS[random(NOUNS.length)]}`;
    const name = attempt < TRIES ? pair : `${pair}${random(1_000_000)}`;
    if (!isTaken(name)) return name;
  }
}

/** Without the slash in front. Throws InvalidParameter. */
export function checkName(given: string): string {
  const name = given.replace(/^\//, '');
  if (!/^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/.test(name))
    throw new InvalidParameter(`Invalid container name (${given}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed`);
  return name;
}

/** It is a folder's name too: no path, and no longer than one may be. Throws InvalidParameter. */
export function checkVolumeName(name: string): string {
  if (!/^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,254}$/.test(name))
    throw new InvalidParameter(`create ${name}: "${name}" includes invalid characters for a local volume name`);
  return name;
}
