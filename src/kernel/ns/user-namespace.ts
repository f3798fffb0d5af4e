// User namespaces: whose uids and gids mean what, and where a capability counts. man 7 user_namespaces; Linux kernel/user_namespace.c.
import { type Extent, IdMap, OVERFLOW_ID } from './id-map.js';
import { Namespace } from './namespace.js';
import { LIMIT_MAX, type LimitedKind, NamespaceLimits } from './namespace-limits.js';

/** How deep they nest. */
export const USER_NAMESPACE_LEVELS = 32;
/** Of all kinds together, whatever the limits say: each takes memory of the host's that nobody is charged for. */
const NAMESPACES_MAX = 8192;
/** Of each kind, in the first one. */
const FIRST_LIMIT = 4096;

export class UserNamespace extends Namespace {
  readonly uids: IdMap;
  readonly gids: IdMap;
  readonly level: number;
  readonly limits: NamespaceLimits;
  /** May groups be set in it? Who was kept out of something by a group could leave it. /proc/PID/setgroups. */
  setGroupsAllowed: boolean;

  constructor(
    readonly parent: UserNamespace | undefined,
    /** The effective uid of its creator, who has all capabilities in it. */
    readonly ownerUid: number,
  ) {
    super();
    this.creator = ownerUid;
    this.limits = new NamespaceLimits(parent ? LIMIT_MAX : FIRST_LIMIT);
    this.uids = parent ? new IdMap() : IdMap.identity();
    this.gids = parent ? new IdMap() : IdMap.identity();
    this.level = parent ? parent.level + 1 : 0;
    this.setGroupsAllowed = parent ? parent.setGroupsAllowed : true;
  }

  static initial(): UserNamespace {
    return new UserNamespace(undefined, 0).hold();
  }

  get limitedBy(): LimitedKind {
    return 'user';
  }

  /** One that the host makes, whose ids stand for those of `parent` that `extents` say; undefined: it has not all of them. */
  static mapped(parent: UserNamespace, extents: readonly Extent[]): UserNamespace | undefined {
    const made = new UserNamespace(parent, 0);
    const refused = made.uids.give(extents, parent.uids) || made.gids.give(extents, parent.gids);
    return refused === 0 ? made : undefined;
  }

  get owner(): UserNamespace | undefined {
    return this.parent;
  }

  /** Namespaces that belong to it and to those below it. */
  private owned = 0;

  /** It and all above, with who counts there: `uid` here, above the one who made the namespace below. */
  private *counters(uid: number): Generator<[UserNamespace, number]> {
    let who = uid;
    for (let at: UserNamespace | undefined = this; at; at = at.parent) {
      yield [at, who];
      who = at.ownerUid;
    }
  }

  /** The user has `more` namespaces of the kind. */
  count(kind: LimitedKind, uid: number, more: number): void {
    for (const [at, who] of this.counters(uid)) {
      at.owned += more;
      at.limits.count(kind, who, more);
    }
  }

  /** May the user make one more of the kind? */
  hasRoomFor(kind: LimitedKind, uid: number): boolean {
    for (const [at, who] of this.counters(uid))
      if (at.owned >= NAMESPACES_MAX || at.limits.isReached(kind, who)) return false;
    return true;
  }

  isWithin(other: UserNamespace): boolean {
    for (let at: UserNamespace | undefined = this; at; at = at.parent) if (at === other) return true;
    return false;
  }

  /** The kernel's id of its root; undefined: it has none. */
  get root(): number | undefined {
    return this.uids.inKernel(0);
  }

  /** Whose the files are that the host makes for it: root's, or nobody's. */
  get rootIds(): { uid: number; gid: number } {
    return { uid: this.root ?? OVERFLOW_ID, gid: this.gids.inKernel(0) ?? OVERFLOW_ID };
  }
}
