// The flags of `run` and `create`, and the container that they ask for. Docker docs, "docker container run"; Engine API, ContainerCreate.
import { messageOf } from '../../base/errors.js';
import type { Json } from './api-client.js';
import { Complaint } from './complaint.js';
import { DEVICE_FLAGS, devicesIn } from './device-options.js';
import { type Flag, flag, NO_TRUST, type Values } from './flags.js';
import { host } from './host.js';
import { fields, mountOf } from './mount-option.js';

export const RESOURCE_FLAGS: readonly Flag[] = [
  flag('--blkio-weight', 'int', 'weight on disks against other containers (10 to 1000)', '0'),
  flag('-c, --cpu-shares', 'int', 'weight against other containers'),
  flag('--cpu-period', 'int', 'period of the CPU quota, in microseconds'),
  flag('--cpu-quota', 'int', 'CPU time in each period, in microseconds'),
  flag('--cpu-rt-period', 'int', 'period of real-time scheduling, which there is none of'),
  flag('--cpu-rt-runtime', 'int', 'time of real-time scheduling, which there is none of'),
  flag('--cpus', 'decimal', 'how many CPUs it may use'),
  flag('--cpuset-cpus', 'string', 'on which CPUs it may run (0-3, 0,1)'),
  flag('--cpuset-mems', 'string', 'which memory nodes it may use (0-3, 0,1)'),
  flag('--kernel-memory', 'bytes', 'memory of the kernel for it, which is counted with its own'),
  flag('-m, --memory', 'bytes', 'memory that it may use'),
  flag('--memory-reservation', 'bytes', 'memory that it keeps when memory is short'),
  flag('--memory-swap', 'bytes', 'memory and swap together; -1: no limit'),
  flag('--pids-limit', 'int', 'how many processes it may have; -1: no limit'),
];

