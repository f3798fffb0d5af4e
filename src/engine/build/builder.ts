// A build: the context comes, its Dockerfile is read, and one stage after the other is built; the last one's image is what it was for.
// Docker Engine API, ImageBuild; docs.docker.com/reference/dockerfile. Lines of output are the classic builder's.
import { InputError } from '../../base/errors.js';
import { formatPlatform, isOurs, parsePlatform, type Platform } from '../../oci/platform.js';
import { familiar, fullName, parseReference, type Reference, withTag } from '../../oci/reference.js';
import { Withdrawable } from '../../oci/registry/progress.js';
import { uncompressed } from '../../oci/source/compressed.js';
import { spool } from '../../oci/source/spool.js';
import type { Store } from '../../oci/store/store.js';
import type { Engine } from '../engine.js';
import { EngineError, InvalidParameter, NotFound } from '../errors.js';
import { engineError, type Image } from '../images.js';
import { BuildArgs } from './build-args.js';
import type { Cancellation } from './cancellation.js';
import { type BuildSource, openContext } from './context.js';
import type { Dockerfile, Instruction, Stage } from './dockerfile.js';
import { openImageTree } from './image-tree.js';
import type { OpenFiles } from './lending.js';
import { type Fetched, fetchContext } from './remote-context.js';
import type { BuildOutput, BuildRequest, WholeRequest } from './request.js';
import { type Build, shortId, StageBuild } from './stage.js';
import { goalOf, orderOf } from './stage-order.js';
import { expandWord } from './words.js';

/** The id of the image. Rejects with EngineError; whatever happens, no container and no file of the build is left. */
export async function buildImage(
  engine: Engine,
  request: WholeRequest,
  output: BuildOutput,
  cancellation: Cancellation,
): Promise<string> {
  const { store } = engine.images;
  try {
    const { found, release } =
      request.remote === undefined
        ? await sentContext(store, request)
        : await fetchContext(engine, request.remote, request.dockerfile);
    try {
      cancellation.check();
      return await buildOf(engine, request, found, output, cancellation);
    } finally {
      await release();
    }
  } catch (error) {
    throw error instanceof EngineError ? error : engineError(error);
  }
}

async function sentContext(store: Store, { context, dockerfile }: WholeRequest): Promise<Fetched<BuildSource>> {
  const spooled = await spool(store, await uncompressed(store.codecs, context, 'context'), 'context');
  try {
    return { found: await openContext(spooled, dockerfile), release: spooled.release };
  } catch (error) {
    await spooled.release();
    throw error;
  }
}

/** The same of files that are there. */
export async function buildOf(
  engine: Engine,
  request: BuildRequest,
  source: BuildSource,
  output: BuildOutput,
  cancellation: Cancellation,
): Promise<string> {
  try {
    return await new Builder(engine, request, output, cancellation, source).run();
  } catch (error) {
    throw error instanceof EngineError ? error : engineError(error);
  }
}

interface Built {
  name?: string;
  image: Image | undefined;
  /** What it has declared: a stage that begins with it has that too. */
  args: ReadonlyMap<string, string | undefined>;
}

class Builder {
  private readonly args: BuildArgs;
  private readonly stages: readonly Stage[];
  /** The number of the one that all is for. */
  private readonly goal: number;
  private readonly built: (Built | undefined)[] = [];
  private readonly platform: Platform;
  private readonly tags: readonly Reference[];
  private step = 0;

  constructor(
    private readonly engine: Engine,
    private readonly request: BuildRequest,
    private readonly output: BuildOutput,
    private readonly cancellation: Cancellation,
    private readonly source: BuildSource,
  ) {
    this.platform = parsePlatform(request.platform || 'linux/386');
    this.tags = request.tags.map((tag) => withTag(parseReference(tag)));
    this.args = new BuildArgs(request.buildArgs, platformArgs(this.platform));
    const { stages } = source.dockerfile;
    this.goal = goalOf(stages, request.target);
    this.stages = request.buildKit ? stages : withLabels(stages.slice(0, this.goal + 1), request.labels);
  }

