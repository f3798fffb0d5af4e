// Where a registry is reached: its mirrors, itself by TLS, and without TLS only on loopback or when that was asked for.
// Docker's registry rules: Docker Hub has another host than its name says, and another name in its configuration.
import { InputError } from '../../base/errors.js';

export interface Endpoint {
  /** Without a slash at its end: `https://registry-1.docker.io`. */
  base: string;
  /** What Docker's configuration calls it. */
  credentialsKey: string;
  isMirror: boolean;
}

const HUB = 'docker.io';
const HUB_BASE = 'https://registry-1.docker.io';
const HUB_KEY = 'https://index.docker.io/v1/';

export interface EndpointRules {
  /** Addresses by registry, asked before it. */
  mirrors: ReadonlyMap<string, readonly string[]>;
  /** Registries that may be spoken to without TLS. */
  insecure: ReadonlySet<string>;
}

/** `localhost`, 127.0.0.0/8 and ::1, written as such: what a name server says does not count. */
export function isLoopback(host: string): boolean {
  const name = host.replace(/:\d+$/, '').toLowerCase();
  return name === 'localhost' || name === '[::1]' || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(name);
}

/** In the order in which they are asked. Throws InputError when a mirror is no address. */
export function endpointsOf(domain: string, { mirrors, insecure }: EndpointRules): Endpoint[] {
  const endpoints = (mirrors.get(domain) ?? []).map((mirror) => mirrorAt(mirror, insecure));
  const key = domain === HUB ? HUB_KEY : domain;
  const base = domain === HUB ? HUB_BASE : `https://${domain}`;
  endpoints.push({ base, credentialsKey: key, isMirror: false });
  if (domain !== HUB && (isLoopback(domain) || insecure.has(domain)))
    endpoints.push({ base: `http://${domain}`, credentialsKey: key, isMirror: false });
  return endpoints;
}

function mirrorAt(address: string, insecure: ReadonlySet<string>): Endpoint {
  const match = /^(https?):\/\/([^/?#@\s]+)(\/[^?#\s]*)?$/.exec(address.replace(/\/+$/, ''));
  if (!match) throw new InputError(`mirror ${address}: is no address`, 'As https://mirror.example.');
  const [, scheme, host, path = ''] = match;
  if (scheme === 'http' && !isLoopback(host!) && !insecure.has(host!))
    throw new InputError(`mirror ${address}: is without TLS`, `Allow it: --insecure-registry ${host}.`);
  return { base: `${scheme}://${host}${path}`, credentialsKey: host!, isMirror: true };
}
