// What a registry wants to know of us: the challenges of a WWW-Authenticate header.
// RFC 9110, 11.6.1 and 5.6; hostile: a header is short, and malformed parts end the reading.

export interface Challenge {
  /** In lower case: `bearer`, `basic`. */
  scheme: string;
  parameters: Map<string, string>;
}

const HEADER_MAX = 8192;
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+/;

export function parseChallenges(header: string): Challenge[] {
  const challenges: Challenge[] = [];
  let rest = header.slice(0, HEADER_MAX);
  const skip = (what: RegExp): void => {
    rest = rest.replace(what, '');
  };
  for (;;) {
    skip(/^[\s,]+/);
    const word = TOKEN.exec(rest)?.[0];
    if (word === undefined) return challenges;
    rest = rest.slice(word.length);
    const value = /^\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]*))/s.exec(rest);
    const current = challenges.at(-1);
    // a name with a value belongs to the scheme before it; a word without begins a scheme
    if (value && current) {
      rest = rest.slice(value[0].length);
      current.parameters.set(word.toLowerCase(), value[1]?.replace(/\\(.)/gs, '$1') ?? value[2]!);
    } else if (value) return challenges;
    else challenges.push({ scheme: word.toLowerCase(), parameters: new Map() });
  }
}
