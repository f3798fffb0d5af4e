// Who somebody is to a registry. What is kept of it is the host's: Docker's configuration file and its helpers.
// Docker's config.json, "auths"; docker-credential-helpers.

export type Credentials =
  | { kind: 'password'; username: string; password: string }
  /** What a login has left instead of a password. */
  | { kind: 'token'; identityToken: string };

/** `server` as Docker's configuration names it: a registry's host, or `https://index.docker.io/v1/`. */
export type CredentialSource = (server: string) => Promise<Credentials | undefined>;
