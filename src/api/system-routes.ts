// Routes of the engine itself: ping, version, info, events. Docker Engine API, "System".
import { RUNTIME } from '../engine/container-config.js';
import { census } from '../base/census.js';
import type { Engine } from '../engine/engine.js';
import { LOG_DRIVERS } from '../engine/log-options.js';
import type { Router } from '../http/router.js';
import { json } from './answers.js';
import { eventsOf } from './events.js';
import { API_VERSION, MIN_API_VERSION } from './versions.js';

export interface About {
  /** Of tabvisor. */
  version: string;
  /** Where the data is. */
  root: string;
  /** Says what there is of objects, to who looks for what should have gone: GET /debug/vars. */
  debug?: boolean;
}

const PING_HEADERS = {
  'Api-Version': API_VERSION,
  Ostype: 'linux',
  'Docker-Experimental': 'false',
  Swarm: 'inactive',
  // clients before 23.0 would speak BuildKit their own old way (version=2 of /build) for a 2; those since take buildx where they have it
  'Builder-Version': '1',
  'Cache-Control': 'no-cache, no-store, must-revalidate',
  Pragma: 'no-cache',
  'Content-Type': 'text/plain; charset=utf-8',
};

export function systemRoutes(router: Router, engine: Engine, about: About): void {
  for (const method of ['GET', 'HEAD'])
    router.add(method, '/_ping', async () => ({
      status: 200,
      body: 'OK',
      headers: PING_HEADERS,
    }));
  router.add('GET', '/version', async () => json(await versionOf(engine, about)));
  router.add('GET', '/info', async () => json(await infoOf(engine, about)));
  router.add('GET', '/events', async (request) => eventsOf(engine, request));
  if (about.debug)
    router.add('GET', '/debug/vars', async () =>
      json({ engine: census(engine), node: await engine.node.call('census') }),
    );
}

async function versionOf(engine: Engine, { version }: About) {
  const { release } = await engine.node.call('info');
  const details = {
    ...{ ApiVersion: API_VERSION, Arch: '386', BuildTime: '', Experimental: 'false', GitCommit: '', GoVersion: '' },
    ...{ KernelVersion: release, MinAPIVersion: MIN_API_VERSION, Os: 'linux' },
  };
  return {
    Platform: { Name: 'tabvisor' },
    Components: [{ Name: 'Engine', Version: version, Details: details }],
    Version: version,
    ApiVersion: API_VERSION,
    MinAPIVersion: MIN_API_VERSION,
    GitCommit: '',
    GoVersion: '',
    Os: 'linux',
    Arch: '386',
    KernelVersion: release,
    BuildTime: '',
  };
}

async function infoOf(engine: Engine, { version, root, debug = false }: About) {
  const { memory, release } = await engine.node.call('info');
  const containers = [...engine.containers.values()];
  const count = (status: string): number => containers.filter((container) => container.status === status).length;
  const [running, paused] = [count('running'), count('paused')];
  return {
    ID: engine.name,
    Containers: containers.length,
    ContainersRunning: running,
    ContainersPaused: paused,
    ContainersStopped: containers.length - running - paused,
    Images: (await engine.images.list()).length,
    Driver: 'overlay',
    DriverStatus: [['Layers', 'mounted where they lie']],
    Plugins: { Volume: ['local'], Network: ['bridge', 'host', 'null'], Log: LOG_DRIVERS },
    ...{ MemoryLimit: true, SwapLimit: false, CpuCfsPeriod: true, CpuCfsQuota: true, CPUShares: true, CPUSet: true },
    ...{ PidsLimit: true, OomKillDisable: false, IPv4Forwarding: true, Debug: debug, NFd: 0, NGoroutines: 0 },
    SystemTime: new Date(engine.host.date()).toISOString(),
    LoggingDriver: 'json-file',
    CgroupDriver: 'cgroupfs',
    CgroupVersion: '2',
    NEventsListener: 0,
    KernelVersion: release,
    OperatingSystem: 'tabvisor',
    OSVersion: version,
    OSType: 'linux',
    Architecture: 'i686',
    NCPU: 1,
    MemTotal: memory,
    IndexServerAddress: 'https://index.docker.io/v1/',
    RegistryConfig: { InsecureRegistryCIDRs: ['127.0.0.0/8', '::1/128'], IndexConfigs: {}, Mirrors: [] },
    DockerRootDir: root,
    ...{ HttpProxy: '', HttpsProxy: '', NoProxy: '' },
    Name: engine.name,
    Labels: [],
    ExperimentalBuild: false,
    ServerVersion: version,
    Runtimes: { [RUNTIME]: { path: RUNTIME } },
    DefaultRuntime: RUNTIME,
    Swarm: {
      NodeID: '',
      NodeAddr: '',
      LocalNodeState: 'inactive',
      ControlAvailable: false,
      Error: '',
      RemoteManagers: [],
    },
    LiveRestoreEnabled: false,
    Isolation: '',
    InitBinary: '',
    ContainerdCommit: { ID: '' },
    RuncCommit: { ID: '' },
    InitCommit: { ID: '' },
    SecurityOptions: ['name=seccomp,profile=builtin', 'name=cgroupns', ...(engine.remap ? ['name=userns'] : [])],
    Warnings: ['WARNING: No swap limit support'],
  };
}
