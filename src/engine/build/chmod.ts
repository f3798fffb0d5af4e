// Rights that --chmod gives: in octal, or as changes of those that a file has. man 1 chmod; docs.docker.com/reference/dockerfile: COPY --chmod.
// Nothing is masked: `+w` is everybody's.

/** Rights from rights; with the type of the file, as st_mode has it. */
export type Rights = (mode: number) => number;

const TEXT_MAX = 200;
const S_IFMT = 0o170000;
const S_IFDIR = 0o040000;
const CLAUSE = /^([ugoa]*)((?:[-+=](?:[ugo]|[rwxXst]*))+)$/;
const WHO: Readonly<Record<string, number>> = { u: 0o4700, g: 0o2070, o: 0o1007, a: 0o7777 };
const BITS: Readonly<Record<string, number>> = { r: 0o444, w: 0o222, x: 0o111, s: 0o6000, t: 0o1000 };
const SHIFT: Readonly<Record<string, number>> = { u: 6, g: 3, o: 0 };

/** Undefined: the text is none of either form. */
export function rightsOf(text: string): Rights | undefined {
  if (/^[0-7]{1,5}$/.test(text)) {
    const rights = Number.parseInt(text, 8);
    return rights > 0o7777 ? undefined : (mode) => (mode & S_IFMT) | rights;
  }
  if (text.length > TEXT_MAX) return undefined;
  const changes: Rights[] = [];
  for (const clause of text.split(',')) {
    const [, who, actions] = CLAUSE.exec(clause) ?? [];
    if (actions === undefined) return undefined;
    const mask = [...(who || 'a')].reduce((all, letter) => all | WHO[letter]!, 0);
    for (const [, how, what] of actions.matchAll(/([-+=])([a-zX]*)/g)) changes.push(change(mask, how!, what!));
  }
  return (mode) => changes.reduce((all, one) => one(all), mode);
}

function change(mask: number, how: string, what: string): Rights {
  return (mode) => {
    const bits = mask & bitsOf(what, mode);
    if (how === '+') return mode | bits;
    return (how === '-' ? mode & ~bits : (mode & ~mask) | bits) >>> 0;
  };
}

function bitsOf(what: string, mode: number): number {
  const shift = SHIFT[what];
  if (shift !== undefined) return ((mode >> shift) & 7) * 0o111;
  const runs = (mode & S_IFMT) === S_IFDIR || (mode & 0o111) !== 0;
  return [...what].reduce((all, letter) => all | (letter === 'X' ? (runs ? 0o111 : 0) : BITS[letter]!), 0);
}