  private get file(): Dockerfile {
    return this.source.dockerfile;
  }

  private get steps(): number {
    return this.stages.reduce((sum, { instructions }) => sum + 1 + instructions.length, this.file.arguments.length);
  }

  private announce(text: string): void {
    this.output.say(`Step ${++this.step}/${this.steps} : ${text}\n`);
  }

  private readonly globals = (text: string): string => expandWord(text, this.args.globals, this.file.escape);

  async run(): Promise<string> {
    for (const { text, pairs } of this.file.arguments) {
      this.announce(text);
      for (const { name, value } of pairs)
        this.args.declareBefore(name, value === undefined ? undefined : this.globals(value));
    }
    const order = this.request.buildKit ? orderOf(this.stages, this.goal, this.globals) : this.stages.keys();
    for (const at of order) await this.buildStage(this.stages[at]!, at);
    const { unused } = this.args;
    if (unused.length > 0)
      this.output.say(`[Warning] One or more build-args [${unused.join(' ')}] were not consumed\n`);
    const image = this.built[this.goal]!.image;
    if (!image) throw new InvalidParameter('No image was generated. Is your Dockerfile empty?');
    this.output.say(`Successfully built ${shortId(image.id)}\n`);
    for (const tag of this.tags) {
      await this.engine.images.tag(image.id, familiar(tag));
      this.output.say(`Successfully tagged ${familiar(tag)}\n`);
    }
    return image.id;
  }

  private async buildStage(stage: Stage, at: number): Promise<void> {
    const { output } = this;
    this.cancellation.check();
    this.announce(stage.text);
    output.lines?.(stage.line, stage.last);
    const platform = stage.platform === undefined ? this.platform : parsePlatform(this.globals(stage.platform));
    const name = this.globals(stage.base);
    const before = this.stageOf(name, at);
    this.args.beginStage(before?.args);
    const isImage = name !== 'scratch' && !before;
    const several = this.source.dockerfile.stages.length > 1;
    const total = (isImage ? 1 : 0) + stage.instructions.filter(changesFiles).length;
    let number = 0;
    const begin = (text: string): void =>
      output.stepBegins?.({ ...(several && { stage: stage.name ?? `stage-${at}` }), number: ++number, total, text });
    if (isImage && name !== '') begin(`FROM ${longName(name)}`);
    const base = before ? before.image : await this.base(name, platform);
    if (isImage) output.stepEnds?.(true);
    const building = new StageBuild(this.shared(), base, base?.config.platform ?? platform);
    if (this.request.renewedStages?.some((one) => one.toLowerCase() === stage.name)) building.renew();
    const lease = this.engine.images.store.images.lease();
    try {
      await building.triggers();
      this.output.say(` ---> ${building.image ? shortId(building.image.id) : ''}\n`);
      for (const instruction of stage.instructions) {
        this.announce(instruction.text);
        output.lines?.(instruction.line, instruction.last);
        if (changesFiles(instruction)) begin(instruction.text);
        await building.take(instruction);
        if (changesFiles(instruction)) output.stepEnds?.(building.cached);
        // what others remove meanwhile stays as long as it is needed here
        if (building.image) lease.hold(...building.image.config.diffIds);
        this.output.say(` ---> ${building.image ? shortId(building.image.id) : ''}\n`);
      }
      if (this.request.buildKit && at === this.goal) await building.labels(this.request.labels);
    } finally {
      lease.release();
    }
    const { image } = building;
    this.built[at] = { name: stage.name, image, args: this.args.inStage };
    if (image) this.output.image(image.id);
  }

  private shared(): Build {
    const { engine, request, output, cancellation, args } = this;
    const escapeLetter = this.file.escape;
    return { engine, request, output, cancellation, args, escapeLetter, filesOf: (from) => this.filesOf(from) };
  }

