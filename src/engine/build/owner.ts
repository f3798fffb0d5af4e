// Who --chown means, by the image's own /etc/passwd and /etc/group. man 5 passwd, group.
import { InputError } from '../../base/errors.js';
import { decodeText } from '../../base/text.js';
import type { Tree } from '../../oci/tree/tree.js';
import type { Owner } from './layer-draft.js';
import { fileAt, textOf } from './sources.js';

const FILE_MAX = 1 << 20;
const ID_MAX = 0xffff_fffe;

/** `NAME`, `UID`, each with `:GROUP` or `:GID`; without a group, a name's own, and of a number the same. Throws InputError. */
export async function ownerOf(image: Tree | undefined, text: string): Promise<Owner> {
  const [user, group, ...more] = text.split(':');
  if (!user || group === '' || more.length > 0) throw new InputError(`invalid chown string format: ${text}`);
  const entry = await entryOf(image, '/etc/passwd', user);
  const uid = idOf(entry?.[2] ?? user, 'user', user);
  if (group === undefined) return { uid, gid: entry ? idOf(entry[3] ?? '', 'group', user) : uid };
  const named = await entryOf(image, '/etc/group', group);
  return { uid, gid: idOf(named?.[2] ?? group, 'group', group) };
}

async function entryOf(image: Tree | undefined, file: string, name: string): Promise<string[] | undefined> {
  const bytes = image && (await textOf(image, fileAt(image, file), FILE_MAX));
  const lines = bytes ? (decodeText(bytes) ?? '').split('\n') : [];
  return lines.map((line) => line.split(':')).find(([first]) => first === name);
}

function idOf(text: string, what: 'user' | 'group', name: string): number {
  if (/^\d{1,10}$/.test(text) && Number(text) <= ID_MAX) return Number(text);
  const id = what === 'user' ? 'uid' : 'gid';
  throw new InputError(
    `unable to convert uid/gid chown string to host mapping: can't find ${id} for ${what} ${name}: no such ${what}: ${name}`,
  );
}
