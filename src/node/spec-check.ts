// A config.json from outside: of the right types, no longer than it may be, and nothing in it that is not to be had.
// OCI runtime-spec 1.2, config.md; its schema/config-schema.json.
import type { IdMappings, ProcessSpec, ResourcesSpec, RuntimeSpec } from '../base/runtime-spec.js';
import { Refusal } from './refusal.js';
import { refuseFields } from './spec-fields.js';

/** A check of one value: throws, with the place in its message. */
type Check = (value: unknown, place: string) => void;

const TEXT_MAX = 131_072;
const LIST_MAX = 16_384;

function wrong(place: string, rule: string): never {
  throw new Refusal('invalid', `config.json: ${place}: ${rule}`);
}

const text: Check = (value, place) => {
  if (typeof value !== 'string') wrong(place, 'must be a string');
  if (value.length > TEXT_MAX) wrong(place, `is longer than ${TEXT_MAX} bytes`);
  if (value.includes('\0')) wrong(place, 'has a NUL in it');
};
const path: Check = (value, place) => {
  text(value, place);
  if (!(value as string).startsWith('/')) wrong(place, `'${value}' is no absolute path`);
  if ((value as string).length > 4095) wrong(place, 'is longer than 4095 bytes');
};
const flag: Check = (value, place) => {
  if (typeof value !== 'boolean') wrong(place, 'must be true or false');
};
const number =
  (least: number, most: number): Check =>
  (value, place) => {
    if (!Number.isFinite(value) || (value as number) < least || (value as number) > most)
      wrong(place, `must be a number from ${least} to ${most}`);
  };
const listOf =
  (check: Check, most = LIST_MAX): Check =>
  (value, place) => {
    if (!Array.isArray(value)) wrong(place, 'must be a list');
    if (value.length > most) wrong(place, `has more than ${most} items`);
    for (const [i, item] of value.entries()) check(item, `${place}[${i}]`);
  };
const mapOf =
  (check: Check): Check =>
  (value, place) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) wrong(place, 'must be an object');
    const entries = Object.entries(value);
    if (entries.length > LIST_MAX) wrong(place, `has more than ${LIST_MAX} entries`);
    for (const [name, item] of entries) {
      text(name, place);
      check(item, `${place}.${name}`);
    }
  };
/** Members that are there are checked; those of `needed` must be. */
const object =
  (members: Record<string, Check>, ...needed: string[]): Check =>
  (value, place) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) wrong(place, 'must be an object');
    const given = value as Record<string, unknown>;
    for (const name of needed) if (given[name] === undefined) wrong(`${place}.${name}`, 'is needed');
    for (const [name, check] of Object.entries(members))
      if (given[name] !== undefined && given[name] !== null) check(given[name], `${place}.${name}`);
  };

const id = number(0, 0xffff_fffe);
const amount = number(-1, 2 ** 63);

const DEVICE = { major: number(0, 4095), minor: number(0, 0xfffff) };
const RATES = listOf(object({ ...DEVICE, rate: amount }, 'major', 'minor', 'rate'), 1024);

const RESOURCES = object({
  memory: object({ limit: amount, reservation: amount, swap: amount, checkBeforeUpdate: flag }),
  cpu: object({
    shares: number(0, 2 ** 32),
    quota: amount,
    burst: number(0, 2 ** 32),
    period: number(0, 2 ** 32),
    cpus: text,
    mems: text,
    idle: number(0, 1),
  }),
  pids: object({ limit: amount }),
  blockIO: object({
    weight: number(0, 1000),
    weightDevice: listOf(object({ ...DEVICE, weight: number(0, 1000) }, 'major', 'minor'), 1024),
    throttleReadBpsDevice: RATES,
    throttleWriteBpsDevice: RATES,
    throttleReadIOPSDevice: RATES,
    throttleWriteIOPSDevice: RATES,
  }),
  unified: mapOf(text),
  devices: listOf(
    object({ allow: flag, type: text, major: number(-1, 4095), minor: number(-1, 0xfffff), access: text }, 'allow'),
    1024,
  ),
});