export const CONTAINER_FLAGS: readonly Flag[] = [
  flag('--add-host', 'list', 'one more line of /etc/hosts (host:ip)'),
  flag('--annotation', 'list', 'an annotation for the runtime'),
  flag('-a, --attach', 'list', 'attach STDIN, STDOUT or STDERR alone'),
  flag('--cap-add', 'list', 'a capability more'),
  flag('--cap-drop', 'list', 'a capability less'),
  flag('--cgroup-parent', 'string', 'the control group above its own'),
  flag('--cgroupns', 'string', 'cgroup namespace (host|private)'),
  flag('--cidfile', 'string', 'write its ID into this file'),
  flag('--dns', 'list', 'a DNS server'),
  flag('--dns-option', 'list', 'an option of resolv.conf'),
  flag('--dns-search', 'list', 'a search domain'),
  flag('--domainname', 'string', 'its NIS domain name'),
  flag('--entrypoint', 'string', "instead of the image's entrypoint"),
  flag('-e, --env', 'list', 'an environment variable'),
  flag('--env-file', 'list', 'a file of environment variables'),
  flag('--expose', 'list', 'a port that it listens on'),
  flag('--group-add', 'list', 'one more group'),
  flag('--health-cmd', 'string', 'what tells whether it is healthy'),
  flag('--health-interval', 'duration', 'time between two checks (ms|s|m|h)', '0s'),
  flag('--health-retries', 'int', 'failures in a row that mean unhealthy'),
  flag('--health-start-interval', 'duration', 'time between two checks while it starts', '0s'),
  flag('--health-start-period', 'duration', 'how long failures do not count', '0s'),
  flag('--health-timeout', 'duration', 'how long a check may take', '0s'),
  flag('-h, --hostname', 'string', 'its host name'),
  flag('--init', 'bool', 'an init as process 1, which forwards signals and reaps'),
  flag('-i, --interactive', 'bool', 'keep standard input open'),
  flag('--ip', 'string', 'its IPv4 address'),
  flag('--ip6', 'string', 'its IPv6 address'),
  flag('--ipc', 'string', 'IPC namespace'),
  flag('--isolation', 'string', 'default'),
  flag('-l, --label', 'list', 'a label'),
  flag('--label-file', 'list', 'a file of labels'),
  flag('--link', 'list', 'another container by a name of its own (NAME[:ALIAS])'),
  flag('--link-local-ip', 'list', 'a link-local address'),
  flag('--log-driver', 'string', 'where its output goes (json-file|local|none)'),
  flag('--log-opt', 'list', "an option of the log's driver"),
  flag('--mac-address', 'string', 'its MAC address'),
  flag('--memory-swappiness', 'int', 'how soon memory is swapped, where there is swap (0 to 100)', '-1'),
  flag('--mount', 'list', 'a mount (type=bind|volume|tmpfs|image,source=,target=,readonly)'),
  flag('--name', 'string', 'its name'),
  flag('--network', 'list', 'its network'),
  flag('--network-alias', 'list', 'a name in its network'),
  flag('--no-healthcheck', 'bool', "leave the image's health check away"),
  flag('--oom-kill-disable', 'bool', 'it is not killed when memory is short, where that can be had'),
  flag('--oom-score-adj', 'int', 'how soon it is killed when memory is short (-1000 to 1000)'),
  flag('--pid', 'string', 'PID namespace'),
  flag('--platform', 'string', 'of an image for several, the platform'),
  flag('--privileged', 'bool', 'all capabilities, nothing masked'),
  flag('-p, --publish', 'list', 'a port of this host that leads to one of its'),
  flag('-P, --publish-all', 'bool', 'a port of this host for each that is exposed'),
  flag('--pull', 'string', 'get the image (always|missing|never)', 'missing'),
  flag('-q, --quiet', 'bool', 'say nothing of the pull'),
  flag('--read-only', 'bool', 'its root can not be written'),
  flag('--restart', 'string', 'when it is started again', 'no'),
  flag('--rm', 'bool', 'remove it when it has ended'),
  flag('--runtime', 'string', 'its runtime'),
  flag('--security-opt', 'list', 'seccomp, no-new-privileges'),
  flag('--shm-size', 'bytes', 'size of /dev/shm'),
  flag('--stop-signal', 'string', 'the signal that stops it'),
  flag('--stop-timeout', 'int', 'seconds that it has to stop'),
  flag('--storage-opt', 'list', 'an option of its root'),
  flag('--sysctl', 'list', 'a sysctl of its namespaces'),
  flag('--tmpfs', 'list', 'a filesystem in memory (PATH[:OPTIONS])'),
  flag('-t, --tty', 'bool', 'give it a terminal'),
  flag('--ulimit', 'list', 'a limit of its processes (nofile=1024:2048)'),
  flag('-u, --user', 'string', 'who it runs as (NAME|UID[:GROUP|GID])'),
  flag('--userns', 'string', 'user namespace'),
  flag('--uts', 'string', 'UTS namespace'),
  flag('-v, --volume', 'list', 'a folder of this host, or a volume (SOURCE:TARGET[:ro])'),
  flag('--volume-driver', 'string', 'the driver of its volumes'),
  flag('--volumes-from', 'list', 'what another container has mounted (CONTAINER[:ro])'),
  flag('-w, --workdir', 'string', 'its working folder'),
  NO_TRUST,
  ...DEVICE_FLAGS,
  ...RESOURCE_FLAGS,
];

function linesOf(path: string): string[] {
  try {
    return host.files
      .text(path)
      .split('\n')
      .map((line) => line.trimStart().replace(/\r$/, ''))
      .filter((line) => line !== '' && !line.startsWith('#'));
  } catch (error) {
    throw new Complaint(`open ${path}: ${messageOf(error)}`, 125);
  }
}

/** A name without a value has that of our environment, where there is one. */
const variables = (entries: readonly string[], keeps: boolean): string[] =>
  entries.flatMap((entry) => {
    if (entry.includes('=')) return [entry];
    const own = host.env(entry);
    return own !== undefined ? [`${entry}=${own}`] : keeps ? [entry] : [];
  });

export const environmentOf = (values: Values): string[] => [
  ...variables(values.list('env-file').flatMap(linesOf), false),
  ...variables(values.list('env'), true),
];

export function pairs(entries: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    entries.map((entry) => {
      const at = entry.indexOf('=');
      return at < 0 ? [entry, ''] : [entry.slice(0, at), entry.slice(at + 1)];
    }),
  );
}

interface Ports {
  exposed: Record<string, object>;
  bindings: Record<string, { HostIp: string; HostPort: string }[]>;
}

