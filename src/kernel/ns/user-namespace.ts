// User namespaces: whose uids and gids mean what. man 7 user_namespaces.
import { Namespace } from './namespace.js';

export class UserNamespace extends Namespace {
  constructor(
    readonly parent: UserNamespace | undefined,
    /** The effective uid of its creator. */
    readonly ownerUid: number,
    /** How many ancestors it has. */
    readonly level: number,
  ) {
    super();
  }

  get owner(): UserNamespace | undefined {
    return this.parent;
  }

  static initial(): UserNamespace {
    return new UserNamespace(undefined, 0, 0);
  }
}
