// Who a task acts as: user and group identities, groups, capabilities. man 7 credentials; Linux include/linux/cred.h.
// A value: a change makes a new one, so tasks and open files can share it.
import type { UserNamespace } from '../ns/user-namespace.js';
import { CapabilitySet } from './capability.js';

export interface CredentialFields {
  uid: number;
  euid: number;
  suid: number;
  fsuid: number;
  gid: number;
  egid: number;
  sgid: number;
  fsgid: number;
  groups: readonly number[];
  inheritable: CapabilitySet;
  permitted: CapabilitySet;
  effective: CapabilitySet;
  bounding: CapabilitySet;
  ambient: CapabilitySet;
  /** SECBIT_* bits: prctl(PR_SET_SECUREBITS). */
  securebits: number;
  userNamespace: UserNamespace;
}

export class Credentials implements CredentialFields {
  readonly uid!: number;
  readonly euid!: number;
  readonly suid!: number;
  readonly fsuid!: number;
  readonly gid!: number;
  readonly egid!: number;
  readonly sgid!: number;
  readonly fsgid!: number;
  readonly groups!: readonly number[];
  readonly inheritable!: CapabilitySet;
  readonly permitted!: CapabilitySet;
  readonly effective!: CapabilitySet;
  readonly bounding!: CapabilitySet;
  readonly ambient!: CapabilitySet;
  readonly securebits!: number;
  readonly userNamespace!: UserNamespace;

  constructor(fields: CredentialFields) {
    Object.assign(this, fields);
  }

  /** Root with every capability in `userNamespace`. */
  static root(userNamespace: UserNamespace): Credentials {
    return Credentials.user(userNamespace, 0, 0, []);
  }

  /** A user's, in the kernel's ids; who is root in `userNamespace` has every capability there. */
  static user(userNamespace: UserNamespace, uid: number, gid: number, groups: readonly number[]): Credentials {
    const all = uid === userNamespace.root ? CapabilitySet.ALL : CapabilitySet.NONE;
    return new Credentials({
      uid,
      euid: uid,
      suid: uid,
      fsuid: uid,
      gid,
      egid: gid,
      sgid: gid,
      fsgid: gid,
      groups,
      inheritable: CapabilitySet.NONE,
      permitted: all,
      effective: all,
      bounding: CapabilitySet.ALL,
      ambient: CapabilitySet.NONE,
      securebits: 0,
      userNamespace,
    });
  }

  with(change: Partial<CredentialFields>): Credentials {
    return new Credentials({ ...this, ...change });
  }

  inGroup(gid: number): boolean {
    return gid === this.fsgid || this.groups.includes(gid);
  }

  /** Does the capability count for what is nobody's but the whole kernel's: Linux capable()? */
  has(capability: number): boolean {
    return this.effective.has(capability) && this.userNamespace.parent === undefined;
  }

  /** Does it count in the task's own user namespace? */
  hasHere(capability: number): boolean {
    return this.effective.has(capability);
  }

  /** Does it count for a file: are its owners somebody in the task's own user namespace? Linux capable_wrt_inode_uidgid(). */
  hasFor({ uid, gid }: { readonly uid: number; readonly gid: number }, capability: number): boolean {
    if (!this.effective.has(capability)) return false;
    const { uids, gids } = this.userNamespace;
    return uids.from(uid) !== undefined && gids.from(gid) !== undefined;
  }

  /** Who makes a user namespace, or joins it, has every capability there. Linux set_cred_user_ns(). */
  within(userNamespace: UserNamespace): Credentials {
    return this.with({
      userNamespace,
      securebits: 0,
      inheritable: CapabilitySet.NONE,
      permitted: CapabilitySet.ALL,
      effective: CapabilitySet.ALL,
      bounding: CapabilitySet.ALL,
      ambient: CapabilitySet.NONE,
    });
  }

  /** Does it count in `namespace`: in its own, or as the creator of a descendant? man 7 user_namespaces. */
  capable(namespace: UserNamespace, capability: number): boolean {
    for (let at: UserNamespace | undefined = namespace; at; at = at.parent) {
      if (at === this.userNamespace) return this.hasHere(capability);
      if (at.parent === this.userNamespace && at.ownerUid === this.euid) return true;
    }
    return false;
  }
}
