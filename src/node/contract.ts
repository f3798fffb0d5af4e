// What passes between the engine and a node's worker: calls with their answers, bytes of standard streams, what happens by itself.
// Ours. All of it is plain data. Streams have windows: who sends no more than WINDOW bytes that are not acknowledged fills no memory.
import type { LayerIndex } from '../base/layer-index.js';
import type { IdMappings, MountSpec, ProcessSpec, ResourcesSpec, RuntimeSpec } from '../base/runtime-spec.js';

/** Bytes of a stream that may be under way. */
export const WINDOW = 1 << 18;

/** A layer of a root: an uncompressed tar that the worker's host can open by its name. */
export interface Layer {
  id: string;
  blob: string;
  /** Absent: the node makes it. */
  index?: LayerIndex;
}

export interface NodeInfo {
  /** Bytes of memory, and what is free of them. */
  memory: number;
  free: number;
  release: string;
  version: string;
}

/** A process of a container: the container's own, or with `exec` another one. */
export interface ProcessName {
  id: string;
  exec?: string;
}

/** A port of a container, and where the host has it. */
export interface PublishedPort {
  protocol: 'tcp' | 'udp';
  port: number;
  hostAddress: string;
  /** 0: the host chooses. */
  hostPort: number;
  /** The first free one from hostPort to this one is taken. */
  lastHostPort?: number;
}

/** A network's addresses, as 172.18.0.0/16, and the bridge's among them. */
export interface Subnet {
  subnet: string;
  gateway: string;
}

/** A container's place in a network: an interface of its own, which gets the next name of eth0, eth1, unless it has one. */
export interface Endpoint {
  network: string;
  address: string;
  /** Of IPv6. */
  address6?: string;
  /** Addresses of the link alone besides. */
  linkLocal?: string[];
  interface?: string;
  /** As 02:42:ac:11:00:02. */
  station?: string;
  /** Those that others in the network find it by; the first is its address's name. */
  names: string[];
  /** Names by which it alone finds others: whose, by what they stand for. */
  links?: Record<string, string>;
  /** Of those that have a way out the first of the greatest leads to it. */
  priority?: number;
}

/** An interface of a container's that an engine outside has made: it leads out of the node. */
export interface OuterInterface {
  name: string;
  /** As 02:42:ac:11:00:02. */
  station: string;
  mtu: number;
  /** As 10.88.0.5/16, and the one of everybody there. */
  addresses: { address: string; broadcast?: string }[];
}

export interface OuterRoute {
  /** As 0.0.0.0/0. */
  destination: string;
  /** The name of one of the interfaces. */
  interface: string;
  gateway?: string;
  metric: number;
}

export interface OuterNetwork {
  interfaces: OuterInterface[];
  routes: OuterRoute[];
}

export interface Statistics {
  /** Nanoseconds of the processor, those that the kernel worked for it among them, and what all have had meanwhile. */
  cpu: number;
  kernelCpu: number;
  systemCpu: number;
  throttledPeriods: number;
  periods: number;
  throttledNanoseconds: number;
  /** Bytes. */
  memory: number;
  memoryPeak: number;
  memoryLimit: number;
  memoryStat: Record<string, number>;
  failures: number;
  pids: number;
  pidsLimit?: number;
  interfaces: Record<string, InterfaceStatistics>;
  /** Of each disk that it has used. */
  disks: DiskStatistics[];
}

export interface DiskStatistics {
  major: number;
  minor: number;
  readBytes: number;
  readOperations: number;
  writtenBytes: number;
  writtenOperations: number;
}

export interface InterfaceStatistics {
  receivedBytes: number;
  receivedPackets: number;
  sentBytes: number;
  sentPackets: number;
}

export interface ProcessRow {
  pid: number;
  parent: number;
  uid: number;
  /** Milliseconds since 1970. */
  started: number;
  /** Nanoseconds of the processor. */
  cpu: number;
  terminal: string;
  command: string;
  /** Of its leader: a letter of ps(1). */
  state: string;
  nice: number;
  threads: number;
  /** Bytes of its addresses, and of its pages that are there. */
  virtual: number;
  resident: number;
  group: number;
  session: number;
}

/** A container's files, whether it runs or not: its root, and folders of the host and volumes that lie in it. */
export interface FilesOf {
  root: string;
  mounts: MountSpec[];
}

/** What stat(2) says. */
export interface FileStatus {
  mode: number;
  size: number;
  seconds: number;
  nanoseconds: number;
  /** Where a symbolic link leads in the end. */
  target?: string;
}

export interface FileChange {
  path: string;
  /** Changed, added, deleted. */
  kind: 0 | 1 | 2;
}

/** A file that is mounted over one of a container's root, in ids of the container. */
export interface MountedFile {
  bytes: Uint8Array;
  mode: number;
  uid: number;
  gid: number;
}

/** A place for what is mounted: a directory or a file. */
export interface MountPlace {
  path: string;
  isFile: boolean;
}

/** What a volume has while nothing is in it: its own rights, in ids of its containers, or all of a directory of layers. */
export type VolumeBeginning = { mode: number; uid: number; gid: number } | { layers: Layer[]; path: string };

