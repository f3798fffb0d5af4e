// User namespaces: whose uids and gids mean what. man 7 user_namespaces. Maps and creation come with the other namespaces.

export class UserNamespace {
  constructor(
    readonly parent: UserNamespace | undefined,
    /** The effective uid of its creator. */
    readonly owner: number,
    /** How many ancestors it has. */
    readonly level: number,
  ) {}

  static initial(): UserNamespace {
    return new UserNamespace(undefined, 0, 0);
  }
}
