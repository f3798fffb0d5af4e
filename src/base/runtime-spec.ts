// A container as the OCI runtime-spec describes it (config.json): what of it we honour. What becomes of the rest: node/spec-fields.
// OCI runtime-spec 1.2: config.md, config-linux.md.

export interface RuntimeSpec {
  ociVersion?: string;
  process?: ProcessSpec;
  root?: { path?: string; readonly?: boolean };
  hostname?: string;
  domainname?: string;
  mounts?: MountSpec[];
  annotations?: Record<string, string>;
  linux?: LinuxSpec;
}

export interface ProcessSpec {
  terminal?: boolean;
  consoleSize?: { height: number; width: number };
  user?: UserSpec;
  args?: string[];
  env?: string[];
  cwd?: string;
  capabilities?: Partial<Record<CapabilitySetName, string[]>>;
  rlimits?: { type: string; soft: number; hard: number }[];
  noNewPrivileges?: boolean;
  oomScoreAdj?: number;
  scheduler?: { policy: string; nice?: number; priority?: number; flags?: string[] };
  ioPriority?: { class: string; priority?: number };
}

export type CapabilitySetName = 'bounding' | 'effective' | 'inheritable' | 'permitted' | 'ambient';

export interface UserSpec {
  uid?: number;
  gid?: number;
  umask?: number;
  additionalGids?: number[];
  /** Ours: names of the root's /etc/group, or numbers. */
  additionalGroups?: string[];
  /** USER[:GROUP], names of the root's /etc/passwd and /etc/group or numbers. It counts instead of uid and gid. */
  username?: string;
}

/** An option of a mount that is ours: the folder of the host is made where it is not there. */
export const MAKE_SOURCE = 'x-tabvisor.make-source';
/** Another: of a volume only what is at this path, whose names are bytes as characters, is mounted. */
export const VOLUME_PATH = 'x-tabvisor.path=';

export interface MountSpec {
  destination: string;
  type?: string;
  source?: string;
  options?: string[];
}

/** Ids from `containerID` on are those from `hostID` on outside. */
export interface IdMapping {
  containerID: number;
  hostID: number;
  size: number;
}

/** Of a new user namespace. */
export interface IdMappings {
  uidMappings?: IdMapping[];
  gidMappings?: IdMapping[];
}

export type NamespaceType = 'pid' | 'network' | 'mount' | 'ipc' | 'uts' | 'user' | 'cgroup' | 'time';

export interface LinuxSpec extends IdMappings {
  /** `path`: /proc/PID/ns/TYPE of a process of the node. */
  namespaces?: { type: NamespaceType; path?: string }[];
  devices?: {
    type: string;
    path: string;
    major?: number;
    minor?: number;
    fileMode?: number;
    uid?: number;
    gid?: number;
  }[];
  cgroupsPath?: string;
  resources?: ResourcesSpec;
  sysctl?: Record<string, string>;
  /** How far clocks of a new time namespace are ahead. */
  timeOffsets?: Partial<Record<'monotonic' | 'boottime', { secs?: number; nanosecs?: number }>>;
  seccomp?: SeccompSpec;
  maskedPaths?: string[];
  readonlyPaths?: string[];
  /** Of the root, as of a mount. */
  rootfsPropagation?: string;
  personality?: { domain?: string };
}

export interface ResourcesSpec {
  /** `checkBeforeUpdate`: a limit below what is in use is refused. */
  memory?: { limit?: number; reservation?: number; swap?: number; checkBeforeUpdate?: boolean };
  cpu?: {
    shares?: number;
    quota?: number;
    burst?: number;
    period?: number;
    cpus?: string;
    mems?: string;
    idle?: number;
  };
  pids?: { limit?: number };
  blockIO?: BlockIoSpec;
  unified?: Record<string, string>;
  /** Of each access the last rule that fits counts. */
  devices?: { allow: boolean; type?: string; major?: number; minor?: number; access?: string }[];
}

type DeviceRateSpec = { major: number; minor: number; rate: number };

export interface BlockIoSpec {
  /** 10 to 1000. */
  weight?: number;
  weightDevice?: { major: number; minor: number; weight?: number }[];
  throttleReadBpsDevice?: DeviceRateSpec[];
  throttleWriteBpsDevice?: DeviceRateSpec[];
  throttleReadIOPSDevice?: DeviceRateSpec[];
  throttleWriteIOPSDevice?: DeviceRateSpec[];
}

export interface SeccompSpec {
  defaultAction: string;
  defaultErrnoRet?: number;
  syscalls?: {
    names: string[];
    action: string;
    errnoRet?: number;
    args?: { index: number; value: number; valueTwo?: number; op: string }[];
  }[];
}
