// Addresses of Unix sockets: a path, an abstract name, or none. man 7 unix.
import { EINVAL } from '../abi/errno.js';
import { AF_UNIX } from '../abi/socket.js';

const ADDRESS_MAX = 110;
/** sockaddr_un without a name. */
export const UNNAMED = Uint8Array.of(AF_UNIX, 0);

const latin1 = (bytes: Uint8Array): string => String.fromCharCode(...bytes);

/** What a sockaddr_un names: a path, an abstract name, or nothing (autobind). */
export function nameIn(address: Uint8Array): { path?: string; abstract?: string } | number {
  if (address.length < 2 || address.length > ADDRESS_MAX) return -EINVAL;
  if (address[0] !== AF_UNIX || address[1] !== 0) return -EINVAL;
  if (address.length === 2) return {};
  if (address[2] === 0) return { abstract: latin1(address.subarray(3)) };
  const end = address.indexOf(0, 2);
  return { path: latin1(address.subarray(2, end < 0 ? address.length : end)) };
}

export function abstractAddress(name: string): Uint8Array {
  return Uint8Array.from([AF_UNIX, 0, 0, ...Array.from(name, (character) => character.charCodeAt(0))]);
}

/** As /proc/net/unix and ss(8) show it: of an abstract one with the byte 0 before it. */
export function shownName(address: Uint8Array): string {
  const name = latin1(address.subarray(2));
  return name.startsWith('\0') ? name : name.replace(/\0.*$/, '');
}