/** The numbers of `80-82`. */
function range(text: string): number[] | undefined {
  const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text);
  const from = Number(match?.[1]);
  const to = Number(match?.[2] ?? from);
  if (!match || to < from || to > 65535 || from < 1) return undefined;
  return Array.from({ length: to - from + 1 }, (_, i) => from + i);
}

function portsOf(publish: readonly string[], expose: readonly string[]): Ports {
  const ports: Ports = { exposed: {}, bindings: {} };
  const fail = (what: string, why: string): never => {
    throw new Complaint(`invalid argument "${what}" for "-p, --publish" flag: ${why}`, 125);
  };
  for (const entry of publish) {
    const [, ip = '', host = '', inside = '', protocol = 'tcp'] =
      /^(?:(\[[^\]]*\]|[^:[\]]*):(?=.*:))?(?:([^:]*):)?([^:/]+)(?:\/(\w+))?$/.exec(entry) ??
      fail(entry, `invalid containerPort: ${entry}`);
    const targets = range(inside) ?? fail(entry, `invalid containerPort: ${inside}`);
    const own = host === '' || host === '0' ? undefined : (range(host) ?? fail(entry, `invalid hostPort: ${host}`));
    if (own && own.length !== targets.length && targets.length > 1)
      fail(entry, `invalid ranges specified for container and host Ports: ${inside} and ${host}`);
    targets.forEach((port, i) => {
      const key = `${port}/${protocol.toLowerCase()}`;
      ports.exposed[key] = {};
      ports.bindings[key] ??= [];
      const HostPort = own === undefined ? host : own.length > targets.length ? host : String(own[i]);
      ports.bindings[key].push({ HostIp: ip.replace(/^\[|\]$/g, ''), HostPort });
    });
  }
  for (const entry of expose) {
    const [inside, protocol = 'tcp'] = entry.split('/') as [string, string?];
    for (const port of range(inside) ?? fail(entry, `invalid range format for --expose: ${entry}`))
      ports.exposed[`${port}/${protocol}`] = {};
  }
  return ports;
}

/** Its source as the engine, which may be in another folder, finds it. */
function bindOf(text: string): string {
  const [source, ...rest] = text.split(':') as [string, ...string[]];
  return source.startsWith('.') || source.startsWith('~/')
    ? [host.files.resolve(source.replace(/^~/, host.env('HOME') ?? '~')), ...rest].join(':')
    : text;
}

/** As host:ip, which may be written host=ip. */
export const extraHostOf = (entry: string): string => entry.replace(/^([^:=]+)=/, '$1:');

export function securityOf(entry: string): string {
  const path = /^seccomp[=:](.+)$/.exec(entry)?.[1];
  if (path === undefined || path === 'unconfined' || path === 'builtin') return entry;
  try {
    return `seccomp=${JSON.stringify(JSON.parse(host.files.text(host.files.real(path))))}`;
  } catch (error) {
    throw new Complaint(`opening seccomp profile (${path}) failed: ${messageOf(error)}`, 125);
  }
}

export function ulimitOf(entry: string): object {
  const match = /^(\w+)=(-?\d+)(?::(-?\d+))?$/.exec(entry);
  if (!match)
    throw new Complaint(`invalid argument "${entry}" for "--ulimit" flag: invalid ulimit argument: ${entry}`, 125);
  return { Name: match[1], Soft: Number(match[2]), Hard: Number(match[3] ?? match[2]) };
}

export function restartOf(text: string): { Name: string; MaximumRetryCount: number } {
  const [Name = '', count] = text.split(':');
  if (count !== undefined && (!/^\d{1,9}$/.test(count) || Name !== 'on-failure'))
    throw new Complaint(
      /^\d+$/.test(count)
        ? `invalid restart policy format: maximum retry count cannot be used with restart policy '${Name}'`
        : `invalid restart policy format: maximum retry count must be an integer`,
      125,
    );
  return { Name, MaximumRetryCount: Number(count ?? 0) };
}

