// A Dockerfile's meaning: stages, and in each the instructions with their flags and arguments. Variables are replaced when it is built.
// docs.docker.com/reference/dockerfile.
import { InputError } from '../../base/errors.js';
import { hint } from './hint.js';
import { badDockerfile, type HereDocument, type Line, linesOf } from './lines.js';
import { splitWords } from './words.js';

export const INSTRUCTIONS = [
  ...[
    'ADD',
    'ARG',
    'CMD',
    'COPY',
    'ENTRYPOINT',
    'ENV',
    'EXPOSE',
    'FROM',
    'HEALTHCHECK',
    'LABEL',
    'MAINTAINER',
    'ONBUILD',
  ],
  ...['RUN', 'SHELL', 'STOPSIGNAL', 'USER', 'VOLUME', 'WORKDIR'],
] as const;
export type InstructionName = (typeof INSTRUCTIONS)[number];

export interface Instruction {
  name: InstructionName;
  line: number;
  /** Its last line. */
  last: number;
  /** As it was written, without its documents: what history shows. */
  text: string;
  /** --name=value before the arguments, in their order. */
  flags: readonly { name: string; value: string }[];
  /** Arguments of the JSON form; undefined: they are text. */
  json?: readonly string[];
  /** What follows the flags. */
  rest: string;
  /** Words as they were written, of ADD, COPY, EXPOSE, VOLUME and their like. */
  words: readonly string[];
  /** NAME=VALUE of ENV and LABEL; of ARG the value may be missing. */
  pairs: readonly { name: string; value?: string }[];
  documents: readonly HereDocument[];
  /** Of ONBUILD: what is to be done by who builds on the image, as it was written. */
  trigger?: string;
}

export interface Stage {
  /** What it is built on, with variables. */
  base: string;
  platform?: string;
  /** Its name, in lower case. */
  name?: string;
  line: number;
  last: number;
  text: string;
  instructions: Instruction[];
}

export interface Dockerfile {
  escape: '\\' | '`';
  /** ARG before the first FROM: what only FROM sees, and an ARG of a stage that asks for it. */
  arguments: Instruction[];
  stages: Stage[];
}

/** The flags that each instruction knows. */
const FLAGS: Partial<Record<InstructionName, readonly string[]>> = {
  ADD: ['chown', 'chmod', 'link', 'checksum', 'keep-git-dir', 'exclude', 'unpack'],
  COPY: ['chown', 'chmod', 'from', 'link', 'parents', 'exclude'],
  FROM: ['platform'],
  HEALTHCHECK: ['interval', 'timeout', 'start-period', 'start-interval', 'retries'],
  RUN: ['mount', 'network', 'security', 'device'],
};
const FLAG = /^--([a-z][a-z-]*)(?:=(\S*))?(?:\s+|$)/;
/** Instructions whose arguments may be a JSON array. */
const WITH_JSON = new Set<InstructionName>([
  'ADD',
  'CMD',
  'COPY',
  'ENTRYPOINT',
  'RUN',
  'SHELL',
  'VOLUME',
  'HEALTHCHECK',
]);
const STAGE_NAME = /^[a-z][a-z0-9_.-]*$/;

/** Throws InputError, which names the line. */
export function parseDockerfile(source: string): Dockerfile {
  const { escape: escapeLetter, lines } = linesOf(source);
  const file: Dockerfile = { escape: escapeLetter, arguments: [], stages: [] };
  for (const line of lines) {
    const instruction = parseInstruction(line, escapeLetter);
    const stage = file.stages.at(-1);
    if (instruction.name === 'FROM') file.stages.push(stageOf(instruction, file.stages));
    else if (stage) stage.instructions.push(instruction);
    else if (instruction.name === 'ARG') file.arguments.push(instruction);
    else throw badDockerfile(line.number, `no build stage in current context: ${line.name} comes before FROM`);
  }
  if (file.stages.length === 0)
    throw new InputError(
      'the Dockerfile has no FROM: file with no instructions',
      'Begin it with FROM and the name of an image.',
    );
  return file;
}

/** An instruction of ONBUILD, as an image has it. Throws InputError. */
export function parseTrigger(text: string): Instruction {
  const { lines, escape: escapeLetter } = linesOf(text);
  if (lines.length !== 1) throw new InputError(`ONBUILD of the image is not one instruction: ${text.slice(0, 80)}`);
  return parseInstruction(lines[0]!, escapeLetter);
}

function parseInstruction(line: Line, escapeLetter: string): Instruction {
  const { number, documents } = line;
  if (!(INSTRUCTIONS as readonly string[]).includes(line.name))
    throw badDockerfile(number, `unknown instruction: ${line.name}${hint(line.name, INSTRUCTIONS)}`);
  const name = line.name as InstructionName;
  const { flags, rest } = flagsOf(line, name);
  const instruction: Instruction = {
    name,
    line: number,
    last: line.last,
    text: line.text,
    flags,
    rest,
    words: [],
    pairs: [],
    documents,
  };
  if (rest === '') throw badDockerfile(number, `${name} requires at least one argument`);
  if (WITH_JSON.has(name)) instruction.json = jsonOf(rest);
  instruction.words = instruction.json ?? splitWords(rest, escapeLetter);
  if (name === 'ENV' || name === 'LABEL' || name === 'ARG') instruction.pairs = pairsOf(instruction, escapeLetter);
  check(instruction);
  return instruction;
}

