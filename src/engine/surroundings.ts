// What a container needs of the engine around it.
import type { IdMappings, MountSpec, NamespaceType } from '../base/runtime-spec.js';
import type { MountedFile, MountPlace, NodeClient } from '../runtime/node-client.js';
import type { Container } from './container.js';
import type { Turns } from '../base/turns.js';
import type { EndpointRequest, NetworkSetup } from './endpoints.js';
import type { Events } from './events.js';
import type { Exec, ExecConfig } from './exec.js';
import type { EngineHost } from './host.js';
import type { Network } from './networks.js';
import type { ContainerRecord, StateStore } from './state-store.js';

/** What a container is, but for its state. */
export type ContainerParts = Omit<ContainerRecord, 'state'>;

/** What a container needs of the engine around it. */
export interface Surroundings {
  node: NodeClient;
  host: EngineHost;
  events: Events;
  state: StateStore;
  /** Of those who read logs. */
  readers: Turns;
  /** Told of what fails and is nobody's request. */
  complain(what: string): void;
  /** Whom the users of containers are on the node. */
  remap?: IdMappings;
  /** The engine is closing: nobody is started any more. */
  closing(): boolean;
  /** The node has its root and volumes when this resolves. */
  prepare(container: Container): Promise<void>;
  /** Paths of the namespaces that other containers lend it. Throws EngineError. */
  joined(container: Container): Partial<Record<NamespaceType, string>>;
  /** Its places in networks; it leaves them. Throws EngineError. */
  enter(container: Container): Promise<NetworkSetup>;
  leave(container: Container): void;
  connect(container: Container, request: EndpointRequest): Promise<void>;
  disconnect(container: Container, network: Network): Promise<void>;
  /** Texts over files of its root. */
  files(container: Container): Record<string, string>;
  remove(container: Container): Promise<void>;
  /** A further process in it. */
  exec(container: Container, config: ExecConfig): Exec;
}

/** What a build lends its container while it runs: nothing of it is ever kept. */
export interface Lent {
  mounts: MountSpec[];
  files: Readonly<Record<string, MountedFile>>;
  env: readonly string[];
  /** Where its mounts lie: no change of its root. */
  places: MountPlace[];
}
