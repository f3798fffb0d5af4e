// COPY and ADD: from the context, another stage, an image, an address or the Dockerfile itself, as a layer over the image.
// docs.docker.com/reference/dockerfile: COPY, ADD. Messages are the classic builder's.
import { InputError } from '../../base/errors.js';
import { encodeText } from '../../base/text.js';
import type { StreamCodecs } from '../../base/streams.js';
import type { Tree } from '../../oci/tree/tree.js';
import { type Rights, rightsOf } from './chmod.js';
import { Glob } from './glob.js';
import { type Copying, LayerDraft, type Owner, partsOf, treeName } from './layer-draft.js';
import type { Instruction } from './dockerfile.js';
import { type GitAddress, gitAddress } from './git/checkout.js';
import { badDockerfile, type HereDocument } from './lines.js';
import type { Words } from './metadata.js';
import { ownerOf } from './owner.js';
import { baseName, checksumOf, checksumOfAll, fileAt, type Source, sourcesOf } from './sources.js';
import { expandWord } from './words.js';

export interface CopyPlaces {
  codecs: StreamCodecs;
  /** All that the image shows so far; undefined: it is of nothing. */
  image: Tree | undefined;
  workingDir: string;
  /** Milliseconds since 1970. */
  now: number;
  /** It is BuildKit's: a pattern may fit nothing, and what is missing is told otherwise. */
  buildKit: boolean;
  /** A tree by the name that --from gives it; undefined: the context. */
  from(name: string | undefined): Promise<Tree>;
  /** A file from the web. */
  download(url: string, checksum: string | undefined): Promise<Source>;
  /** The files of a repository. */
  repository(address: GitAddress): Promise<Tree>;
  /** What a file holds that is an archive; undefined: it is none. */
  unpacked(source: Source): Promise<Tree | undefined>;
}

/** What a copy is known by, before it is done. */
export interface Copy {
  /** With checksums of what is copied. */
  comment: string;
  /** As it is written in the Dockerfile, but for variables. */
  written: string;
  layer(): Promise<Tree>;
}

/** Something to copy; `archive`: it is one, and what it holds is meant. */
interface Item {
  source: Source;
  archive?: Tree;
  /** Of its path, what --parents leaves out: the names before `/./`. */
  pivot?: number;
}

const flagOf = ({ flags }: Instruction, name: string): string | undefined =>
  flags.find((flag) => flag.name === name)?.value;

const isUrl = (text: string): boolean => /^https?:\/\//.test(text);

/** Rejects with InputError. */
export async function prepareCopy(instruction: Instruction, words: Words, places: CopyPlaces): Promise<Copy> {
  const { name } = instruction;
  const expand = (text: string): string => expandWord(text, words.variables, words.escapeLetter);
  const given = instruction.words.map(instruction.documents.length > 0 ? (word) => word : expand);
  const place = expand(given.pop()!);
  const target = absolute(places.workingDir, place);
  const chown = flagOf(instruction, 'chown');
  const owned = chown === undefined ? undefined : expand(chown);
  const from = flagOf(instruction, 'from');
  const chmod = chmodOf(instruction, expand);
  const excluded = instruction.flags
    .filter((flag) => flag.name === 'exclude')
    .map((flag) => new Glob(expand(flag.value), true));
  const items: Item[] = [];
  const sums: string[] = [];
  const documents = [...instruction.documents];
  const fail = (error: unknown): never => {
    if (error instanceof InputError && !places.buildKit)
      throw new InputError(`${name} failed: ${error.message}`, error.advice, { cause: error });
    throw error;
  };
  const tree = given.some((word) => !isUrl(word) && !(name === 'ADD' && gitAddress(word)) && !word.includes('<<'))
    ? await places.from(from)
    : undefined;
  for (const word of given) {
    const document = documents.length > 0 && /^\d*<</.test(word) ? documents.shift() : undefined;
    const found = await itemsOf(word, document).catch(fail);
    items.push(...found);
    for (const { source } of found) sums.push(await checksumOf(places.codecs, source));
  }
  if (items.length === 0 && !places.buildKit) fail(new InputError('no source files were specified'));
  if (items.length > 1 && !target.endsWith('/'))
    throw new InputError(
      `When using ${name} with more than one source file, the destination must be a directory and end with a /`,
    );
  const options = [
    ...(owned === undefined ? [] : [`--chown=${owned} `]),
    ...(chmod === undefined ? [] : [`--chmod=${chmod.text} `]),
    ...instruction.flags
      .filter((flag) => flag.name === 'exclude' || flag.name === 'parents')
      .map((flag) => `--${flag.name}=${flag.value} `),
  ];
  const shown = [
    ...(flagOf(instruction, 'parents') === 'true' ? ['--parents'] : []),
    ...(owned === undefined ? [] : [`--chown=${owned}`]),
    ...(chmod === undefined ? [] : [`--chmod=${chmod.text}`]),
  ];
  return {
    comment: `${name} ${options.join('')}${checksumOfAll(places.codecs, sums)} in ${target} `,
    written: [name, ...shown, ...given.map(documentName), place].join(' '),
    async layer() {
      const draft = new LayerDraft(places.image, places.now);
      const owner = owned === undefined ? undefined : await ownerOf(places.image, owned);
      const root = owner ?? { uid: 0, gid: 0 };
      const copying: Copying = {
        // what comes of another image stays whose it is
        ...((owner || from === undefined) && { owner: root }),
        ...(chmod && { rights: chmod.rights }),
        excludes: (path) => excluded.some((glob) => glob.test(path)),
      };
      const parents = flagOf(instruction, 'parents') === 'true';
      for (const item of items) copyItem(draft, item, target, copying, root, parents);
      return draft.tree;
    },
  };

  async function itemsOf(word: string, document: HereDocument | undefined): Promise<Item[]> {
    if (document) return [{ source: written(document, words, places.now) }];
    if (name === 'COPY' && isUrl(word)) throw new InputError("source can't be a URL for COPY");
    const git = name === 'ADD' ? gitAddress(word) : undefined;
    if (git) {
      if (flagOf(instruction, 'keep-git-dir') === 'true')
        throw new InputError(`${word}: a repository comes without its .git`, 'Leave --keep-git-dir out.');
      const repository = await places.repository(git);
      return [{ source: { path: '', tree: repository, node: repository.root } }];
    }
    if (isUrl(word)) return [{ source: await places.download(word, flagOf(instruction, 'checksum')) }];
    const ignoring = from === undefined ? 'file not found in build context or excluded by .dockerignore: ' : '';
    const missing = (path: string): InputError =>
      new InputError(
        places.buildKit
          ? `failed to compute cache key: failed to calculate checksum: "/${path}": not found`
          : `${ignoring}stat ${path}: file does not exist`,
      );
    const found = sourcesOf(tree!, word, missing);
    const pivot = word.includes('/./') ? partsOf(word.slice(0, word.indexOf('/./'))).length : 0;
    if (name === 'COPY') return found.map((source) => ({ source, pivot }));
    const items: Item[] = [];
    for (const source of found)
      items.push({ source, archive: source.node.children ? undefined : await places.unpacked(source) });
    return items;
  }
}

