// A stage of a build on its way: its image so far, and one instruction after the other. Each makes an image, or finds it made already.
// docs.docker.com/reference/dockerfile; lines of output are the classic builder's.
import { configDocument } from '../../oci/config-document.js';
import type { Digest } from '../../oci/digest.js';
import type { Platform } from '../../oci/platform.js';
import type { Spooled } from '../../oci/source/spool.js';
import { buildStep } from '../../oci/source/make.js';
import { layerTar } from '../../oci/tree/layer-tar.js';
import type { Tree } from '../../oci/tree/tree.js';
import type { Container } from '../container.js';
import { DEFAULT_PATH } from '../container-defaults.js';
import type { Engine } from '../engine.js';
import { InvalidParameter } from '../errors.js';
import type { Image } from '../images.js';
import type { BuildArgs } from './build-args.js';
import { findBuilt, type Step, stepDigest } from './cache.js';
import type { Cancellation } from './cancellation.js';
import { absolute, prepareCopy } from './copy.js';
import { type Instruction, parseTrigger } from './dockerfile.js';
import { download } from './download.js';
import { checkout } from './git/checkout.js';
import { openImageTree } from './image-tree.js';
import { LayerDraft, treeName } from './layer-draft.js';
import { applyMetadata, type Draft, shellOf, type Words } from './metadata.js';
import { ownerOf } from './owner.js';
import type { BuildOutput, BuildRequest } from './request.js';
import { Lending, type OpenFiles } from './lending.js';
import { mountOf, type RunMount } from './run-mounts.js';
import { buildContainer, changesIn, runCommand, runToEnd } from './run.js';
import { unpack } from './unpack.js';
import { expandWord } from './words.js';

/** What BuildKit says of itself in histories. */
const BUILDKIT = 'buildkit.dockerfile.v0';

/** Bytes of a container's name as people see it. */
const SHORT = 12;

export const shortId = (id: string): string => id.replace('sha256:', '').slice(0, SHORT);

/** What all stages of a build share. */
export interface Build {
  engine: Engine;
  request: BuildRequest;
  output: BuildOutput;
  cancellation: Cancellation;
  args: BuildArgs;
  escapeLetter: string;
  /** What --from means: files of a stage before, or of an image; undefined: the context's. */
  filesOf(from: string | undefined): Promise<OpenFiles>;
}

export class StageBuild {
  image: Image | undefined;
  /** The last step was found in the cache. */
  cached = false;
  private readonly draft: Draft;
  /** Once something had to be made, all that follows is made too. */
  private cacheBroken = false;
  /** Those of this step that are there still. */
  private readonly containers = new Set<Container>();

  constructor(
    private readonly build: Build,
    base: Image | undefined,
    private readonly platform: Platform,
  ) {
    this.image = base;
    const config = base?.config.config ?? {
      user: '',
      env: [],
      workingDir: build.request.buildKit ? '/' : '',
      exposedPorts: [],
      volumes: [],
      labels: new Map(),
      onBuild: [],
    };
    this.draft = { config: { ...config }, author: base?.config.author, commandGiven: false };
    if (!config.env.some((entry) => entry.startsWith('PATH=')))
      this.draft.config.env = [...config.env, `PATH=${DEFAULT_PATH}`];
  }

  /** Nothing of it is taken from the cache. */
  renew(): void {
    this.cacheBroken = true;
  }

  /** What the image below has for who builds on it. */
  async triggers(): Promise<void> {
    const triggers = this.draft.config.onBuild;
    if (triggers.length === 0) return;
    this.draft.config.onBuild = [];
    this.build.output.say(`# Executing ${triggers.length} build trigger${triggers.length > 1 ? 's' : ''}\n`);
    for (const trigger of triggers) {
      const instruction = parseTrigger(trigger);
      if (['ONBUILD', 'FROM', 'MAINTAINER'].includes(instruction.name))
        throw new InvalidParameter(`${instruction.name} isn't allowed as an ONBUILD trigger`);
      await this.take(instruction);
    }
  }

  async take(instruction: Instruction): Promise<void> {
    this.build.cancellation.check();
    let done = false;
    try {
      await this.dispatch(instruction);
      done = true;
    } finally {
      const { remove, forceRemove } = this.build.request;
      // nothing runs on for a client that has gone
      if (forceRemove || (remove && done) || this.build.cancellation.cancelled) await this.removeContainers();
      this.containers.clear();
    }
  }

  private async removeContainers(): Promise<void> {
    for (const container of this.containers) {
      await this.build.engine.remove(container, true, true);
      this.build.output.say(` ---> Removed intermediate container ${shortId(container.id)}\n`);
    }
  }

  private get words(): Words {
    const { config } = this.draft;
    const own = new Map(config.env.map((entry) => [entry.split('=', 1)[0]!, entry.slice(entry.indexOf('=') + 1)]));
    const { args, escapeLetter } = this.build;
    return { variables: (name) => own.get(name) ?? args.variables(name), escapeLetter };
  }