/** Members of HostConfig that `update` has too; what is not given is undefined. */
export function resourcesOf(values: Values): Record<string, unknown> {
  const given = (name: string, value: () => unknown): unknown => (values.has(name) ? value() : undefined);
  return {
    BlkioWeight: given('blkio-weight', () => values.number('blkio-weight')),
    CpuRealtimePeriod: given('cpu-rt-period', () => values.number('cpu-rt-period')),
    CpuRealtimeRuntime: given('cpu-rt-runtime', () => values.number('cpu-rt-runtime')),
    CpuShares: given('cpu-shares', () => values.number('cpu-shares')),
    CpuPeriod: given('cpu-period', () => values.number('cpu-period')),
    CpuQuota: given('cpu-quota', () => values.number('cpu-quota')),
    NanoCpus: given('cpus', () => Math.round(Number(values.text('cpus')) * 1e9)),
    CpusetCpus: given('cpuset-cpus', () => values.text('cpuset-cpus')),
    CpusetMems: given('cpuset-mems', () => values.text('cpuset-mems')),
    KernelMemory: given('kernel-memory', () => values.bytes('kernel-memory')),
    Memory: given('memory', () => values.bytes('memory')),
    MemoryReservation: given('memory-reservation', () => values.bytes('memory-reservation')),
    MemorySwap: given('memory-swap', () => values.bytes('memory-swap')),
    PidsLimit: given('pids-limit', () => values.number('pids-limit')),
  };
}

function healthOf(values: Values): object | undefined {
  if (values.is('no-healthcheck')) return { Test: ['NONE'] };
  const names = ['cmd', 'interval', 'retries', 'start-interval', 'start-period', 'timeout'].map(
    (name) => `health-${name}`,
  );
  if (!names.some((name) => values.has(name))) return undefined;
  return {
    ...(values.has('health-cmd') && { Test: ['CMD-SHELL', values.text('health-cmd')] }),
    Interval: values.duration('health-interval'),
    Timeout: values.duration('health-timeout'),
    StartPeriod: values.duration('health-start-period'),
    StartInterval: values.duration('health-start-interval'),
    Retries: values.number('health-retries') ?? 0,
  };
}

export interface Attach {
  stdin: boolean;
  stdout: boolean;
  stderr: boolean;
}

export function attachOf(values: Values, detached: boolean): Attach {
  const asked = values.list('attach').map((name) => name.toLowerCase());
  for (const name of asked)
    if (!['stdin', 'stdout', 'stderr'].includes(name))
      throw new Complaint(
        `invalid argument "${name}" for "-a, --attach" flag: valid streams are STDIN, STDOUT and STDERR`,
        125,
      );
  const stdin = values.is('interactive');
  if (detached) return { stdin: false, stdout: false, stderr: false };
  if (asked.length === 0) return { stdin, stdout: true, stderr: true };
  return { stdin: asked.includes('stdin'), stdout: asked.includes('stdout'), stderr: asked.includes('stderr') };
}

