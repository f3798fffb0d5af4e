// User namespaces: whose uids and gids mean what, and where a capability counts. man 7 user_namespaces; Linux kernel/user_namespace.c.
import { IdMap } from './id-map.js';
import { Namespace } from './namespace.js';

/** How deep they nest. */
export const USER_NAMESPACE_LEVELS = 32;
/** Of all kinds together. */
const NAMESPACES_MAX = 8192;

export class UserNamespace extends Namespace {
  readonly uids: IdMap;
  readonly gids: IdMap;
  readonly level: number;
  /** May groups be set in it? Who was kept out of something by a group could leave it. /proc/PID/setgroups. */
  setGroupsAllowed: boolean;

  constructor(
    readonly parent: UserNamespace | undefined,
    /** The effective uid of its creator, who has all capabilities in it. */
    readonly ownerUid: number,
  ) {
    super();
    this.uids = parent ? new IdMap() : IdMap.identity();
    this.gids = parent ? new IdMap() : IdMap.identity();
    this.level = parent ? parent.level + 1 : 0;
    this.setGroupsAllowed = parent ? parent.setGroupsAllowed : true;
  }

  static initial(): UserNamespace {
    return new UserNamespace(undefined, 0);
  }

  get owner(): UserNamespace | undefined {
    return this.parent;
  }

  /** Namespaces that belong to it and to those below it. */
  private owned = 0;

  count(more: number): void {
    for (let at: UserNamespace | undefined = this; at; at = at.parent) at.owned += more;
  }

  /** May there be `more`? One program is not to have all that the system can. */
  hasRoomFor(more: number): boolean {
    for (let at: UserNamespace | undefined = this; at; at = at.parent)
      if (at.owned + more > NAMESPACES_MAX) return false;
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
}
