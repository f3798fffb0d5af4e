// Capabilities of a file, in its attribute security.capability: 1, 2 and 3. The third names a root, for whose user namespaces they count.
// man 7 capabilities, "File capabilities"; Linux uapi/linux/capability.h struct vfs_ns_cap_data, security/commoncap.c.
import { EINVAL, EOVERFLOW, EPERM } from '../abi/errno.js';
import type { UserNamespace } from '../ns/user-namespace.js';
import type { Inode } from '../vfs/inode.js';
import { CAP_SETFCAP, CapabilitySet } from './capability.js';
import type { Credentials } from './credentials.js';

const REVISION_MASK = 0xff000000;
const REVISION_1 = 0x01000000;
const REVISION_2 = 0x02000000;
const REVISION_3 = 0x03000000;
/** A program that knows nothing of capabilities: what it is permitted it has. */
const FLAG_EFFECTIVE = 1;
const SIZES = new Map([
  [REVISION_1, 12],
  [REVISION_2, 20],
  [REVISION_3, 24],
]);
const SIZE_2 = 20;
const SIZE_3 = 24;
const ROOT_AT = 20;

export interface FileCapabilities {
  permitted: CapabilitySet;
  inheritable: CapabilitySet;
  effective: boolean;
}

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
const revisionOf = (bytes: Uint8Array): number =>
  bytes.length < 4 ? 0 : (viewOf(bytes).getUint32(0, true) & REVISION_MASK) >>> 0;
const isWhole = (bytes: Uint8Array): boolean => SIZES.get(revisionOf(bytes)) === bytes.length;

/** The root that it names as those see it whose filesystem it is on. */
const rootOf = (bytes: Uint8Array): number => (bytes.length === SIZE_3 ? viewOf(bytes).getUint32(ROOT_AT, true) : 0);

/** The kernel's id of that; undefined: it has none. Who made the filesystem may be of a namespace of his own. */
function kernelRoot({ fs: { owner } }: Inode, bytes: Uint8Array): number | undefined {
  const root = rootOf(bytes);
  return owner ? owner.uids.inKernel(root) : root;
}

/** Is the id root's of the namespace or of one above it? */
function isRootAbove(root: number, namespace: UserNamespace): boolean {
  for (let at: UserNamespace | undefined = namespace; at; at = at.parent) if (at.root === root) return true;
  return false;
}

/** As the second version, or with a root as the third. */
function rewritten(bytes: Uint8Array, root?: number): Uint8Array {
  const made = new Uint8Array(root === undefined ? SIZE_2 : SIZE_3);
  made.set(bytes.subarray(0, SIZE_2));
  const view = viewOf(made);
  const flags = view.getUint32(0, true) & FLAG_EFFECTIVE;
  view.setUint32(0, (root === undefined ? REVISION_2 : REVISION_3) | flags, true);
  if (root !== undefined) view.setUint32(ROOT_AT, root, true);
  return made;
}

/** What is kept of what a program sets, or a negated errno. Linux cap_convert_nscap. */
export function keptCapabilities(who: Credentials, inode: Inode, given: Uint8Array): Uint8Array | number {
  if (given.length < SIZE_2 || !isWhole(given)) return -EINVAL;
  if (!who.hasFor(inode, CAP_SETFCAP)) return -EPERM;
  const { owner } = inode.fs;
  const ofSystem = owner ? who.capable(owner, CAP_SETFCAP) : who.has(CAP_SETFCAP);
  if (given.length === SIZE_2 && ofSystem) return given;
  const root = who.userNamespace.uids.inKernel(rootOf(given));
  const kept = root === undefined || !owner ? root : owner.uids.from(root);
  return kept === undefined ? -EINVAL : rewritten(given, kept);
}

/** What a program sees of what is kept, or a negated errno. Linux cap_inode_getsecurity. */
export function shownCapabilities(who: Credentials, inode: Inode, kept: Uint8Array): Uint8Array | number {
  if (kept.length < SIZE_2 || !isWhole(kept)) return -EINVAL;
  const root = kernelRoot(inode, kept);
  if (root === undefined) return -EOVERFLOW;
  const shown = who.userNamespace.uids.from(root);
  if (shown !== undefined && shown !== 0) return rewritten(kept, shown);
  return isRootAbove(root, who.userNamespace) ? rewritten(kept) : -EOVERFLOW;
}

/** Those that count for who runs the file; undefined: it has none. A negated errno: they are no capabilities. */
export function capabilitiesOf(
  inode: Inode,
  kept: Uint8Array,
  namespace: UserNamespace,
): FileCapabilities | number | undefined {
  if (!isWhole(kept)) return -EINVAL;
  const root = kernelRoot(inode, kept);
  if (root === undefined || !isRootAbove(root, namespace)) return undefined;
  const view = viewOf(kept);
  const wide = kept.length >= SIZE_2;
  const set = (at: number): CapabilitySet =>
    new CapabilitySet(view.getUint32(at, true), wide ? view.getUint32(at + 8, true) : 0).and(CapabilitySet.ALL);
  return { permitted: set(4), inheritable: set(8), effective: (view.getUint32(0, true) & FLAG_EFFECTIVE) !== 0 };
}
