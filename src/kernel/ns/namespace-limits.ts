// How many namespaces of each kind there may be in a user namespace, and how many each user has made. man 7 namespaces, "The /proc/sys/user
// directory"; Linux kernel/ucount.c.

/** As /proc/sys/user names them: max_KIND_namespaces. */
export const LIMITED_KINDS = ['cgroup', 'ipc', 'mnt', 'net', 'pid', 'time', 'user', 'uts'] as const;
export type LimitedKind = (typeof LIMITED_KINDS)[number];

/** A limit can't be higher. */
export const LIMIT_MAX = 0x7fffffff;

export class NamespaceLimits {
  private readonly limits = new Map<LimitedKind, number>();
  /** By kind and user. */
  private readonly counts = new Map<string, number>();

  constructor(
    /** Of each kind, until another number is said. */
    private readonly most: number,
  ) {}

  of(kind: LimitedKind): number {
    return this.limits.get(kind) ?? this.most;
  }
  set(kind: LimitedKind, limit: number): void {
    this.limits.set(kind, limit);
  }

  isReached(kind: LimitedKind, uid: number): boolean {
    return (this.counts.get(`${kind} ${uid}`) ?? 0) >= this.of(kind);
  }

  count(kind: LimitedKind, uid: number, more: number): void {
    const key = `${kind} ${uid}`;
    const count = (this.counts.get(key) ?? 0) + more;
    if (count === 0) this.counts.delete(key);
    else this.counts.set(key, count);
  }
}
