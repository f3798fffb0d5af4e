// A daemon for tests, with busybox as its image, and docker's own client before it. Between them all answers are checked against the
// Engine API's description, of the version that the client asked for.
import { execFile, execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type IncomingMessage, request, type Server } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, type TestContext } from 'vitest';
import { missing, needs, root } from '../provisioned.js';
import { busyboxRoot } from '../kernel/busybox-root.js';
import { Console } from '../console.js';
import { ApiDescription } from './api-description.js';

export interface Ran {
  status: number;
  stdout: string;
  stderr: string;
}

export interface Answer {
  status: number;
  headers: IncomingMessage['headers'];
  body: string;
}

/** Of the descriptions, which say otherwise than every engine and every client did. */
const MISTAKES = [
  /POST \/commit 400/,
  /GET \/(images\/json|networks|volumes) 400/,
  /GET \/images\/get 404/,
  /POST \/images\/create 400/,
  /GET \/containers\/[^/]+\/top 4(00|09)/,
  /POST \/volumes\/create 40[03]/,
  /POST \/containers\/[^/]+\/update 4(00|09)/,
  /NetworkSettings\/Ports must be array/,
  /ExecIDs must be string/,
  /RestartPolicy\/Name must be equal/,
  /LogConfig\/Type must be equal/,
  /Mounts\/\d+\/Type must be equal/,
];

/** Docker's client; a test that needs it is skipped where it is not. */
export function needsDocker(context: TestContext): void {
  try {
    execFileSync('docker', ['--version'], { stdio: 'ignore' });
  } catch {
    missing(context, "docker's client is not there: apt-get install docker.io");
  }
}

/** What a request carries: JSON, or an archive. */
export function bodyOf(body: unknown): { bytes: Uint8Array; type: string } {
  if (body instanceof Uint8Array) return { bytes: body, type: 'application/x-tar' };
  return { bytes: Buffer.from(body === undefined ? '' : JSON.stringify(body)), type: 'application/json' };
}

export interface DaemonOptions {
  /** Of the node. */
  memory?: string;
  /** Of the daemon besides. */
  options?: readonly string[];
  /** Another folder for its data. */
  data?: string;
  /** A module that is loaded before the daemon's own, and spoken to by `tell`. */
  loading?: string;
  /** Of its process besides. */
  env?(data: string): Record<string, string>;
}

export class Daemon {
  /** What the description does not allow, in words. */
  readonly problems: string[] = [];
  readonly folder = mkdtempSync(join(tmpdir(), 'tabvisor-docker-'));
  /** Which of docker's clients is run. */
  program = 'docker';
  private readonly descriptions = new Map<string, ApiDescription>();
  private child!: ChildProcess;
  private proxy!: Server;
  private said = '';

  readonly data: string;

  private constructor(
    private readonly context: TestContext,
    private readonly how: DaemonOptions,
  ) {
    this.data = how.data ?? join(this.folder, 'data');
  }

  static async start(context: TestContext, how: DaemonOptions = {}): Promise<Daemon> {
    const { busybox } = needs(context, 'busybox');
    const daemon = new Daemon(context, how);
    await daemon.open();
    daemon.proxy = daemon.checking();
    daemon.proxy.listen(daemon.socket);
    await once(daemon.proxy, 'listening');
    const tar = join(daemon.folder, 'root.tar');
    writeFileSync(tar, busyboxRoot(busybox));
    const imported = await daemon.docker('import', tar, 'busybox');
    if (imported.status !== 0) throw new Error(imported.stderr);
    return daemon;
  }