  private dispatch(instruction: Instruction): Promise<void> {
    switch (instruction.name) {
      case 'RUN':
        return this.run(instruction);
      case 'COPY':
      case 'ADD':
        return this.copy(instruction);
      case 'WORKDIR':
        return this.workdir(instruction);
      case 'ARG':
        return this.arg(instruction);
      default:
        return this.metadata(instruction);
    }
  }

  // ---- instructions ---------------------------------------------------------------------------------------------------------------

  private async metadata(instruction: Instruction): Promise<void> {
    const comment = applyMetadata(this.draft, instruction, this.words);
    if (comment === undefined) throw new InvalidParameter(`${instruction.name} can't be done here`);
    const ports = this.draft.config.exposedPorts.map((port) => `${port}:{}`).sort();
    await this.commitIdle(
      [...shellOf(this.draft.config), '#(nop) ', comment],
      instruction.name === 'EXPOSE' ? `EXPOSE map[${ports.join(' ')}]` : comment,
    );
  }

  /** Labels that the client gives: BuildKit's histories say nothing of them. */
  async labels(labels: Readonly<Record<string, string>>): Promise<void> {
    const { config } = this.draft;
    if (Object.keys(labels).length === 0) return;
    config.labels = new Map([...config.labels, ...Object.entries(labels)]);
    const step = { known: `LABEL ${JSON.stringify(labels)}`, told: undefined };
    if (!(await this.fromCache(step))) await this.commit(step, undefined);
  }

  private async arg({ pairs }: Instruction): Promise<void> {
    let comment = 'ARG';
    let told = 'ARG';
    for (const { name, value } of pairs) {
      const { variables, escapeLetter } = this.words;
      const plain = expandWord(name, variables, escapeLetter);
      const given = value === undefined ? undefined : expandWord(value, variables, escapeLetter);
      this.build.args.declare(plain, given);
      const is = this.build.args.variables(plain);
      comment += given === undefined ? ` ${plain}` : ` ${plain}=${given}`;
      told += is === undefined ? ` ${plain}` : ` ${plain}=${is}`;
    }
    await this.commitIdle([...shellOf(this.draft.config), '#(nop) ', comment], told);
  }

  private async workdir({ rest }: Instruction): Promise<void> {
    const { variables, escapeLetter } = this.words;
    const path = absolute(this.draft.config.workingDir || '/', expandWord(rest, variables, escapeLetter));
    this.draft.config.workingDir = path.length > 1 ? path.replace(/\/$/, '') : path;
    const { workingDir, user } = this.draft.config;
    const told = `WORKDIR ${workingDir}`;
    await this.commitIdle([...shellOf(this.draft.config), `#(nop) ${told}`], told, async (image) => {
      const draft = new LayerDraft(image, this.build.engine.host.date());
      // to the classic builder it is root's
      const owner = this.build.request.buildKit && user !== '' ? await ownerOf(image, user) : undefined;
      draft.directory(treeName(workingDir), { owner });
      return draft.tree;
    });
  }

  /** What changes no file but what `layer` says. As in Docker, the classic builder has a container stand for it, which never runs. */
  private async commitIdle(
    command: readonly string[],
    told: string,
    layer?: (image: Tree | undefined) => Promise<Tree>,
  ): Promise<void> {
    const step = { known: command.join(' '), told };
    if (await this.fromCache(step)) return;
    if (this.image && !this.build.request.buildKit) await this.container(command);
    if (!layer) return this.commit(step, undefined);
    const below = await openImageTree(this.build.engine.images.store, this.image);
    try {
      await this.commit(step, layerTar(await layer(below.tree)));
    } finally {
      below.close();
    }
  }

  private async container(args: readonly string[], more: Readonly<Record<string, unknown>> = {}): Promise<Container> {
    const { engine, output, request } = this.build;
    const HostConfig = request.hostConfig;
    const container = await buildContainer(engine, this.image!.id, args, { HostConfig, ...more }, request.remove);
    this.containers.add(container);
    output.say(` ---> Running in ${shortId(container.id)}\n`);
    return container;
  }

