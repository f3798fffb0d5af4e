// A tar as we write it: ustar headers, and a pax header before those that ustar has no room for. Equal entries give equal bytes.
// POSIX pax(1), "ustar Interchange Format", "pax Extended Header".
import { fromLatin1, latin1, joined } from '../../base/bytes.js';
import { BLOCK } from './header.js';

export interface WrittenEntry {
  /** Bytes as characters 0 to 255, without a slash at its beginning. */
  name: string;
  /** One character, as a header has it. */
  type: string;
  mode: number;
  uid?: number;
  gid?: number;
  size?: number;
  seconds?: number;
  nanoseconds?: number;
  link?: string;
  major?: number;
  minor?: number;
  xattrs?: ReadonlyMap<string, Uint8Array>;
}

const OCTAL_7 = 0o7777777;
const OCTAL_11 = 0o77777777777;

/** The two blocks that end an archive. */
export const archiveEnd = (): Uint8Array => new Uint8Array(2 * BLOCK);

/** What fills up the last block behind `size` bytes. */
export const padding = (size: number): Uint8Array => new Uint8Array((BLOCK - (size % BLOCK)) % BLOCK);

/** All that stands before an entry's data. */
export function headersOf(entry: WrittenEntry): Uint8Array {
  const records = recordsOf(entry);
  if (records === '') return headerOf(entry);
  const data = latin1(records);
  const name = `PaxHeaders/${entry.name.replace(/\/$/, '').split('/').at(-1)}`.slice(0, 100);
  return joined([
    headerOf({ name, type: 'x', mode: 0o644, size: data.length }),
    data,
    padding(data.length),
    headerOf(entry),
  ]);
}

const isAscii = (text: string): boolean => /^[\x20-\x7e]*$/.test(text);

/** What does not fit into the header itself. */
function recordsOf({
  name,
  link = '',
  uid = 0,
  gid = 0,
  size = 0,
  seconds = 0,
  nanoseconds = 0,
  xattrs,
}: WrittenEntry): string {
  const records: [string, string][] = [];
  if (name.length > 100 || !isAscii(name)) records.push(['path', name]);
  if (link.length > 100 || !isAscii(link)) records.push(['linkpath', link]);
  if (uid > OCTAL_7) records.push(['uid', String(uid)]);
  if (gid > OCTAL_7) records.push(['gid', String(gid)]);
  if (size > OCTAL_11) records.push(['size', String(size)]);
  if (nanoseconds !== 0 || seconds < 0 || seconds > OCTAL_11) records.push(['mtime', timeOf(seconds, nanoseconds)]);
  for (const key of [...(xattrs?.keys() ?? [])].sort())
    records.push([`SCHILY.xattr.${key}`, fromLatin1(xattrs!.get(key)!)]);
  return records.map(([key, value]) => recordOf(key, value)).join('');
}

function timeOf(seconds: number, nanoseconds: number): string {
  if (nanoseconds === 0) return String(seconds);
  const fraction = (value: number): string => String(value).padStart(9, '0').replace(/0+$/, '');
  if (seconds >= 0) return `${seconds}.${fraction(nanoseconds)}`;
  // nanoseconds count forward from the second before
  return `-${-seconds - 1}.${fraction(1e9 - nanoseconds)}`;
}

/** Its length counts itself. */
function recordOf(key: string, value: string): string {
  const rest = ` ${key}=${value}\n`;
  let length = rest.length + 1;
  while (String(length).length + rest.length !== length) length = String(length).length + rest.length;
  return `${length}${rest}`;
}

function headerOf(entry: WrittenEntry): Uint8Array {
  const { name, type, mode, uid = 0, gid = 0, size = 0, seconds = 0, link = '', major = 0, minor = 0 } = entry;
  const block = new Uint8Array(BLOCK);
  const put = (at: number, text: string): void => block.set(latin1(text), at);
  const octal = (at: number, digits: number, value: number, most: number): void =>
    put(at, (value >= 0 && value <= most ? value : 0).toString(8).padStart(digits, '0'));
  put(0, name.slice(0, 100));
  octal(100, 7, mode & 0o7777, OCTAL_7);
  octal(108, 7, uid, OCTAL_7);
  octal(116, 7, gid, OCTAL_7);
  octal(124, 11, size, OCTAL_11);
  octal(136, 11, seconds, OCTAL_11);
  put(148, '        ');
  put(156, type);
  put(157, link.slice(0, 100));
  put(257, 'ustar\x0000');
  octal(329, 7, major, OCTAL_7);
  octal(337, 7, minor, OCTAL_7);
  let sum = 0;
  for (const byte of block) sum += byte;
  put(148, `${sum.toString(8).padStart(6, '0')}\0 `);
  return block;
}
