// Instructions that change what a container begins with, and no file: each changes the configuration, and has its words in the history.
// docs.docker.com/reference/dockerfile, instruction by instruction.
import { InputError } from '../../base/errors.js';
import type { ContainerDefaults } from '../../oci/config.js';
import { signalOf } from '../signals.js';
import type { Instruction } from './dockerfile.js';
import { duration, parseDuration, plainList, quotedList, quotedNumber } from './go-format.js';
import { expandWord, expandWords, type Variables } from './words.js';

/** What a stage is so far. */
export interface Draft {
  config: ContainerDefaults;
  author?: string;
  /** CMD was given here, and not by the image below: ENTRYPOINT leaves it. */
  commandGiven: boolean;
}

export interface Words {
  variables: Variables;
  escapeLetter: string;
}

const DEFAULT_SHELL: readonly string[] = ['/bin/sh', '-c'];
const LIST_MAX = 4096;

export const shellOf = ({ shell }: ContainerDefaults): readonly string[] => shell ?? DEFAULT_SHELL;

/** A command in either of its forms. */
export function commandOf(config: ContainerDefaults, { json, rest }: Instruction): string[] {
  return json ? [...json] : [...shellOf(config), rest];
}

type Change = (draft: Draft, instruction: Instruction, words: Words) => string;

const one: (text: string, words: Words) => string = (text, { variables, escapeLetter }) =>
  expandWord(text, variables, escapeLetter);

const several = ({ json, rest }: Instruction, { variables, escapeLetter }: Words): string[] =>
  json ? json.map((word) => expandWord(word, variables, escapeLetter)) : expandWords(rest, variables, escapeLetter);

function pairsOf(instruction: Instruction, words: Words): [string, string][] {
  return instruction.pairs.map(({ name, value }) => [one(name, words), one(value ?? '', words)]);
}

function withEnv(env: readonly string[], name: string, value: string): string[] {
  const entry = `${name}=${value}`;
  const at = env.findIndex((old) => old.startsWith(`${name}=`));
  return at < 0 ? [...env, entry] : [...env.slice(0, at), entry, ...env.slice(at + 1)];
}

function added(list: readonly string[], more: readonly string[]): string[] {
  const all = [...new Set([...list, ...more])];
  if (all.length > LIST_MAX) throw new InputError(`an image has at most ${LIST_MAX} of them`);
  return all;
}

function env(draft: Draft, instruction: Instruction, words: Words): string {
  let comment = 'ENV';
  for (const [name, value] of pairsOf(instruction, words)) {
    if (name === '' || value.includes('\0')) throw new InputError('ENV names can not be blank');
    draft.config.env = withEnv(draft.config.env, name, value);
    comment += ` ${name}=${value}`;
  }
  if (draft.config.env.length > LIST_MAX) throw new InputError(`an image has at most ${LIST_MAX} variables`);
  return comment;
}

function label(draft: Draft, instruction: Instruction, words: Words): string {
  let comment = 'LABEL';
  draft.config.labels = new Map(draft.config.labels);
  for (const [name, value] of pairsOf(instruction, words)) {
    draft.config.labels.set(name, value);
    comment += ` ${name}=${value}`;
  }
  if (draft.config.labels.size > LIST_MAX) throw new InputError(`an image has at most ${LIST_MAX} labels`);
  return comment;
}

/** `80`, `80/udp`, `8000-8010`. */
function portsOf(text: string): string[] {
  const match = /^(\d{1,5})(?:-(\d{1,5}))?(?:\/(tcp|udp|sctp))?$/i.exec(text);
  const first = Number(match?.[1]);
  const last = Number(match?.[2] ?? match?.[1]);
  if (!match || first > last || last > 65535) throw new InputError(`Invalid containerPort: ${text}`);
  const protocol = (match[3] ?? 'tcp').toLowerCase();
  if (last - first >= LIST_MAX) throw new InputError(`an image exposes at most ${LIST_MAX} ports`);
  return Array.from({ length: last - first + 1 }, (_, i) => `${first + i}/${protocol}`);
}