  /** A stage that has been built, of those before another one. */
  private stageOf(name: string, below = this.stages.length): Built | undefined {
    return this.built.slice(0, below).find((stage) => stage?.name === name.toLowerCase());
  }

  /** The image that a stage begins with; undefined: nothing. */
  private async base(name: string, platform: Platform): Promise<Image | undefined> {
    if (name === '') throw new InvalidParameter('base name is empty: FROM needs an image, or a variable that has one');
    return name === 'scratch' ? undefined : this.image(name, platform);
  }

  private async image(asked: string, platform: Platform): Promise<Image> {
    const { images } = this.engine;
    const name = this.source.images?.get(asked) ?? asked;
    if (!this.request.pull) {
      try {
        const found = await images.find(name);
        const asked = this.request.platform !== undefined || !isOurs(platform);
        if (!asked || formatPlatform(found.config.platform) === formatPlatform(platform)) return found;
      } catch (error) {
        if (!(error instanceof NotFound)) throw error;
      }
    }
    const interest = new Withdrawable();
    const stop = this.cancellation.onCancel(() => interest.withdraw());
    try {
      const { credentials } = this.request;
      await images.pull(name, {
        platform: isOurs(platform) ? undefined : formatPlatform(platform),
        progress: (progress) => this.output.progress(progress),
        interest,
        credentials,
      });
    } finally {
      stop();
    }
    return images.find(name);
  }

  /** What --from names: a stage by name or number, else an image; undefined: the context. */
  private async filesOf(from: string | undefined): Promise<OpenFiles> {
    const folder = from === undefined ? this.source.context() : this.source.folder?.(from);
    if (from === undefined || folder) {
      const { tree, layer } = await folder!;
      return { tree, layers: async () => [layer], close: () => {} };
    }
    const { images } = this.engine;
    const stage = this.stageOf(from) ?? (/^\d{1,5}$/.test(from) ? this.built[Number(from)] : undefined);
    if (!stage && /^\d+$/.test(from))
      throw new InputError(`invalid from flag value ${from}: invalid stage index ${from}`);
    const image = stage ? stage.image : await this.image(from, this.platform);
    const { tree, close } = await openImageTree(images.store, image);
    if (tree) return { tree, layers: () => images.layers(image!.config.diffIds), close };
    close();
    throw new InputError(`invalid from flag value ${from}: the stage has no files`);
  }
}

const changesFiles = ({ name }: Instruction): boolean => ['RUN', 'COPY', 'ADD', 'WORKDIR'].includes(name);

function longName(name: string): string {
  try {
    return fullName(withTag(parseReference(name)));
  } catch {
    return name;
  }
}

/** Labels that the client gives are the last instructions. */
function withLabels(stages: readonly Stage[], labels: Readonly<Record<string, string>>): readonly Stage[] {
  const more = Object.keys(labels)
    .sort()
    .map((name): Instruction => {
      const text = `LABEL ${name}=${labels[name]}`;
      // nothing of them is a variable
      const pairs = [{ name: literal(name), value: literal(labels[name]!) }];
      return { name: 'LABEL', line: 0, last: 0, text, flags: [], rest: '', words: [], pairs, documents: [] };
    });
  const last = stages.at(-1)!;
  return [...stages.slice(0, -1), { ...last, instructions: [...last.instructions, ...more] }];
}

const literal = (text: string): string => `'${text.replaceAll("'", `'"'"'`)}'`;

function platformArgs(platform: Platform): Record<string, string> {
  const { os, architecture, variant = '' } = platform;
  const of = (prefix: string) => ({
    [`${prefix}PLATFORM`]: formatPlatform(platform),
    [`${prefix}OS`]: os,
    [`${prefix}ARCH`]: architecture,
    [`${prefix}VARIANT`]: variant,
  });
  return { ...of('TARGET'), ...of('BUILD') };
}