/** The calls, each with one argument; the verbs of the OCI runtime-spec and what an engine asks besides. */
export interface NodeCalls {
  info(): NodeInfo;
  /** How many objects of each class there are, and frames that are not free: for what should have gone. */
  census(): Record<string, number>;
  /**
   * A root that can be changed: layers, the lowest first, or a folder of the host, which is written to. It stays until it is removed,
   * whatever containers have it. `upper`: the store that changes of it are kept in, made where there is none; without one they are in
   * memory alone. `places`: are there for mounts, and no change of the root. `owners`: whose the files of the layers are in the node, for containers with a user namespace of that mapping.
   */
  addRoot(
    root:
      | { id: string; layers: Layer[]; upper?: string; places?: MountPlace[]; owners?: IdMappings }
      | { id: string; folder: string },
  ): void;
  /** With its store; `keep`: that stays, for the next to add it. */
  removeRoot(root: { id: string; keep?: boolean }): void;
  /** Layers that nobody will ask for any more: each goes with the last root that has it. */
  forgetLayers(layers: { ids: string[] }): void;
  /** What has changed in a root over its layers, as the tar of a layer; to be read to its end, or closed. */
  openChanges(root: { id: string }): { archive: number };
  /** The next bytes of an archive; undefined: that was all, and it is closed. */
  readArchive(archive: { archive: number }): Promise<Uint8Array | undefined>;
  closeArchive(archive: { archive: number }): void;
  statFile(file: FilesOf & { path: string }): FileStatus;
  /** The tar of what is at `path`, which is called `name` in it: an archive to be read. */
  openTree(tree: FilesOf & { path: string; name: string }): { archive: number };
  /** An archive to be written, a tar that is unpacked in the directory `path`. `owner`: a user of the root's, who is to have it all. */
  openUnpacking(
    into: FilesOf & { path: string; owner?: string; readOnlyRoot?: boolean; noOverwriteDirNonDir?: boolean },
  ): { archive: number };
  writeArchive(archive: { archive: number; bytes: Uint8Array }): void;
  endArchive(archive: { archive: number }): void;
  listChanges(root: { root: string }): FileChange[];
  /** Bytes of files that a root, or a volume, has of its own. */
  usage(of: { root: string } | { volume: string }): { bytes: number; files: number };
  /** `isolated`: those that are in it do not reach each other. `keepsAddresses`: what goes out does not go as the node. `prefix`: of its interfaces. */
  addNetwork(
    network: Subnet & {
      id: string;
      bridge: string;
      ipv6?: Subnet;
      internal: boolean;
      mtu?: number;
      isolated?: boolean;
      keepsAddresses?: boolean;
      prefix?: string;
    },
  ): void;
  removeNetwork(network: { id: string }): void;
  /** `store`: as a root's `upper`. `layers` instead: they are what is in it at first, and what changes is kept in memory alone. */
  addVolume(volume: {
    id: string;
    store?: string;
    layers?: Layer[];
    owners?: IdMappings;
    begins?: VolumeBeginning;
  }): void;
  removeVolume(volume: { id: string; keep?: boolean }): void;
  /** What has changed in roots and volumes is in their stores, and on the host's storage: to be asked before a node is ended. */
  sync(): void;
  /** `files`: what is mounted over files of the root; a text is root's, and anybody may read it. */
  create(container: {
    id: string;
    root: string;
    spec: RuntimeSpec;
    files?: Record<string, string | MountedFile>;
    /** The kernel itself is process 1: it inherits orphans and lets them go, and ends with the program. */
    reaper?: boolean;
    /** Absent: it has no networks, and never will. */
    endpoints?: Endpoint[];
    ports?: PublishedPort[];
    /** Absent: the uplink's. */
    nameServers?: string[];
  }): { pid: number };
  /** Gives it interfaces that lead out of the node: once, before it starts. */
  plug(container: { id: string; network: OuterNetwork }): void;
  connect(place: { id: string; endpoint: Endpoint }): void;
  disconnect(place: { id: string; network: string }): void;
  /** It is found by other names from now on. */
  rename(place: { id: string; network: string; names: string[] }): void;
  /** Opens a container's ports on the host: as they are open. */
  publish(container: { id: string }): Promise<PublishedPort[]>;
  start(container: { id: string }): void;
  /** `all`: to everybody in it. */
  kill(signal: ProcessName & { signal: number; all?: boolean }): void;
  delete(container: { id: string; force?: boolean }): void;
  pause(container: { id: string }): void;
  resume(container: { id: string }): void;
  update(change: { id: string; resources: ResourcesSpec }): void;
  exec(process: { id: string; exec: string; process: ProcessSpec }): { pid: number };
  resize(size: ProcessName & { rows: number; columns: number }): void;
  stats(container: { id: string }): Statistics;
  processes(container: { id: string }): ProcessRow[];
}

export type CallName = keyof NodeCalls;
export type ArgumentOf<N extends CallName> = Parameters<NodeCalls[N]> extends [infer A] ? A : undefined;
export type ResultOf<N extends CallName> = Awaited<ReturnType<NodeCalls[N]>>;

/** Why a call failed, in words for people, and of what kind it is. */
export interface Failure {
  kind: 'missing' | 'conflict' | 'invalid' | 'unsupported' | 'not-found' | 'not-executable' | 'bug';
  message: string;
}

export type ToNode =
  | { call: number; name: CallName; argument: unknown }
  | { input: ProcessName; bytes: Uint8Array }
  | { inputEnd: ProcessName }
  /** So many bytes of output have been taken. */
  | { taken: ProcessName; stream: 1 | 2; count: number };

export type FromNode =
  | { ready: true }
  | { answer: number; result?: unknown; failure?: Failure }
  | { output: ProcessName; stream: 1 | 2; bytes: Uint8Array }
  /** So many bytes of input have been read. */
  | { inputTaken: ProcessName; count: number }
  /** It has ended, and all of its output has been told. `status` is as wait4 gives it. */
  | { exited: ProcessName; status: number; oomKilled: boolean }
  | { oom: string };

/** One end of the way between them: a MessagePort, a Worker, or in a test a pair of queues. */
export interface Channel<Out, In> {
  send(message: Out): void;
  onMessage(receive: (message: In) => void): void;
  /** Somebody waits for the other end: now it must be there. */
  wake?(): void;
}