/** The body of the request. Throws Complaint. */
export function containerOf(values: Values, args: readonly string[], detached: boolean): Json {
  const [Image, ...Cmd] = args as [string, ...string[]];
  const attach = attachOf(values, detached);
  const { exposed, bindings } = portsOf(values.list('publish'), values.list('expose'));
  const networks = values.list('network').map((text) => {
    const [name = text, ...more] = /^name=/.test(text)
      ? fields(text).sort((a) => (a.startsWith('name=') ? -1 : 1))
      : [text];
    const options = pairs(more);
    return { name: name.replace(/^name=/, ''), options };
  });
  const mode = networks[0]?.name ?? 'default';
  const endpoint = (first: boolean, options: Record<string, string>): object => {
    const ip = options.ip ?? (first ? values.text('ip') : '');
    const own6 = options.ip6 ?? (first ? values.text('ip6') : '');
    const station = options['mac-address'] ?? (first ? values.text('mac-address') : '');
    const linkLocal = [
      ...(first ? values.list('link-local-ip') : []),
      ...(options['link-local-ip'] ? [options['link-local-ip']] : []),
    ];
    const priority = Number(options['gw-priority'] ?? 0);
    const aliases = [...(first ? values.list('network-alias') : []), ...(options.alias ? [options.alias] : [])];
    const links = first ? values.list('link') : [];
    const ipam = {
      ...(ip && { IPv4Address: ip }),
      ...(own6 && { IPv6Address: own6 }),
      ...(linkLocal.length > 0 && { LinkLocalIPs: linkLocal }),
    };
    return {
      ...(Object.keys(ipam).length > 0 && { IPAMConfig: ipam }),
      ...(aliases.length > 0 && { Aliases: aliases }),
      ...(links.length > 0 && { Links: links }),
      ...(station && { MacAddress: station }),
      ...(priority !== 0 && { GwPriority: priority }),
    };
  };
  const all = networks.length > 0 ? networks : [{ name: 'default', options: {} }];
  const anonymous = values.list('volume').filter((entry) => !entry.includes(':'));
  const entrypoint = values.has('entrypoint') ? [values.text('entrypoint')] : null;
  return {
    Hostname: values.text('hostname'),
    Domainname: values.text('domainname'),
    User: values.text('user'),
    AttachStdin: attach.stdin,
    AttachStdout: attach.stdout,
    AttachStderr: attach.stderr,
    ExposedPorts: exposed,
    Tty: values.is('tty'),
    OpenStdin: values.is('interactive'),
    StdinOnce: values.is('interactive') && attach.stdin,
    Env: environmentOf(values),
    Cmd: Cmd.length > 0 ? Cmd : null,
    Entrypoint: entrypoint,
    Image,
    Labels: pairs([...values.list('label-file').flatMap(linesOf), ...values.list('label')]),
    Volumes: Object.fromEntries(anonymous.map((path) => [path, {}])),
    WorkingDir: values.text('workdir'),
    ...(values.has('stop-signal') && { StopSignal: values.text('stop-signal') }),
    ...(values.has('stop-timeout') && { StopTimeout: values.number('stop-timeout') }),
    ...(healthOf(values) && { Healthcheck: healthOf(values) }),
    HostConfig: {
      ...resourcesOf(values),
      ...devicesIn(values),
      CgroupParent: values.text('cgroup-parent'),
      Isolation: values.text('isolation'),
      Links: values.list('link'),
      MemorySwappiness: values.number('memory-swappiness') ?? -1,
      ...(values.has('oom-kill-disable') && { OomKillDisable: values.is('oom-kill-disable') }),
      StorageOpt: pairs(values.list('storage-opt')),
      VolumeDriver: values.text('volume-driver'),
      VolumesFrom: values.list('volumes-from'),
      DnsOptions: values.list('dns-option'),
      Binds: values
        .list('volume')
        .filter((entry) => entry.includes(':'))
        .map(bindOf),
      Mounts: values.list('mount').map(mountOf),
      Tmpfs: Object.fromEntries(
        values.list('tmpfs').map((entry) => {
          const at = entry.indexOf(':');
          return at < 0 ? [entry, ''] : [entry.slice(0, at), entry.slice(at + 1)];
        }),
      ),
      NetworkMode: mode,
      PidMode: values.text('pid'),
      IpcMode: values.text('ipc'),
      UTSMode: values.text('uts'),
      UsernsMode: values.text('userns'),
      CgroupnsMode: values.text('cgroupns'),
      PortBindings: bindings,
      PublishAllPorts: values.is('publish-all'),
      RestartPolicy: restartOf(values.text('restart')),
      AutoRemove: values.is('rm'),
      Privileged: values.is('privileged'),
      ReadonlyRootfs: values.is('read-only'),
      CapAdd: values.list('cap-add'),
      CapDrop: values.list('cap-drop'),
      SecurityOpt: values.list('security-opt').map(securityOf),
      Sysctls: pairs(values.list('sysctl')),
      ...(values.has('shm-size') && { ShmSize: values.bytes('shm-size') }),
      Ulimits: values.list('ulimit').map(ulimitOf),
      OomScoreAdj: values.number('oom-score-adj') ?? 0,
      ExtraHosts: values.list('add-host').map(extraHostOf),
      Dns: values.list('dns'),
      DnsSearch: values.list('dns-search'),
      GroupAdd: values.list('group-add'),
      ...(values.has('init') && { Init: values.is('init') }),
      Annotations: pairs(values.list('annotation')),
      ...(values.has('runtime') && { Runtime: values.text('runtime') }),
      LogConfig: { Type: values.text('log-driver'), Config: pairs(values.list('log-opt')) },
    },
    NetworkingConfig: {
      EndpointsConfig: Object.fromEntries(all.map(({ name, options }, i) => [name, endpoint(i === 0, options)])),
    },
  };
}
