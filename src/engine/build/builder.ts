// A build: the context comes, its Dockerfile is read, and one stage after the other is built; the last one's image is what it was for.
// Docker Engine API, ImageBuild; docs.docker.com/reference/dockerfile. Lines of output are the classic builder's.
import { InputError } from '../../base/errors.js';
import { formatPlatform, isOurs, parsePlatform, type Platform } from '../../oci/platform.js';
import { familiar, fullName, parseReference, type Reference, withTag } from '../../oci/reference.js';
import { Withdrawable } from '../../oci/registry/progress.js';
import { uncompressed } from '../../oci/source/compressed.js';
import { spool } from '../../oci/source/spool.js';
import type { Engine } from '../engine.js';
import { EngineError, InvalidParameter, NotFound } from '../errors.js';
import { engineError, type Image } from '../images.js';
import { BuildArgs } from './build-args.js';
import type { Cancellation } from './cancellation.js';
import { type BuildSource, openContext } from './context.js';
import type { Dockerfile, Instruction, Stage } from './dockerfile.js';
import { openImageTree } from './image-tree.js';
import type { OpenFiles } from './lending.js';
import type { BuildOutput, BuildRequest, WholeRequest } from './request.js';
import { type Build, shortId, StageBuild } from './stage.js';
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
    const spooled = await spool(store, await uncompressed(store.codecs, request.context, 'context'), 'context');
    try {
      const source = await openContext(spooled, request.dockerfile);
      cancellation.check();
      return await buildOf(engine, request, source, output, cancellation);
    } finally {
      await spooled.release();
    }
  } catch (error) {
    throw error instanceof EngineError ? error : engineError(error);
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

class Builder {
  private readonly args: BuildArgs;
  private readonly stages: readonly Stage[];
  private readonly built: { name?: string; image: Image | undefined }[] = [];
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
    this.stages = withLabels(upTo(source.dockerfile.stages, request.target), request.labels);
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
    const needed = this.request.onlyNeeded ? neededOf(this.stages, this.globals) : undefined;
    for (const [at, stage] of this.stages.entries())
      if (!needed || needed.has(at)) await this.buildStage(stage, at);
      else this.built.push({ name: stage.name, image: undefined });
    const { unused } = this.args;
    if (unused.length > 0)
      this.output.say(`[Warning] One or more build-args [${unused.join(' ')}] were not consumed\n`);
    const image = this.built.at(-1)!.image;
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
    this.args.beginStage();
    const platform = stage.platform === undefined ? this.platform : parsePlatform(this.globals(stage.platform));
    const name = this.globals(stage.base);
    const isImage = name !== 'scratch' && !this.stageOf(name);
    const several = this.source.dockerfile.stages.length > 1;
    const total = (isImage ? 1 : 0) + stage.instructions.filter(changesFiles).length;
    let number = 0;
    const begin = (text: string): void =>
      output.stepBegins?.({ ...(several && { stage: stage.name ?? `stage-${at}` }), number: ++number, total, text });
    if (isImage && name !== '') begin(`FROM ${longName(name)}`);
    const base = await this.base(name, platform);
    if (isImage) output.stepEnds?.(true);
    const building = new StageBuild(this.shared(), base, base?.config.platform ?? platform);
    const lease = this.engine.images.store.images.lease();
    const held = { name: stage.name, image: base };
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
      held.image = building.image;
    } finally {
      lease.release();
    }
    this.built.push(held);
    if (held.image) this.output.image(held.image.id);
  }

  private shared(): Build {
    const { engine, request, output, cancellation, args } = this;
    const escapeLetter = this.file.escape;
    return { engine, request, output, cancellation, args, escapeLetter, filesOf: (from) => this.filesOf(from) };
  }

  private stageOf(name: string): { image: Image | undefined } | undefined {
    return this.built.find((stage) => stage.name === name.toLowerCase());
  }

  /** The image that a stage begins with; undefined: nothing. */
  private async base(name: string, platform: Platform): Promise<Image | undefined> {
    if (name === '') throw new InvalidParameter('base name is empty: FROM needs an image, or a variable that has one');
    const before = this.stageOf(name);
    if (before) return before.image;
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

/** The last of the stages, and those that it needs one after the other. What variables name can't be known before: then all are. */
function neededOf(stages: readonly Stage[], globals: (text: string) => string): ReadonlySet<number> | undefined {
  const needed = new Set<number>();
  const numberOf = (name: string, below: number): number => {
    const named = stages.slice(0, below).findIndex((stage) => stage.name === name.toLowerCase());
    return named < 0 && /^\d{1,5}$/.test(name) && Number(name) < below ? Number(name) : named;
  };
  const waiting = [stages.length - 1];
  for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
    if (needed.has(at)) continue;
    needed.add(at);
    const { base, instructions } = stages[at]!;
    const names = [globals(base)];
    for (const { flags, trigger } of instructions) {
      for (const { name, value } of flags) {
        if (name === 'from') names.push(value);
        const from = name === 'mount' ? /(?:^|,)from=([^,]*)/.exec(value)?.[1] : undefined;
        if (from !== undefined) names.push(from);
      }
      if (trigger !== undefined && /\bfrom=/.test(trigger)) return undefined;
    }
    if (names.some((name) => name.includes('$'))) return undefined;
    for (const name of names) {
      const found = numberOf(name, at);
      if (found >= 0) waiting.push(found);
    }
  }
  return needed;
}

function upTo(stages: readonly Stage[], target: string): readonly Stage[] {
  if (target === '') return stages;
  const named = stages.findIndex(({ name }) => name === target.toLowerCase());
  const at = named < 0 && /^\d{1,5}$/.test(target) ? Number(target) : named;
  if (at < 0 || at >= stages.length) throw new InvalidParameter(`target stage "${target}" could not be found`);
  return stages.slice(0, at + 1);
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
