// The name of content by its checksum: sha256 and 64 digits, and nothing else may ever become part of a path.
// OCI image-spec, descriptor.md, "Digests"; sha512 is registered there too, and not used by registries.
import { InputError } from '../base/errors.js';
import type { StreamCodecs } from '../base/streams.js';

/** `sha256:` and 64 digits, checked. */
export type Digest = string & { readonly digest: unique symbol };

const SHA256 = /^sha256:[0-9a-f]{64}$/;
const PREFIX = 'sha256:';
const SHORT = 12;

export const isDigest = (text: unknown): text is Digest => typeof text === 'string' && SHA256.test(text);

/** `what` names whose digest it is. Throws InputError. */
export function parseDigest(text: unknown, what: string): Digest {
  if (isDigest(text)) return text;
  const shown = JSON.stringify(text)?.slice(0, 100);
  if (typeof text === 'string' && /^sha512:[0-9a-f]{128}$/.test(text))
    throw new InputError(`${what}: ${shown}: only sha256 is understood`);
  throw new InputError(`${what}: ${shown} is no digest`, 'A digest is sha256: and 64 digits of 0-9 and a-f.');
}

/** From a finished checksum. */
export const digestOfHex = (hex: string): Digest => `${PREFIX}${hex}` as Digest;

/** The 64 digits, fit for a file's name. */
export const hexOf = (digest: Digest): string => digest.slice(PREFIX.length);

/** As docker shows it. */
export const shortOf = (digest: Digest): string => hexOf(digest).slice(0, SHORT);

export function digestOf(codecs: StreamCodecs, bytes: Uint8Array): Digest {
  const hash = codecs.sha256();
  hash.update(bytes);
  return digestOfHex(hash.digest());
}
