// For which machines an image is, and which of them are ours: the one place that decides.
// OCI image-spec, image-index.md ("platform"); Go's names of systems and architectures.
import { InputError } from '../base/errors.js';

export interface Platform {
  os: string;
  architecture: string;
  variant?: string;
}

/** What we run, the best first. */
export const OURS: readonly Platform[] = [
  { os: 'linux', architecture: '386' },
  { os: 'wasi', architecture: 'wasm' },
];

/** What tools call WASI: runwasi's examples say wasi, TAG Runtime's artifacts which version of it. */
const WASI = new Set(['wasi', 'wasip1', 'wasip2']);

const OTHER_NAMES: Readonly<Record<string, string>> = {
  i386: '386',
  i686: '386',
  x86: '386',
  x86_64: 'amd64',
  'x86-64': 'amd64',
  aarch64: 'arm64',
};
const SHOWN_MAX = 12;

export const formatPlatform = ({ os, architecture, variant }: Platform): string =>
  [os, architecture, variant].filter(Boolean).join('/');

/** `linux/386`. Throws InputError. */
export function parsePlatform(text: string): Platform {
  const parts = text.toLowerCase().split('/');
  const [os, architecture, variant] = parts.length === 1 ? ['linux', parts[0]] : parts;
  if (parts.length > 3 || parts.some((part) => !/^[a-z0-9_.-]{1,32}$/.test(part)))
    throw new InputError(`platform ${JSON.stringify(text.slice(0, 100))}: is no OS/ARCHITECTURE`, 'As linux/386.');
  return normalized({ os: os!, architecture: architecture!, ...(variant !== undefined && { variant }) });
}

function normalized(platform: Platform): Platform {
  const known = Object.hasOwn(OTHER_NAMES, platform.architecture)
    ? OTHER_NAMES[platform.architecture]!
    : platform.architecture;
  return { ...platform, os: WASI.has(platform.os) ? 'wasi' : platform.os, architecture: known };
}

/** Programs of it are WebAssembly, each in a worker of its own. */
export const isWasi = (platform: Platform): boolean => normalized(platform).os === 'wasi';

/** Is what is offered for the machine that is wanted? Of a variant that nobody names any will do. */
export function matches(offered: Platform, wanted: Platform): boolean {
  const has = normalized(offered);
  if (has.os !== wanted.os || has.architecture !== wanted.architecture) return false;
  return wanted.variant === undefined || has.variant === wanted.variant;
}

export const isOurs = (platform: Platform): boolean => OURS.some((our) => matches(platform, our));

/** The best of what an image is offered for; undefined in `offered`: nobody said. `image` names it. Throws InputError. */
export function choosePlatform<Offer extends { platform?: Platform }>(
  image: string,
  offers: readonly Offer[],
  asked: Platform | undefined,
): Offer {
  for (const wanted of asked ? [asked] : OURS) {
    const found = offers.find(({ platform }) => platform && matches(platform, wanted));
    if (found) return found;
  }
  const names = offers.flatMap(({ platform }) =>
    platform && platform.os !== 'unknown' ? [formatPlatform(platform)] : [],
  );
  throw noPlatform(image, [...new Set(names)], asked);
}

/** Throws InputError when an image that is for one platform alone is not for ours, or not for the one asked for. */
export function checkPlatform(image: string, has: Platform, asked: Platform | undefined): void {
  if (asked ? matches(has, asked) : isOurs(has)) return;
  throw noPlatform(image, [formatPlatform(has)], asked);
}

function noPlatform(image: string, offered: readonly string[], asked: Platform | undefined): InputError {
  const wanted = (asked ? [asked] : OURS).map(formatPlatform).join(' or ');
  const shown = offered.slice(0, SHOWN_MAX).join(', ') + (offered.length > SHOWN_MAX ? ', ...' : '');
  return new InputError(
    `${image}: no image for ${wanted} is offered; it is for ${shown || 'no platform at all'}`,
    asked
      ? 'Ask for one of those.'
      : 'Programs run here are 32-bit x86 or WASI: choose an image that has linux/386, as debian, alpine and busybox do.',
  );
}