function expose(draft: Draft, instruction: Instruction, words: Words): string {
  const ports = [...new Set(several(instruction, words).flatMap(portsOf))].sort();
  draft.config.exposedPorts = added(draft.config.exposedPorts, ports);
  return `EXPOSE ${ports.join(' ')}`;
}

function volume(draft: Draft, instruction: Instruction, words: Words): string {
  const paths = several(instruction, words).map((path) => path.trim());
  if (paths.includes('')) throw new InputError('VOLUME specified can not be an empty string');
  draft.config.volumes = added(draft.config.volumes, paths);
  return `VOLUME ${plainList(paths)}`;
}

const FLAGS = {
  interval: 'interval',
  timeout: 'timeout',
  'start-period': 'startPeriod',
  'start-interval': 'startInterval',
} as const;

function healthcheck(draft: Draft, instruction: Instruction): string {
  const health = { test: ['NONE'], interval: 0, timeout: 0, startPeriod: 0, startInterval: 0, retries: 0 };
  if (instruction.rest.toUpperCase() !== 'NONE') {
    health.test = instruction.json ? ['CMD', ...instruction.json] : ['CMD-SHELL', instruction.rest];
    for (const { name, value } of instruction.flags) {
      if (name === 'retries') {
        if (!/^\d{1,6}$/.test(value)) throw new InputError(`--retries must be a number that is not negative: ${value}`);
        health.retries = Number(value);
        continue;
      }
      const time = parseDuration(value);
      if (time === undefined) throw new InputError(`time: invalid duration "${value}"`);
      if (time !== 0 && time < 1e6) throw new InputError(`Interval "${name}" cannot be less than 1ms`);
      health[FLAGS[name as keyof typeof FLAGS]] = time;
    }
  }
  draft.config.healthcheck = health;
  const times = [health.interval, health.timeout, health.startPeriod, health.startInterval];
  const shown = times.map((time) => `"${duration(time)}"`).join(' ');
  return `HEALTHCHECK &{${quotedList(health.test)} ${shown} ${quotedNumber(health.retries)}}`;
}

const CHANGES: Partial<Record<Instruction['name'], Change>> = {
  ENV: env,
  LABEL: label,
  EXPOSE: expose,
  VOLUME: volume,
  HEALTHCHECK: healthcheck,
  MAINTAINER(draft, { rest }) {
    draft.author = rest;
    return `MAINTAINER ${rest}`;
  },
  CMD(draft, instruction) {
    const command = commandOf(draft.config, instruction);
    draft.config.cmd = command;
    draft.commandGiven = true;
    return `CMD ${quotedList(command)}`;
  },
  ENTRYPOINT(draft, instruction) {
    const command = commandOf(draft.config, instruction);
    draft.config.entrypoint = command;
    if (!draft.commandGiven) draft.config.cmd = undefined;
    return `ENTRYPOINT ${quotedList(command)}`;
  },
  USER(draft, { rest }, words) {
    draft.config.user = one(rest, words);
    return `USER ${draft.config.user}`;
  },
  STOPSIGNAL(draft, { rest }, words) {
    const signal = one(rest, words);
    signalOf(signal);
    draft.config.stopSignal = signal;
    return `STOPSIGNAL ${signal}`;
  },
  SHELL(draft, { json }) {
    draft.config.shell = [...json!];
    return `SHELL ${plainList(json!)}`;
  },
  ONBUILD(draft, { trigger }) {
    if (draft.config.onBuild.length >= LIST_MAX) throw new InputError(`an image has at most ${LIST_MAX} triggers`);
    draft.config.onBuild = [...draft.config.onBuild, trigger!];
    return `ONBUILD ${trigger!}`;
  },
};

/** Changes the draft as an instruction of this kind says. Its words for the history; undefined: it is of another kind. Throws InputError. */
export function applyMetadata(draft: Draft, instruction: Instruction, words: Words): string | undefined {
  return CHANGES[instruction.name]?.(draft, instruction, words);
}
