// Everything that a WASI 0.2 program may import, by the names that generated code asks for.
// WASI 0.2: wasi:cli, clocks, filesystem, io, random, sockets. What is not here is not offered.
import { Refused } from './error-code.js';
import { Descriptor, directoriesOf, DirectoryEntryStream } from './filesystem.js';
import { DISPOSE, poll, Pollable, type Waits } from './poll.js';
import { fileSink, fileSource, InputStream, IoError, OutputStream } from './streams.js';
import type { System } from './system.js';

export interface Environment {
  args: readonly string[];
  /** NAME=VALUE. */
  env: readonly string[];
  cwd: string;
  preopens: readonly string[];
}

/** The host's clocks and chance. */
export interface ProgramHost {
  /** Nanoseconds. */
  monotonic(): number;
  /** Milliseconds since 1970, with fractions. */
  date(): number;
  random(into: Uint8Array): void;
}

const RANDOM_MAX = 1 << 24;
const RANDOM_PIECE = 65536;

export type Imports = Record<string, Record<string, unknown>>;

export function importsOf(system: System, environment: Environment, host: ProgramHost): Imports {
  const waits: Waits = { system, monotonic: host.monotonic };
  const terminalInput = resource();
  const terminalOutput = resource();
  return {
    'wasi:cli/environment': {
      getEnvironment: () => environment.env.map(pairOf),
      getArguments: () => [...environment.args],
      initialCwd: () => environment.cwd,
    },
    'wasi:cli/exit': {
      exit: ({ tag }: { tag: 'ok' | 'err' }) => system.exit(tag === 'ok' ? 0 : 1),
      exitWithCode: (code: number) => system.exit(code),
    },
    'wasi:cli/stdin': { getStdin: () => new InputStream(waits, fileSource(system, 0)) },
    'wasi:cli/stdout': { getStdout: () => new OutputStream(waits, fileSink(system, 1)) },
    'wasi:cli/stderr': { getStderr: () => new OutputStream(waits, fileSink(system, 2)) },
    'wasi:cli/terminal-input': { TerminalInput: terminalInput },
    'wasi:cli/terminal-output': { TerminalOutput: terminalOutput },
    'wasi:cli/terminal-stdin': {
      getTerminalStdin: () => (system.isTerminal(0) ? new terminalInput() : undefined),
    },
    'wasi:cli/terminal-stdout': {
      getTerminalStdout: () => (system.isTerminal(1) ? new terminalOutput() : undefined),
    },
    'wasi:cli/terminal-stderr': {
      getTerminalStderr: () => (system.isTerminal(2) ? new terminalOutput() : undefined),
    },
    'wasi:clocks/monotonic-clock': {
      now: () => BigInt(Math.floor(host.monotonic())),
      resolution: () => 1000n,
      subscribeInstant: (when: bigint) => new Pollable(waits, { deadline: Number(when) }),
      subscribeDuration: (length: bigint) => new Pollable(waits, { deadline: host.monotonic() + Number(length) }),
    },
    'wasi:clocks/wall-clock': { now: () => dateOf(host.date()), resolution: () => dateOf(0.001) },
    'wasi:filesystem/preopens': { getDirectories: () => directoriesOf(waits, environment.preopens) },
    'wasi:filesystem/types': {
      Descriptor,
      DirectoryEntryStream,
      filesystemErrorCode: ({ code }: IoError) => code,
    },
    'wasi:io/error': { Error: IoError },
    'wasi:io/poll': { Pollable, poll: (list: Pollable[]) => poll(waits, list) },
    'wasi:io/streams': { InputStream, OutputStream },
    ...random(host),
    ...sockets(),
  };
}

/** A class whose objects are nothing but there. */
function resource() {
  return class {
    [DISPOSE](): void {}
  };
}

function pairOf(entry: string): [string, string] {
  const at = entry.indexOf('=');
  return at < 0 ? [entry, ''] : [entry.slice(0, at), entry.slice(at + 1)];
}

const dateOf = (milliseconds: number) => ({
  seconds: BigInt(Math.floor(milliseconds / 1000)),
  nanoseconds: Math.floor((milliseconds % 1000) * 1e6),
});

function random(host: ProgramHost): Imports {
  const bytes = (length: bigint): Uint8Array => {
    if (length > RANDOM_MAX) throw new Error(`${length} random bytes at once: no more than ${RANDOM_MAX} are given`);
    const into = new Uint8Array(Number(length));
    for (let at = 0; at < into.length; at += RANDOM_PIECE) host.random(into.subarray(at, at + RANDOM_PIECE));
    return into;
  };
  const word = (): bigint => new DataView(bytes(8n).buffer).getBigUint64(0);
  return {
    'wasi:random/random': { getRandomBytes: bytes, getRandomU64: word },
    'wasi:random/insecure': { getInsecureRandomBytes: bytes, getInsecureRandomU64: word },
    'wasi:random/insecure-seed': { insecureSeed: () => [word(), word()], getInsecureSeed: () => [word(), word()] },
  };
}

/** There are none: who asks for one is told so. Libraries import them whether they are used or not. */
function sockets(): Imports {
  const refuse = (): never => {
    throw new Refused('not-supported');
  };
  const Network = resource();
  return {
    'wasi:sockets/network': { Network, networkErrorCode: () => undefined },
    'wasi:sockets/instance-network': { instanceNetwork: () => new Network() },
    'wasi:sockets/tcp': { TcpSocket: resource() },
    'wasi:sockets/tcp-create-socket': { createTcpSocket: refuse },
    'wasi:sockets/udp': {
      UdpSocket: resource(),
      IncomingDatagramStream: resource(),
      OutgoingDatagramStream: resource(),
    },
    'wasi:sockets/udp-create-socket': { createUdpSocket: refuse },
    'wasi:sockets/ip-name-lookup': { ResolveAddressStream: resource(), resolveAddresses: refuse },
  };
}
