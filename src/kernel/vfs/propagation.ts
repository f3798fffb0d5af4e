// What happens to a mount's peers and slaves when something is mounted on it, or unmounted. Linux
// Documentation/filesystems/sharedsubtree.rst, fs/pnode.c; man 7 mount_namespaces, "Shared subtrees".
import { MS_SHARED, MS_SLAVE, MS_UNBINDABLE } from '../abi/mount.js';
import type { Dentry } from './dentry.js';
import type { Mount } from './mount.js';

/** Mounts that are one another's equals: what is mounted on one is mounted on all, and on those whose master they are. */
export class PeerGroup {
  readonly members = new Set<Mount>();
  readonly slaves = new Set<Mount>();

  constructor(readonly id: number) {}
}

function join(mount: Mount, peers: PeerGroup): void {
  mount.peers = peers;
  peers.members.add(mount);
}

function follow(mount: Mount, master: PeerGroup | undefined): void {
  mount.master?.slaves.delete(mount);
  mount.master = master;
  master?.slaves.add(mount);
}

function share(mount: Mount): void {
  if (!mount.peers) join(mount, mount.table.newPeerGroup());
}

/** It leaves its peers, whose slave it becomes. Where it was the last of them, their slaves are left to its own master. */
function leavePeers(mount: Mount): void {
  const { peers, master } = mount;
  if (!peers) return;
  mount.peers = undefined;
  peers.members.delete(mount);
  if (peers.members.size > 0) {
    follow(mount, peers);
    return;
  }
  for (const slave of [...peers.slaves]) follow(slave, master);
  mount.table.forgetPeerGroup(peers);
}

/** MS_SHARED, MS_SLAVE, MS_PRIVATE or MS_UNBINDABLE. */
export function setPropagation(mount: Mount, type: number): void {
  mount.unbindable = type === MS_UNBINDABLE;
  if (type === MS_SHARED) {
    share(mount);
    return;
  }
  leavePeers(mount);
  if (type !== MS_SLAVE) follow(mount, undefined);
}

/** What a copy is to what it is a copy of. */
export type Relation = 'equal' | 'slave';

/** A copy is its original's peer and has the same master; or it is the slave of its original. */
export function relate(copy: Mount, original: Mount, relation: Relation): void {
  if (relation === 'slave' && original.peers) {
    follow(copy, original.peers);
    return;
  }
  if (original.peers) join(copy, original.peers);
  follow(copy, original.master);
}

/** A place that something mounted on another one is mounted on too: a copy of `source`, which is one of those before it. */
export interface Receiver {
  on: Mount;
  /** Of whom the copy is one: undefined for what is mounted itself, else the number of an earlier receiver. */
  source: number | undefined;
  relation: Relation;
  /** The copy is shared, with those on the peers of `on`. */
  shared: boolean;
}

/** Does the mount show the directory? One in no namespace is told of nothing. */
const shows = (mount: Mount, dentry: Dentry): boolean =>
  (dentry === mount.root || dentry.within(mount.root)) && !mount.top.detached;

/** All who receive what is mounted on `dentry` of `parent`, masters before slaves. */
export function receivers(parent: Mount, dentry: Dentry): Receiver[] {
  const found: Receiver[] = [];
  if (!parent.peers) return found;
  const seen = new Set([parent.peers]);
  const waiting: { group: PeerGroup; source: number | undefined }[] = [{ group: parent.peers, source: undefined }];
  for (const { group, source } of waiting) {
    if (group === parent.peers)
      for (const on of group.members)
        if (on !== parent && shows(on, dentry)) found.push({ on, source, relation: 'equal', shared: true });
    for (const slave of group.slaves) {
      const { peers } = slave;
      if (!peers) {
        if (shows(slave, dentry)) found.push({ on: slave, source, relation: 'slave', shared: false });
        continue;
      }
      if (seen.has(peers)) continue;
      seen.add(peers);
      let first = source;
      for (const on of peers.members) {
        if (!shows(on, dentry)) continue;
        const isFirst = first === source;
        found.push({ on, source: first, relation: isFirst ? 'slave' : 'equal', shared: true });
        if (isFirst) first = found.length - 1;
      }
      waiting.push({ group: peers, source: first });
    }
  }
  return found;
}

/** What is to be unmounted with `mount`: on the same place of all who received it. */
export function* receivedWith({ parent, mountpoint }: Mount): Generator<Mount> {
  if (!parent || !mountpoint) return;
  for (const { on } of receivers(parent, mountpoint)) {
    const other = on.mountOn(mountpoint);
    if (other) yield other;
  }
}

/** All of a tree are shared: it is mounted on what is. */
export function shareTree(top: Mount): void {
  for (const mount of top.tree()) share(mount);
}

/** As mountinfo tells it: 'shared:1 master:2 '. `sees`: does the reader see a mount? */
export function propagationText(mount: Mount, sees: (mount: Mount) => boolean): string {
  let text = mount.peers ? `shared:${mount.peers.id} ` : '';
  if (mount.master) {
    text += `master:${mount.master.id} `;
    // the nearest above that the reader knows
    let from: PeerGroup | undefined = mount.master;
    while (from && ![...from.members].some(sees)) from = [...from.members][0]?.master;
    if (from && from !== mount.master) text += `propagate_from:${from.id} `;
  }
  return mount.unbindable ? `${text}unbindable ` : text;
}
