// One command in Docker's words, from its line to its exit status. Docker docs, "docker": global options, environment variables.
import { messageOf, InputError } from '../../base/errors.js';
import type { ApiClient } from './api-client.js';
import { type Call, checkArguments, type DockerCommand, flagLines, helpOf, usageOf } from './command.js';
import { Complaint, Ended } from './complaint.js';
import { type Flag, flag, parseFlags, type Values } from './flags.js';
import { find, GROUPS, WORDS } from './words.js';
import { host } from './host.js';

/** In front of the command. */
export const GLOBAL_FLAGS: readonly Flag[] = [
  flag('-H, --host', 'list', 'where the engine listens: unix://PATH or tcp://HOST:PORT; without it DOCKER_HOST'),
  flag('--config', 'string', "the folder of docker's config.json"),
  flag('--tls', 'bool', 'speak with TLS'),
  flag('--tlsverify', 'bool', 'speak with TLS, and check who answers'),
  flag('--tlscacert', 'string', 'who may vouch for it (ca.pem)'),
  flag('--tlscert', 'string', 'our certificate (cert.pem)'),
  flag('--tlskey', 'string', 'its key (key.pem)'),
];

/** Of every command: what an engine of our own has, when none listens. */
export const OWN_FLAGS: readonly Flag[] = [
  flag('--data', 'string', 'the folder of images and containers, of TABVISOR_DATA, or ~/.local/share/tabvisor'),
  flag('--insecure-registry', 'list', 'a registry that may be spoken to without TLS'),
  flag('--registry-mirror', 'list', 'asked before Docker Hub'),
  flag('--node-memory', 'string', 'memory for all containers and their files', '1G'),
];

/** The command line behind the global options. */
export function split(words: readonly string[]): { globals: readonly string[]; rest: readonly string[] } {
  let at = 0;
  while (at < words.length && words[at]!.startsWith('-')) {
    const name = words[at]!;
    const one = GLOBAL_FLAGS.find(({ name: long, short }) => name === `--${long}` || name === `-${short}`);
    const isOurs = GLOBAL_FLAGS.some(
      ({ name: long, short }) => name.startsWith(`--${long}=`) || (short && name.startsWith(`-${short}`)),
    );
    if (!one && !isOurs) break;
    at += one && one.kind !== 'bool' ? 2 : 1;
  }
  return { globals: words.slice(0, at), rest: words.slice(at) };
}

/** Is it a command in Docker's words? */
export function isDockers(words: readonly string[]): boolean {
  const { rest } = split(words);
  const [first = ''] = rest;
  return Object.hasOwn(GROUPS, first) || Object.hasOwn(WORDS, first);
}

function groupHelp(name: string): string {
  const { what, words } = GROUPS[name]!;
  const lines = Object.entries(words).map(([word, command]) => `  ${word.padEnd(12)}${WORDS[command]!.what}`);
  return `Usage:  tabvisor ${name} COMMAND\n\n${what}\n\nCommands:\n${lines.join('\n')}\n\nRun 'tabvisor ${name} COMMAND --help' for more information on a command.\n`;
}

async function perform(words: readonly string[], version: string): Promise<void> {
  const { globals, rest } = split(words);
  const global = parseFlags(GLOBAL_FLAGS, globals, false, 'tabvisor [OPTIONS] COMMAND').values;
  if (global.has('config')) host.useConfig(global.text('config'));
  const found = find(rest);
  if (!found) {
    const [group = '', word] = rest;
    if (word === undefined || word.startsWith('-')) return void host.stdout.write(groupHelp(group));
    const own = `tabvisor ${group}`;
    throw new Complaint(
      `tabvisor: unknown command: ${own} ${word}\n\nUsage:  ${own}\n\nRun '${own} --help' for more information`,
    );
  }
  const command = await WORDS[found.name]!.load();
  const own = command.need?.({ values: parseNothing(command), args: [] }) === 'none' ? [] : OWN_FLAGS;
  const flags = [...command.flags, ...own];
  const { values, args, help } = parseFlags(flags, rest.slice(found.taken), !command.flagsFirst, usageOf(command));
  if (help) {
    const more = own.length > 0 ? `\nWhere no engine listens:\n${flagLines(own, 80)}\n` : '';
    return void host.stdout.write(helpOf(command) + more);
  }
  checkArguments(command, args);
  await withEngine(command, global, values, args, version);
}

const parseNothing = (command: DockerCommand): Values => parseFlags(command.flags, [], true, '').values;

async function withEngine(
  command: DockerCommand,
  global: Values,
  values: Values,
  args: readonly string[],
  version: string,
): Promise<void> {
  let api: Promise<ApiClient> | undefined;
  const connected = (): Promise<ApiClient> =>
    host.connect({ global, values, version }, command.need?.({ values, args }) ?? 'engine');
  const call: Call = {
    values,
    args,
    engine() {
      api ??= connected();
      return api;
    },
  };
  try {
    await command.run(call);
  } finally {
    await (await api?.catch(() => undefined))?.channel.close();
  }
}

/** The exit status. */
export async function dockerMain(words: readonly string[], version: string): Promise<number> {
  const say = (text: string): void => void host.stderr.write(`${text}\n`);
  try {
    await perform(words, version);
    return host.status;
  } catch (error) {
    if (error instanceof Ended) return error.status;
    if (error instanceof Complaint) {
      say(error.message);
      return error.status;
    }
    if (error instanceof InputError) {
      say(`tabvisor: ${error.message}`);
      if (error.advice) say(`tabvisor: ${error.advice}`);
      return 125;
    }
    say(`tabvisor: this is a bug of tabvisor: ${error instanceof Error ? error.stack : messageOf(error)}`);
    return 125;
  }
}