function copyItem(
  draft: LayerDraft,
  { source, archive, pivot }: Item,
  target: string,
  copying: Copying,
  root: Owner,
  parents: boolean,
): void {
  const { path, tree, node } = source;
  const place = parents ? withParents(draft, source, pivot ?? 0, target, copying) : target;
  if (archive) {
    draft.directory(treeName(target), { owner: root });
    draft.contents(treeName(target), archive, archive.root, { excludes: copying.excludes });
    return;
  }
  if (node.children) {
    const into = parents ? `${place}/${baseName(path)}` : place;
    draft.directory(treeName(into), { owner: root });
    draft.contents(treeName(into), tree, node, copying);
    return;
  }
  if (parents || target.endsWith('/') || draft.isDirectory(treeName(target))) {
    draft.file(draft.directory(treeName(place), { owner: root }), treeName(baseName(path)), tree, node, copying);
    return;
  }
  const { directory, name } = draft.placeOf(treeName(target), root);
  draft.file(directory, name, tree, node, copying);
}

/** Where a source lies that keeps its directories: those that are new are as they were. */
function withParents(
  draft: LayerDraft,
  { path, tree }: Source,
  pivot: number,
  target: string,
  copying: Copying,
): string {
  const names = path.split('/').slice(0, -1);
  let place = target.replace(/\/$/, '');
  for (let at = pivot; at < names.length; at++) {
    place += `/${names[at]}`;
    const { mode, uid, gid } = fileAt(tree, treeName(names.slice(0, at + 1).join('/')))!;
    draft.directory(treeName(place), { owner: copying.owner ?? { uid, gid }, mode: copying.rights?.(mode) ?? mode });
  }
  return place || '/';
}

/** As the history says it: from the root, with a slash behind what is to be a directory. */
export function absolute(workingDir: string, path: string): string {
  const directory = path === '.' || path.endsWith('/') || path.endsWith('/.');
  const names: string[] = [];
  for (const name of `${path.startsWith('/') ? '' : workingDir}/${path}`.split('/')) {
    if (name === '..') names.pop();
    else if (name !== '' && name !== '.') names.push(name);
  }
  return `/${names.join('/')}${directory && names.length > 0 ? '/' : ''}`;
}

function chmodOf(
  instruction: Instruction,
  expand: (text: string) => string,
): { text: string; rights: Rights } | undefined {
  const chmod = flagOf(instruction, 'chmod');
  if (chmod === undefined) return undefined;
  const text = expand(chmod);
  const rights = rightsOf(text);
  if (!rights)
    throw badDockerfile(
      instruction.line,
      `invalid chmod parameter: '${text}'. it should be octal string and between 0 and 07777`,
      'Or changes of rights, as u=rwX,go-w.',
    );
  return { text, rights };
}

/** `<<NAME` of a word that a document follows; other words stay. */
const documentName = (word: string): string => word.replace(/^\d*<<-?["']?([^"']+)["']?$/, '<<$1');

/** A document of the Dockerfile as a file. */
function written({ name, text, expand }: HereDocument, { variables, escapeLetter }: Words, now: number): Source {
  const lines = expand
    ? text
        .split('\n')
        .map((line) => expandDocument(line, variables, escapeLetter))
        .join('\n')
    : text;
  const bytes = encodeText(lines);
  const node = {
    ...{ mode: 0o100644, uid: 0, gid: 0, links: 1, size: bytes.length, major: 0, minor: 0 },
    ...{ seconds: Math.floor(now / 1000), nanoseconds: 0, pieces: [] },
  };
  const read = (_node: unknown, at: number, into: Uint8Array): void => into.set(bytes.subarray(at, at + into.length));
  return { path: name, tree: { root: node, read }, node };
}

/** Variables alone: quotes are letters of a document. */
function expandDocument(line: string, variables: Words['variables'], escapeLetter: string): string {
  const literal = escapeLetter === '`' ? line : line.replace(/\\(?![$\\])/g, '\\\\');
  const plain = literal.replace(/['"]/g, (quote) => `${escapeLetter}${quote}`);
  return expandWord(plain, variables, escapeLetter);
}
