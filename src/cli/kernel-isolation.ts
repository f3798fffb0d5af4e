// What a program of `tabvisor kernel run` shares with others, and whose ids it has: --share and --userns.
// man 7 namespaces; the words are those of /proc/PID/ns, and for maps those of podman run --uidmap.
import { InputError } from '../base/errors.js';
import { type Extent, parseExtents } from '../kernel/ns/id-map.js';

/** Namespaces, as /proc/PID/ns calls them. */
export const SHARED_KINDS = ['mnt', 'net', 'ipc', 'uts', 'pid', 'cgroup', 'user', 'time'] as const;
export type SharedKind = (typeof SHARED_KINDS)[number];

/** Of each kind that is shared the process, by its number in the node. */
export type Shares = Partial<Record<SharedKind, number>>;

const SHARE_USAGE =
  'Write it as --share net=7 or --share net=7,ipc=7 or --share all=7; tabvisor kernel top shows the numbers.';
/** Options that say of a namespace what only its first program can. */
const SAID_BY: Readonly<Record<string, SharedKind>> = {
  '--rootfs': 'mnt',
  '--image': 'mnt',
  '--upper': 'mnt',
  '--bind': 'mnt',
  '--net': 'net',
  '--net-rate': 'net',
  '--hostname': 'uts',
  '--userns': 'user',
  '--memory': 'cgroup',
  '--memory-high': 'cgroup',
  '--cpus': 'cgroup',
  '--cpu-weight': 'cgroup',
  '--pids': 'cgroup',
  '--io-max': 'cgroup',
  '--device': 'cgroup',
};

/** `KIND=PID,...`, where `all` is every kind. `given`: options that were. Throws InputError. */
export function parseShares(texts: readonly string[], given: readonly string[]): Shares {
  const shares: Shares = {};
  for (const text of texts)
    for (const one of text.split(',')) {
      const [, kind, number] = /^([a-z]+)=([1-9]\d{0,8})$/.exec(one) ?? [];
      const kinds = kind === 'all' ? SHARED_KINDS : SHARED_KINDS.filter((known) => known === kind);
      if (kinds.length === 0)
        throw new InputError(
          `--share ${one}: is no NS=PID, where NS is one of ${SHARED_KINDS.join(' ')} or all`,
          SHARE_USAGE,
        );
      for (const known of kinds) shares[known] = Number(number);
    }
  for (const option of given) {
    const kind = SAID_BY[option];
    if (kind && shares[kind] !== undefined)
      throw new InputError(
        `${option}: the program has the ${kind} namespace of process ${shares[kind]}, where that is settled`,
        `Leave ${option} away, or do not share ${kind}.`,
      );
  }
  return shares;
}

/** What --userns without a value is: as the first range of /etc/subuid. */
const USUAL_MAP = '0:100000:65536';

/** `UID:HOST:COUNT,...`; undefined: no namespace of its own. Throws InputError. */
export function parseUserMap(text: string | true | undefined, option = '--userns'): Extent[] | undefined {
  if (text === undefined) return undefined;
  const map = text === true ? USUAL_MAP : text;
  const extents = /^[\d:,]+$/.test(map) ? parseExtents(map.replaceAll(':', ' ').replaceAll(',', '\n')) : -1;
  if (typeof extents === 'number')
    throw new InputError(
      `${option} ${map}: is no UID:HOST:COUNT, or its ranges overlap`,
      `Ids from UID on become those from HOST on, as in ${USUAL_MAP}.`,
    );
  if (!extents.some(({ first, count }) => first === 0 && count > 0))
    throw new InputError(`${option} ${map}: there is no id 0 in it`, `The program would have no root: ${USUAL_MAP}.`);
  return extents;
}
