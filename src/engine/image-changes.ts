// Instructions of a Dockerfile that change an image's configuration alone: --change of commit and import.
// docs.docker.com/reference/cli/docker/container/commit, "--change".
import { InputError } from '../base/errors.js';
import type { JsonObject } from '../oci/json.js';
import { type Instruction, parseTrigger } from './build/dockerfile.js';
import { expandWord, expandWords } from './build/words.js';
import { InvalidParameter } from './errors.js';

type Config = Record<string, unknown>;

const ALLOWED = new Set([
  ...['CMD', 'ENTRYPOINT', 'ENV', 'EXPOSE', 'HEALTHCHECK', 'LABEL', 'ONBUILD', 'SHELL', 'STOPSIGNAL', 'USER', 'VOLUME'],
  'WORKDIR',
]);
const SHELL = ['/bin/sh', '-c'];
const UNITS: Readonly<Record<string, number>> = { ns: 1, us: 1e3, ms: 1e6, s: 1e9, m: 60e9, h: 3600e9 };

/** `config`: an image document's `config`. Throws InvalidParameter. */
export function changedConfig(config: JsonObject, changes: readonly string[]): JsonObject {
  const changed: Config = { ...config };
  for (const change of changes) {
    if (change.trim() === '') continue;
    try {
      apply(changed, parseTrigger(change));
    } catch (error) {
      if (error instanceof InputError) throw new InvalidParameter(error.message, { cause: error });
      throw error;
    }
  }
  return changed;
}

const textsOf = (config: Config, name: string): string[] => [...((config[name] as string[] | null | undefined) ?? [])];
const setOf = (config: Config, name: string): Record<string, object> => ({
  ...(config[name] as Record<string, object> | null | undefined),
});

function apply(config: Config, instruction: Instruction): void {
  const { name, rest, json, words, pairs, trigger } = instruction;
  if (!ALLOWED.has(name)) throw new InvalidParameter(`${name} is not a valid change command`);
  const env = textsOf(config, 'Env');
  const variables = (wanted: string): string | undefined =>
    env.find((entry) => entry.startsWith(`${wanted}=`))?.slice(wanted.length + 1);
  const expand = (text: string): string => expandWord(text, variables, '\\');
  const expanded = (): string[] => words.flatMap((word) => expandWords(word, variables, '\\'));
  const command = (): string[] => [...(json ?? [...((config.Shell as string[] | undefined) ?? SHELL), rest])];
  switch (name) {
    case 'CMD':
      config.Cmd = command();
      break;
    case 'ENTRYPOINT':
      config.Entrypoint = command();
      break;
    case 'ENV':
      for (const { name: key, value = '' } of pairs) {
        const entry = `${expand(key)}=${expand(value)}`;
        const at = env.findIndex((one) => one.startsWith(entry.slice(0, entry.indexOf('=') + 1)));
        env.splice(at < 0 ? env.length : at, 1, entry);
      }
      config.Env = env;
      break;
    case 'LABEL':
      config.Labels = {
        ...(config.Labels as Record<string, string> | null | undefined),
        ...Object.fromEntries(pairs.map(({ name: key, value = '' }) => [expand(key), expand(value)])),
      };
      break;
    case 'EXPOSE': {
      const ports = setOf(config, 'ExposedPorts');
      for (const port of expanded()) ports[portOf(port)] = {};
      config.ExposedPorts = ports;
      break;
    }
    case 'VOLUME': {
      const volumes = setOf(config, 'Volumes');
      for (const path of expanded()) volumes[path] = {};
      config.Volumes = volumes;
      break;
    }
    case 'USER':
      config.User = expand(words[0]!);
      break;
    case 'WORKDIR': {
      const path = expand(rest);
      const old = (config.WorkingDir as string | undefined) || '/';
      config.WorkingDir = path.startsWith('/') ? path : `${old === '/' ? '' : old}/${path}`;
      break;
    }
    case 'STOPSIGNAL':
      config.StopSignal = expand(words[0]!);
      break;
    case 'SHELL':
      config.Shell = [...json!];
      break;
    case 'ONBUILD':
      config.OnBuild = [...textsOf(config, 'OnBuild'), trigger!];
      break;
    default:
      config.Healthcheck = healthOf(instruction);
  }
}

/** Throws InvalidParameter. */
function portOf(text: string): string {
  if (!/^\d{1,5}(\/(tcp|udp|sctp))?$/.test(text)) throw new InvalidParameter(`invalid containerPort: ${text}`);
  return text.includes('/') ? text : `${text}/tcp`;
}

function healthOf({ json, rest, flags }: Instruction): object {
  if (/^none$/i.test(rest)) return { Test: ['NONE'] };
  const health: Config = { Test: json ? ['CMD', ...json] : ['CMD-SHELL', rest] };
  for (const { name, value } of flags) {
    if (name === 'retries') health.Retries = Number(value);
    else health[name.replace(/(^|-)(.)/g, (_all, _dash, letter: string) => letter.toUpperCase())] = durationOf(value);
  }
  return health;
}

/** Nanoseconds of Go's form: 1m30s. Throws InvalidParameter. */
function durationOf(text: string): number {
  if (!/^(\d+(\.\d+)?(ns|us|ms|s|m|h))+$/.test(text)) throw new InvalidParameter(`time: invalid duration "${text}"`);
  let sum = 0;
  for (const [, number, , unit] of text.matchAll(/(\d+(\.\d+)?)(ns|us|ms|s|m|h)/g))
    sum += Number(number) * UNITS[unit!]!;
  return sum;
}