const OFFSET = object({ secs: number(-(2 ** 33), 2 ** 33), nanosecs: number(0, 999_999_999) });

const MAPPINGS = listOf(object({ containerID: id, hostID: id, size: id }, 'containerID', 'hostID', 'size'), 340);

const PROCESS = object(
  {
    terminal: flag,
    consoleSize: object({ height: number(0, 65535), width: number(0, 65535) }, 'height', 'width'),
    user: object({
      uid: id,
      gid: id,
      umask: number(0, 0o777),
      additionalGids: listOf(id, 65536),
      additionalGroups: listOf(text, 65536),
      username: text,
    }),
    args: listOf(text),
    env: listOf(text),
    cwd: path,
    capabilities: object(
      Object.fromEntries(
        ['bounding', 'effective', 'inheritable', 'permitted', 'ambient'].map((name) => [name, listOf(text, 256)]),
      ),
    ),
    rlimits: listOf(
      object({ type: text, soft: number(0, 2 ** 64), hard: number(0, 2 ** 64) }, 'type', 'soft', 'hard'),
      64,
    ),
    noNewPrivileges: flag,
    oomScoreAdj: number(-1000, 1000),
    scheduler: object(
      { policy: text, nice: number(-20, 19), priority: number(0, 99), flags: listOf(text, 16) },
      'policy',
    ),
    ioPriority: object({ class: text, priority: number(0, 7) }, 'class'),
  },
  'args',
);

const SECCOMP = object(
  {
    defaultAction: text,
    defaultErrnoRet: number(0, 4095),
    syscalls: listOf(
      object(
        {
          names: listOf(text, 4096),
          action: text,
          errnoRet: number(0, 4095),
          args: listOf(
            object(
              { index: number(0, 5), value: number(0, 2 ** 64), valueTwo: number(0, 2 ** 64), op: text },
              'index',
              'value',
              'op',
            ),
            16,
          ),
        },
        'names',
        'action',
      ),
      4096,
    ),
  },
  'defaultAction',
);

const SPEC = object({
  root: object({ readonly: flag }),
  process: PROCESS,
  hostname: text,
  domainname: text,
  mounts: listOf(
    object({ destination: path, type: text, source: text, options: listOf(text, 256) }, 'destination'),
    1024,
  ),
  linux: object({
    namespaces: listOf(object({ type: text, path: text }, 'type'), 16),
    devices: listOf(
      object(
        {
          type: text,
          path,
          major: number(0, 4095),
          minor: number(0, 0xfffff),
          fileMode: number(0, 0o177777),
          uid: id,
          gid: id,
        },
        'type',
        'path',
      ),
      1024,
    ),
    cgroupsPath: text,
    uidMappings: MAPPINGS,
    gidMappings: MAPPINGS,
    resources: RESOURCES,
    sysctl: mapOf(text),
    timeOffsets: object({ monotonic: OFFSET, boottime: OFFSET }),
    seccomp: SECCOMP,
    maskedPaths: listOf(path, 1024),
    readonlyPaths: listOf(path, 1024),
    rootfsPropagation: text,
    personality: object({ domain: text }),
  }),
});

export function checkMappings(mappings: unknown): asserts mappings is IdMappings | undefined {
  if (mappings !== undefined) object({ uidMappings: MAPPINGS, gidMappings: MAPPINGS })(mappings, 'owners');
}
/** Throws Refusal. */
export function checkSpec(spec: unknown): asserts spec is RuntimeSpec {
  SPEC(spec, 'the config');
  refuseFields(spec);
}
export function checkProcess(process: unknown): asserts process is ProcessSpec {
  PROCESS(process, 'process');
  refuseFields(process, 'process.');
}
export function checkResources(resources: unknown): asserts resources is ResourcesSpec {
  RESOURCES(resources, 'resources');
  refuseFields(resources, 'linux.resources.');
}
