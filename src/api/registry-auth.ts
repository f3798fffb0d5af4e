// Credentials that a client sends along for a registry. Docker Engine API, "Authentication": base64url of JSON in X-Registry-Auth.
import type { CredentialSource } from '../base/credentials.js';
import { decodeText } from '../base/text.js';
import { InvalidParameter } from '../engine/errors.js';
import { Members } from '../engine/json-members.js';

const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const LENGTH_MAX = 65536;

/** Base64 in either alphabet; undefined: it is none. */
function decode(text: string): Uint8Array | undefined {
  const digits = text.replace(/=+$/, '').replaceAll('+', '-').replaceAll('/', '_');
  const bytes = new Uint8Array(Math.floor((digits.length * 6) / 8));
  let bits = 0;
  let count = 0;
  let at = 0;
  for (const digit of digits) {
    const value = DIGITS.indexOf(digit);
    if (value < 0) return undefined;
    bits = ((bits << 6) | value) & 0xffff;
    count += 6;
    if (count < 8) continue;
    count -= 8;
    bytes[at++] = (bits >> count) & 0xff;
  }
  return bytes;
}

/** Undefined: the client sends none. Throws InvalidParameter. */
export function credentialsOf(header: string | undefined): CredentialSource | undefined {
  if (!header) return undefined;
  const bytes = header.length <= LENGTH_MAX ? decode(header) : undefined;
  let parsed: unknown;
  try {
    parsed = JSON.parse((bytes && decodeText(bytes)) ?? '');
  } catch (error) {
    throw new InvalidParameter('invalid X-Registry-Auth header: it is no base64 of JSON', { cause: error });
  }
  const auth = new Members(parsed, 'X-Registry-Auth');
  const [username, password, identityToken] = ['username', 'password', 'identitytoken'].map((name) => auth.text(name));
  if (identityToken) return async () => ({ kind: 'token', identityToken });
  if (username) return async () => ({ kind: 'password', username, password: password ?? '' });
  return undefined;
}