  async open(): Promise<void> {
    const { memory = '256M', options = [], loading, env } = this.how;
    const args = [
      ...(loading === undefined ? [] : ['--import', loading]),
      join(root, 'bin/tabvisor.mjs'),
      'daemon',
      '--host',
      `unix://${this.engine}`,
      '--data',
      this.data,
    ];
    this.said = '';
    this.child = spawn(process.execPath, [...args, '--node-memory', memory, ...options], {
      stdio: ['ignore', 'ignore', 'pipe', ...(loading === undefined ? [] : (['ipc'] as const))],
      env: { ...process.env, ...env?.(this.data) },
    });
    this.child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.said += text;
    });
    while (!this.said.includes('listening'))
      await Promise.race([
        once(this.child.stderr!, 'data'),
        once(this.child, 'exit').then(() => {
          throw new Error(`the daemon did not start: ${this.said}`);
        }),
      ]);
  }

  /** Gives docker's client a plugin of this name. */
  plugin(name: string, path: string): void {
    const plugins = join(this.folder, 'config/cli-plugins');
    mkdirSync(plugins, { recursive: true });
    symlinkSync(path, join(plugins, name));
  }

  /** What there is in the folders of the engine's state. */
  left(): { containers: string[]; volumes: string[] } {
    const names = (folder: string): string[] => {
      const path = join(this.data, folder);
      return existsSync(path) ? readdirSync(path) : [];
    };
    return { containers: names('containers'), volumes: names('volumes') };
  }

  /** Files that lie in the engine's store for the time of a request. */
  spools(): string[] {
    const path = join(this.folder, 'data/partial');
    return existsSync(path) ? readdirSync(path).filter((name) => name.startsWith('spool-')) : [];
  }

  /** Ends the daemon's process, and starts it again on the same data. */
  async restart(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    await this.end(signal);
    await this.open();
  }

  /** Ends the daemon's process at once. */
  kill(): Promise<void> {
    return this.end('SIGKILL');
  }

  private async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    this.child.kill(signal);
    await this.ended();
  }

  /** Resolves when the daemon's process has. */
  async ended(): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) await once(this.child, 'exit');
  }

  /** Of one that has `loading`: tells that, and what it answers; undefined when the process has ended. */
  async tell(message: object): Promise<unknown> {
    const { child } = this;
    const end = this.ended().then(() => []);
    child.send(message, () => {});
    for (;;) {
      const [answer] = await Promise.race([once(child, 'message'), end]);
      if (typeof answer !== 'string') return answer;
    }
  }

  get pid(): number {
    return this.child.pid!;
  }
  /** Bytes that its process has in memory. */
  get memory(): number {
    return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${this.pid}/status`, 'utf8'))![1]) << 10;
  }
  get engine(): string {
    return join(this.folder, 'engine.sock');
  }
  get socket(): string {
    return join(this.folder, 'docker.sock');
  }
  get host(): string {
    return `unix://${this.socket}`;
  }

  /** What it has said that is no greeting: bugs. */
  get complaints(): string {
    return this.said.replace(/^tabvisor: listening on .*\n/m, '');
  }

  async stop(): Promise<void> {
    this.proxy?.closeAllConnections();
    this.proxy?.close();
    await this.end('SIGTERM');
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Runs docker's client to its end. */
  docker(...args: string[]): Promise<Ran> {
    return this.dockerWith('', ...args);
  }

  dockerWith(input: string | Uint8Array, ...args: string[]): Promise<Ran> {
    return this.ran(this.environment, input, args);
  }

  /** With other variables. */
  dockerIn(variables: NodeJS.ProcessEnv, ...args: string[]): Promise<Ran> {
    return this.ran({ ...this.environment, ...variables }, '', args);
  }

  /** The client before another engine. */
  dockerOf(host: string, ...args: string[]): Promise<Ran> {
    return this.ran({ ...this.environment, DOCKER_HOST: host }, '', args);
  }

  private ran(env: NodeJS.ProcessEnv, input: string | Uint8Array, args: readonly string[]): Promise<Ran> {
    return new Promise((resolve) => {
      const child = execFile(this.program, args, { env, maxBuffer: 64 << 20 }, (error, stdout, stderr) =>
        resolve({ status: error ? ((error.code as unknown as number) ?? -1) : 0, stdout, stderr }),
      );
      child.stdin!.on('error', () => {});
      child.stdin!.end(input);
    });
  }

  /** Docker's client on a terminal of its own, of a size. */
  terminal(...args: string[]): Console {
    const config = join(this.folder, 'config');
    const command = `stty cols 90 rows 30; tty; DOCKER_CONFIG=${config} exec ${this.program} -H ${this.host} ${args.join(' ')}`;
    return Console.spawn('script', ['-qec', command, '/dev/null'], { deadline: 100 });
  }

  /** Docker's client, as a console. */
  client(...args: string[]): Console {
    return Console.spawn(this.program, ['-H', this.host, ...args], { deadline: 100 });
  }

  /** What the client's environment has. */
  get environment(): NodeJS.ProcessEnv {
    return { ...process.env, DOCKER_HOST: this.host, DOCKER_CONFIG: join(this.folder, 'config') };
  }

  /** A request of our own; a body of bytes is an archive. */
  call(method: string, path: string, body?: unknown): Promise<Answer> {
    const { bytes, type } = bodyOf(body);
    return this.send(method, path, bytes, type);
  }

  /** The same with a body of any kind. */
  send(method: string, path: string, body: string | Uint8Array, type = 'application/x-tar'): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const headers = { 'Content-Type': type, 'Content-Length': Buffer.byteLength(body) };
      const asked = request({ socketPath: this.socket, method, path, headers }, async (answer) => {
        const pieces: Buffer[] = [];
        try {
          for await (const piece of answer) pieces.push(piece as Buffer);
        } catch (error) {
          reject(error);
        }
        resolve({ status: answer.statusCode!, headers: answer.headers, body: Buffer.concat(pieces).toString() });
      });
      asked.on('error', reject);
      asked.end(body);
    });
  }

  // ---- between the client and the daemon ----------------------------------------------------------------------------------------

  private checking(): Server {
    const server = createServer((asked, answer) => {
      const forward = request(
        { socketPath: this.engine, method: asked.method, path: asked.url, headers: asked.headers },
        (answered) => {
          answer.writeHead(answered.statusCode!, answered.headers);
          answer.flushHeaders();
          let text = '';
          answered.on('data', (piece: Buffer) => {
            text += piece;
          });
          answered.on('end', () => this.check(asked, answered, text));
          answered.pipe(answer);
          answered.on('error', () => answer.destroy());
          answer.on('close', () => answered.destroy());
        },
      );
      forward.on('error', () => answer.destroy());
      asked.pipe(forward);
    });
    server.on('upgrade', (asked, socket, head) => {
      const engine = connect({ path: this.engine, allowHalfOpen: true });
      const lines = [`${asked.method} ${asked.url} HTTP/1.1`];
      for (let i = 0; i < asked.rawHeaders.length; i += 2)
        lines.push(`${asked.rawHeaders[i]}: ${asked.rawHeaders[i + 1]}`);
      engine.write(`${lines.join('\r\n')}\r\n\r\n`);
      engine.write(head);
      socket.pipe(engine);
      engine.pipe(socket);
      for (const [one, other] of [
        [socket, engine],
        [engine, socket],
      ] as const)
        one.on('error', () => other.destroy());
    });
    return server;
  }

  private check(asked: IncomingMessage, answered: IncomingMessage, text: string): void {
    const [, version, path] = /^(?:\/v(1\.\d+))?(\/[^?]*)/.exec(asked.url!)!;
    if (path === '/_ping') return;
    let description = this.descriptions.get(version ?? '1.51');
    if (!description) {
      description = ApiDescription.of(this.context, version ?? '1.51');
      this.descriptions.set(version ?? '1.51', description);
    }
    let body: unknown;
    try {
      body = JSON.parse(text);
    } catch {
      // streams of several, and what is none
    }
    const found = description.problems(asked.method!, decodeURI(path!), answered.statusCode!, body);
    this.problems.push(...found.filter((problem) => !MISTAKES.some((mistake) => mistake.test(problem))));
  }
}

/** One daemon for the tests of a file, told of before each of them; they are skipped where docker's client is not there. */
export function sharedDaemon(take: (daemon: Daemon) => void, options: Parameters<typeof Daemon.start>[1] = {}): void {
  let starting: Promise<Daemon> | undefined;
  beforeEach(async (context) => {
    needsDocker(context);
    starting ??= Daemon.start(context, options);
    take(await starting);
  });
  afterAll(async () => {
    await (await starting)?.stop();
  });
}
