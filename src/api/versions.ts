// Versions of the API that are served, and which one a request asks for. Docker Engine API, "Versioning".
import { InvalidParameter } from '../engine/errors.js';

export const API_VERSION = '1.51';
export const MIN_API_VERSION = '1.24';

const minor = (version: string): number => Number(version.split('.')[1]);

export const isBefore = (version: string, other: string): boolean => minor(version) < minor(other);

/** The version in front of a path, and the rest; without one the newest is meant. Throws InvalidParameter. */
export function versionOf(path: string): { version: string; rest: string } {
  const match = /^\/v(\d{1,3}\.\d{1,3})(\/.*)$/.exec(path);
  if (!match) return { version: API_VERSION, rest: path };
  const [, version, rest] = match as unknown as [string, string, string];
  const major = version.split('.')[0];
  if (major !== '1' || minor(version) > minor(API_VERSION))
    throw new InvalidParameter(`client version ${version} is too new. Maximum supported API version is ${API_VERSION}`);
  if (minor(version) < minor(MIN_API_VERSION))
    throw new InvalidParameter(
      `client version ${version} is too old. Minimum supported API version is ${MIN_API_VERSION}, please upgrade your client to a newer version`,
    );
  return { version, rest };
}
