// Types and rights of files as Go's os.FileMode has them, and as st_mode has them. pkg.go.dev/io/fs#FileMode.
const RIGHTS = 0o777;
/** Bits of Go's beside the rights, which are the same. */
const DIRECTORY = 2 ** 31;
const LINK = 2 ** 27;
const DEVICE = 2 ** 26;
const PIPE = 2 ** 25;
const SOCKET = 2 ** 24;
const CHARACTER = 2 ** 21;
const FLAGS: readonly (readonly [go: number, st: number])[] = [
  [2 ** 23, 0o4000],
  [2 ** 22, 0o2000],
  [2 ** 20, 0o1000],
];
const TYPES: readonly (readonly [go: number, st: number])[] = [
  [DIRECTORY, 0o040000],
  [LINK, 0o120000],
  [PIPE, 0o010000],
  [DEVICE + CHARACTER, 0o020000],
  [DEVICE, 0o060000],
];
const S_IFREG = 0o100000;
const S_IFMT = 0o170000;

const has = (go: number, bits: number): boolean =>
  [DIRECTORY, LINK, DEVICE, PIPE, SOCKET, CHARACTER, ...FLAGS.map(([flag]) => flag)].every(
    (bit) => Math.floor(bits / bit) % 2 === 0 || Math.floor(go / bit) % 2 === 1,
  );

/** As st_mode has it; undefined: a socket, which is nothing without its process. */
export function modeOfGo(go: number): number | undefined {
  if (has(go, SOCKET)) return undefined;
  const type = TYPES.find(([bits]) => has(go, bits))?.[1] ?? S_IFREG;
  return FLAGS.reduce((mode, [bit, flag]) => (has(go, bit) ? mode | flag : mode), type | (go & RIGHTS));
}

export function goOfMode(mode: number): number {
  const type = TYPES.find(([, st]) => st === (mode & S_IFMT))?.[0] ?? 0;
  return FLAGS.reduce((go, [bit, flag]) => ((mode & flag) === 0 ? go : go + bit), type + (mode & RIGHTS));
}
