// UTS namespaces: host name and domain name. man 7 uts_namespaces.
import { Namespace } from './namespace.js';
import type { LimitedKind } from './namespace-limits.js';
import type { UserNamespace } from './user-namespace.js';

export class UtsNamespace extends Namespace {
  constructor(
    public hostname: string,
    public domainname: string,
    readonly owner: UserNamespace,
  ) {
    super();
  }

  get limitedBy(): LimitedKind {
    return 'uts';
  }

  copy(owner: UserNamespace): UtsNamespace {
    return new UtsNamespace(this.hostname, this.domainname, owner);
  }
}