function flagsOf(line: Line, name: InstructionName): { flags: { name: string; value: string }[]; rest: string } {
  const flags: { name: string; value: string }[] = [];
  let rest = line.rest;
  for (let match = FLAGS[name] && FLAG.exec(rest); match; match = FLAG.exec(rest)) {
    const [all, flag, value] = match;
    if (!FLAGS[name]!.includes(flag!))
      throw badDockerfile(line.number, `unknown flag: --${flag}${hint(flag!, FLAGS[name]!)}`);
    if (value === undefined && !['link', 'keep-git-dir', 'parents', 'unpack'].includes(flag!))
      throw badDockerfile(line.number, `missing a value on flag: --${flag}`);
    flags.push({ name: flag!, value: value ?? 'true' });
    rest = rest.slice(all.length);
  }
  return { flags, rest };
}

/** A JSON array of strings, or undefined: then it is a command of the shell, as `[ -d x ] && y` may be. */
function jsonOf(text: string): string[] | undefined {
  if (!text.startsWith('[')) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) && value.every((item) => typeof item === 'string') ? value : undefined;
  } catch {
    return undefined;
  }
}

/** NAME=VALUE, or of ENV and LABEL one NAME and all that follows it. */
function pairsOf({ name, line, rest, words }: Instruction, escapeLetter: string): { name: string; value?: string }[] {
  if (name !== 'ARG' && !splitWords(rest, escapeLetter)[0]!.includes('=')) {
    const match = /^(\S+)\s+(.+)$/s.exec(rest);
    if (!match) throw badDockerfile(line, `${name} must have two arguments`);
    return [{ name: match[1]!, value: match[2]! }];
  }
  return words.map((word) => {
    const equals = word.indexOf('=');
    if (equals === 0) throw badDockerfile(line, `${name} names can not be blank`);
    if (equals > 0) return { name: word.slice(0, equals), value: word.slice(equals + 1) };
    if (name !== 'ARG')
      throw badDockerfile(line, `Syntax error - can't find = in "${word}". Must be of the form: name=value`);
    return { name: word };
  });
}

function check(instruction: Instruction): void {
  const { name, line, words, json, rest } = instruction;
  const bad = (what: string): InputError => badDockerfile(line, what);
  const documents = instruction.documents.length;
  if ((name === 'COPY' || name === 'ADD') && words.length < 2)
    throw bad(`${name} requires at least two arguments: what, and to where`);
  if (name === 'SHELL' && (json === undefined || json.length === 0))
    throw bad('SHELL requires the arguments to be in JSON form');
  if (['MAINTAINER', 'RUN', 'CMD', 'ENTRYPOINT', 'WORKDIR'].includes(name)) return;
  if (['STOPSIGNAL', 'USER'].includes(name) && words.length !== 1) throw bad(`${name} requires exactly one argument`);
  if (name === 'VOLUME' && words.some((word) => word.trim() === ''))
    throw bad('VOLUME specified can not be an empty string');
  if (name === 'HEALTHCHECK') {
    const [kind, ...command] = rest.split(/\s+/);
    if (kind!.toUpperCase() === 'NONE' && command.length === 0) return;
    if (kind!.toUpperCase() !== 'CMD') throw bad(`Unknown type "${kind}" in HEALTHCHECK (try CMD)`);
    if (command.length === 0) throw bad('Missing command after HEALTHCHECK CMD');
    instruction.rest = rest.slice(3).trim();
    instruction.json = jsonOf(instruction.rest);
  }
  if (name === 'ONBUILD') {
    const inner = words[0]!.toUpperCase();
    if (inner === 'ONBUILD') throw bad("Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed");
    if (inner === 'FROM' || inner === 'MAINTAINER') throw bad(`${inner} isn't allowed as an ONBUILD trigger`);
    if (documents > 0) throw bad('here-documents are not possible in ONBUILD');
    parseInstruction(
      { number: line, last: line, text: rest, name: inner, rest: rest.slice(words[0]!.length).trim(), documents: [] },
      '\\',
    );
    instruction.trigger = rest;
  }
}

function stageOf({ words, flags, line, last, text }: Instruction, before: readonly Stage[]): Stage {
  const [base, as, name] = words;
  if (words.length !== 1 && (words.length !== 3 || as!.toLowerCase() !== 'as'))
    throw badDockerfile(
      line,
      'FROM requires either one or three arguments',
      'Write it as FROM image, or FROM image AS name.',
    );
  const stage: Stage = { base: base!, line, last, text, instructions: [] };
  const platform = flags.find((flag) => flag.name === 'platform')?.value;
  if (platform !== undefined) stage.platform = platform;
  if (name === undefined) return stage;
  stage.name = name.toLowerCase();
  if (!STAGE_NAME.test(stage.name))
    throw badDockerfile(
      line,
      `invalid name for build stage: "${name}", name can't start with a number or contain symbols`,
    );
  if (before.some((other) => other.name === stage.name))
    throw badDockerfile(line, `two stages are called '${stage.name}'`);
  return stage;
}
