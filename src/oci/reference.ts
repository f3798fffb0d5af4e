// Names of images as people write them, and what they stand for: `busybox` is `docker.io/library/busybox:latest`.
// distribution/reference: its grammar, and its rules for familiar names.
import { InputError } from '../base/errors.js';
import { type Digest, isDigest } from './digest.js';

const DEFAULT_DOMAIN = 'docker.io';
const OLD_DEFAULT_DOMAIN = 'index.docker.io';
const OFFICIAL = 'library/';
export const DEFAULT_TAG = 'latest';

const COMPONENT = '[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*';
const PATH = new RegExp(`^${COMPONENT}(?:/${COMPONENT})*$`);
const LABEL = '(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])';
const DOMAIN = new RegExp(`^(?:${LABEL}(?:\\.${LABEL})*|\\[[a-fA-F0-9:]+\\])(?::[0-9]{1,5})?$`);
const TAG = /^\w[\w.-]{0,127}$/;
const NAME_MAX = 255;
const REFERENCE_MAX = 1024;

export interface Reference {
  /** The registry: a host, perhaps with its port. */
  domain: string;
  /** In the registry: `library/busybox`. */
  path: string;
  tag?: string;
  digest?: Digest;
}

function invalid(text: string, why: string): InputError {
  const shown = text.length > 200 ? `${text.slice(0, 200)}...` : text;
  return new InputError(`invalid reference format: ${JSON.stringify(shown)}: ${why}`);
}

/** Throws InputError. A name without tag and digest stays without. */
export function parseReference(text: string): Reference {
  if (text === '' || text.length > REFERENCE_MAX) throw invalid(text, 'a name has 1 to 255 characters');
  if (/^[a-f0-9]{64}$/.test(text)) throw invalid(text, 'that is the ID of an image');
  const [named, digest, ...more] = text.split('@');
  if (more.length > 0 || (digest !== undefined && !isDigest(digest)))
    throw invalid(text, "behind '@' stands sha256: and 64 digits of 0-9 and a-f");
  const colon = named!.lastIndexOf(':');
  const hasTag = colon > named!.lastIndexOf('/');
  const tag = hasTag ? named!.slice(colon + 1) : undefined;
  const { domain, path } = parseName(hasTag ? named!.slice(0, colon) : named!, text);
  if (tag !== undefined && !TAG.test(tag))
    throw invalid(text, 'a tag has 1 to 128 letters, digits, dots and dashes, no dot or dash first');
  return { domain, path, ...(tag !== undefined && { tag }), ...(digest !== undefined && { digest: digest as Digest }) };
}

/** A name alone: what has a dot or a colon, is `localhost` or has upper case is a registry's. */
function parseName(name: string, text: string): { domain: string; path: string } {
  const slash = name.indexOf('/');
  const first = name.slice(0, Math.max(slash, 0));
  const isDomain = slash > 0 && (/[.:]/.test(first) || first === 'localhost' || first !== first.toLowerCase());
  let domain = isDomain ? first : DEFAULT_DOMAIN;
  let path = isDomain ? name.slice(slash + 1) : name;
  if (domain === OLD_DEFAULT_DOMAIN) domain = DEFAULT_DOMAIN;
  if (path !== path.toLowerCase()) throw invalid(text, 'repository name must be lowercase');
  if (!DOMAIN.test(domain)) throw invalid(text, `'${domain}' is no registry`);
  if (!PATH.test(path)) throw invalid(text, `'${path}' is no repository`);
  if (domain === DEFAULT_DOMAIN && !path.includes('/')) path = OFFICIAL + path;
  if (domain.length + 1 + path.length > NAME_MAX) throw invalid(text, `a name has at most ${NAME_MAX} characters`);
  return { domain, path };
}

/** With the tag `latest` when it has neither tag nor digest. */
export function withTag(reference: Reference): Reference {
  return reference.tag === undefined && reference.digest === undefined ? { ...reference, tag: DEFAULT_TAG } : reference;
}

/** The registry and the repository: `docker.io/library/busybox`. */
export const nameOf = ({ domain, path }: Reference): string => `${domain}/${path}`;

/** All of it: `docker.io/library/busybox:latest`. */
export const fullName = (reference: Reference): string => nameOf(reference) + suffixOf(reference);

/** The name as docker shows it: `busybox`. */
export function familiarName({ domain, path }: Reference): string {
  if (domain !== DEFAULT_DOMAIN) return `${domain}/${path}`;
  const official = path.startsWith(OFFICIAL) ? path.slice(OFFICIAL.length) : path;
  return official.includes('/') ? path : official;
}

/** `busybox:latest`. */
export const familiar = (reference: Reference): string => familiarName(reference) + suffixOf(reference);

const suffixOf = ({ tag, digest }: Reference): string =>
  (tag === undefined ? '' : `:${tag}`) + (digest === undefined ? '' : `@${digest}`);