  private async run(instruction: Instruction): Promise<void> {
    const { engine, args, output, cancellation } = this.build;
    const { config } = this.draft;
    const remembered = args.remembered(config.env);
    const command = runCommand(instruction, shellOf(config));
    const flags = instruction.flags.map(({ name, value }) => `--${name}=${value}`);
    const { codecs } = engine.images.store;
    const lending = await Lending.open(this.mountsOf(instruction), {
      ...{ engine, codecs, cancellation, secrets: this.build.request.secrets },
      files: (from) => this.build.filesOf(from),
    });
    try {
      const known = counted([...remembered, ...lending.remembered]);
      const step = {
        known: [...known, ...flags, ...command.shown].join(' '),
        told: `RUN ${[...counted(args.declaredIn(config.env)), ...command.args].join(' ')} # buildkit`,
      };
      if (await this.fromCache(step)) return;
      if (!this.image)
        throw new InvalidParameter(
          `failed to create task for container: exec: "${command.args[0]}": there is no file in an image from scratch`,
        );
      const { lent, mounts } = await lending.lend(command.script);
      const container = await this.container(command.args, {
        Env: args.environment(config.env),
        HostConfig: { ...this.hostConfigOf(instruction), ...(mounts.length > 0 && { Mounts: mounts }) },
      });
      container.lent = lent;
      await runToEnd(container, { command, cancellation, output: (stream, bytes) => output.command(stream, bytes) });
      await this.commit(step, changesIn(engine, container));
    } finally {
      await lending.release();
    }
  }

  private mountsOf({ flags }: Instruction): RunMount[] {
    const { variables, escapeLetter } = this.words;
    const workingDir = this.draft.config.workingDir || '/';
    return flags
      .filter(({ name }) => name === 'mount')
      .map(({ value }) => mountOf(expandWord(value, variables, escapeLetter), workingDir));
  }

  /** Limits and network that the client has asked for, and what the instruction's own flags say. */
  private hostConfigOf({ flags }: Instruction): Record<string, unknown> {
    const valuesOf = (name: string): string[] => flags.filter((flag) => flag.name === name).map(({ value }) => value);
    if (valuesOf('device').length > 0) throw new InvalidParameter('RUN --device: no devices are led into a build');
    if (valuesOf('security').some((value) => value !== 'sandbox'))
      throw new InvalidParameter('RUN --security=insecure is not allowed');
    const network = valuesOf('network').find((value) => value !== 'default');
    return { ...this.build.request.hostConfig, ...(network !== undefined && { NetworkMode: network }) };
  }

  private async copy(instruction: Instruction): Promise<void> {
    const { engine } = this.build;
    const { store } = engine.images;
    const spooled: Pick<Spooled, 'release'>[] = [];
    const trees: { close(): void }[] = [];
    const below = await openImageTree(store, this.image);
    try {
      const copy = await prepareCopy(instruction, this.words, {
        codecs: store.codecs,
        image: below.tree,
        workingDir: this.draft.config.workingDir || '/',
        now: engine.host.date(),
        buildKit: this.build.request.buildKit ?? false,
        from: async (name) => {
          const opened = await this.build.filesOf(name);
          trees.push(opened);
          return opened.tree;
        },
        download: async (url, checksum) => {
          const found = await download(store, engine.host.web, url, checksum);
          spooled.push(found.spooled);
          return found.source;
        },
        repository: async (address) => {
          const { files, release } = await checkout(store, engine.host.web, address);
          spooled.push({ release });
          return files.tree;
        },
        unpacked: async (source) => {
          const found = await unpack(store, source);
          if (found) spooled.push(found.spooled);
          return found?.tree;
        },
      });
      const step = {
        known: [...shellOf(this.draft.config), `#(nop) ${copy.comment}`].join(' '),
        told: `${copy.written} # buildkit`,
      };
      if (await this.fromCache(step)) return;
      await this.commit(step, layerTar(await copy.layer()));
    } finally {
      below.close();
      for (const tree of trees) tree.close();
      for (const one of spooled) await one.release();
    }
  }

  // ---- images ---------------------------------------------------------------------------------------------------------------------

  private async fromCache(step: Step): Promise<boolean> {
    const { build, platform, image: parent } = this;
    const { config, author } = this.draft;
    this.cached = false;
    if (build.request.noCache || this.cacheBroken) return false;
    const { codecs, images } = build.engine.images.store;
    const digest = build.request.buildKit ? stepDigest(step, codecs) : undefined;
    const found = await findBuilt(images, { parent, step, digest, config, author, platform });
    if (!found) {
      this.cacheBroken = true;
      return false;
    }
    build.output.say(' ---> Using cache\n');
    this.image = found;
    this.cached = true;
    return true;
  }

  private async commit(step: Step, layer: AsyncIterable<Uint8Array> | undefined): Promise<void> {
    const { engine, request } = this.build;
    const { config, author } = this.draft;
    const { store } = engine.images;
    const createdBy = request.buildKit ? step.told : step.known;
    const id: Digest = await buildStep(store, this.image, this.platform, createdBy, layer, {
      created: engine.host.date(),
      config: configDocument(config),
      ...(author !== undefined && { author }),
      ...(request.buildKit && { comment: BUILDKIT, step: stepDigest(step, store.codecs) }),
    });
    this.image = await store.images.get(id);
  }
}

/** Arguments as a history has them before a command. */
const counted = (entries: readonly string[]): string[] =>
  entries.length > 0 ? [`|${entries.length}`, ...entries] : [];
