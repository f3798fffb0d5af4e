// UTS namespaces: host name and domain name. man 7 uts_namespaces.
import type { UserNamespace } from './user-namespace.js';

export class UtsNamespace {
  constructor(
    public hostname: string,
    public domainname: string,
    readonly owner: UserNamespace,
  ) {}

  copy(owner: UserNamespace): UtsNamespace {
    return new UtsNamespace(this.hostname, this.domainname, owner);
  }
}
