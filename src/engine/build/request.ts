// What a client asks of a build. Docker Engine API, ImageBuild.
import type { CredentialSource } from '../../base/credentials.js';
import type { SecretSource } from './lending.js';

export interface BuildRequest {
  tags: readonly string[];
  target: string;
  buildArgs: ReadonlyMap<string, string | undefined>;
  labels: Readonly<Record<string, string>>;
  noCache: boolean;
  /** Stages that are built without the cache. */
  renewedStages?: readonly string[];
  /**
   * BuildKit's ways, and not the classic builder's: stages that the wanted one does not need are passed over, in whatever order
   * they stand; histories are told otherwise; WORKDIR is its user's.
   */
  buildKit?: boolean;
  pull: boolean;
  /** Containers go: when their step has succeeded; always. */
  remove: boolean;
  forceRemove: boolean;
  /** What FROM without --platform takes. */
  platform?: string;
  /** Of the containers that RUN makes, as a client gives it. */
  hostConfig: Readonly<Record<string, unknown>>;
  credentials?: CredentialSource;
  secrets?: SecretSource;
}

/** A request with all of its files. */
export interface WholeRequest extends BuildRequest {
  /** The context as a tar, perhaps compressed. */
  context: AsyncIterable<Uint8Array>;
  /** Or where it is on the web. */
  remote?: string;
  /** Of the Dockerfile in it; '' for the usual one. */
  dockerfile: string;
}

/** A step as people are shown it: the image that a stage begins with, or an instruction that changes files. */
export interface BuildStep {
  /** The stage's name or number, where there are several. */
  stage?: string;
  /** Of all of the stage's, from 1. */
  number: number;
  total: number;
  text: string;
}

/** Where it says what it does. */
export interface BuildOutput {
  say(text: string): void;
  /** What a command says; false: nobody listens any more. */
  command(stream: 1 | 2, bytes: Uint8Array): Promise<boolean>;
  progress(progress: { id?: string; status: string; current?: number; total?: number }): void;
  /** A stage's image. */
  image(id: string): void;
  /** A step begins; it ends, done or found in the cache. */
  stepBegins?(step: BuildStep): void;
  stepEnds?(cached: boolean): void;
  /** What follows is of these lines of the Dockerfile. */
  lines?(first: number, last: number): void;
}
