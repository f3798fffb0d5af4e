// What can stand at a place of a line. Ours.

export interface Offered {
  word: string;
  what?: string;
}

export interface Offer {
  words: readonly Offered[];
  /** Names of files of this host, besides. */
  files?: boolean;
  /** Something goes on behind the word without a space, or a file stands there. */
  open?: boolean;
}

export const NOTHING: Offer = { words: [] };
export const FILES: Offer = { words: [], files: true };
export const words = (all: readonly string[]): Offer => ({ words: all.map((word) => ({ word })) });

/** Those that go on what has been typed. */
export function matching(offer: Offer, typed: string): Offer {
  return { ...offer, words: offer.words.filter(({ word }) => word.startsWith(typed)) };
}

/** `--name=` in front of each. */
export function behind(offer: Offer, before: string): Offer {
  return { ...offer, words: offer.words.map(({ word, what }) => ({ word: before + word, what })) };
}
