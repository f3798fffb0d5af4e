// `tabvisor oci`: an OCI runtime with runc's command line, for engines that people have already. docs/oci-runtime.md; runc(8).
import { appendFileSync } from 'node:fs';
import { Command } from 'commander';
import { parseSize } from '../../base/bytes.js';
import { InputError, messageOf } from '../../base/errors.js';
import type { ProcessSpec, ResourcesSpec } from '../../base/runtime-spec.js';
import { SIGNAL_NAMES } from '../../kernel/abi/signal-names.js';
import type { ProcessRow, Statistics } from '../../node/contract.js';
import { epilogue, type Example } from '../help.js';
import { readJson, writeConfig } from '../oci/bundle.js';
import { ask, execute, type Streamed } from '../oci/client.js';
import { defaultSpec } from '../oci/default-spec.js';
import { features } from '../oci/features.js';
import type { Sandbox } from '../oci/sandbox.js';
import { sayReady, startApart } from '../oci/spawn.js';
import { StateFolder } from '../oci/state-folder.js';
import * as verbs from '../oci/verbs.js';
import { columns } from '../report.js';

const EXAMPLES: readonly Example[] = [
  {
    command: 'podman --runtime $(command -v tabvisor-oci) run --rm busybox true',
    what: 'an image under podman, in a sandbox of ours',
  },
  { command: 'tabvisor oci run --bundle . one', what: 'the bundle of this folder, in the foreground' },
  { command: 'tabvisor oci list; tabvisor oci exec one ps', what: 'what there is, and a program more in it' },
];
const NODE_MEMORY = '512M';
/** The status of who was killed, as a shell has it. */
const KILLED = 137;

interface Globals {
  root: string;
  log?: string;
  logFormat: string;
  nodeMemory: string;
}

const defaultRoot = (): string =>
  process.env.XDG_RUNTIME_DIR ? `${process.env.XDG_RUNTIME_DIR}/tabvisor-oci` : '/run/tabvisor-oci';

export function ociCommand(): Command {
  const oci = new Command('oci')
    .description("an OCI runtime with runc's command line: podman and containerd run images in our sandbox")
    .enablePositionalOptions()
    .option('--root <dir>', 'where the state of containers is kept', defaultRoot())
    .option('--log <file>', 'errors go there too')
    .option('--log-format <text|json>', 'how they are written there', 'text')
    .option('--node-memory <size>', 'memory of a sandbox, for programs and their files', NODE_MEMORY)
    .option('--debug', 'taken, and nothing more')
    .option('--systemd-cgroup', 'taken, and nothing more: no group of the host is used')
    .option('--cgroup-manager <manager>', 'taken, and nothing more')
    .option('--rootless <auto>', 'taken, and nothing more')
    .version(`tabvisor oci\nspec: ${verbs.OCI_VERSION}`, '-v, --version', 'print the version of the specification')
    .addHelpText('after', epilogue(EXAMPLES));
  const globals = (): Globals => oci.opts<Globals>();
  const folder = (id: string): StateFolder => new StateFolder(globals().root, id);
  /** A verb whose errors go to the log as well. */
  const verb = (form: string, description: string, action: (...args: never[]) => Promise<unknown>): Command =>
    oci
      .command(form)
      .description(description)
      .action(async (...args: unknown[]) => {
        try {
          const status = await action(...(args as never[]));
          process.exitCode = typeof status === 'number' ? status : 0;
        } catch (error) {
          log(globals(), messageOf(error));
          throw error;
        }
      });
  const creation = (command: Command): Command =>
    command
      .option('-b, --bundle <dir>', 'the folder with config.json', '.')
      .option('--pid-file <file>', "the sandbox's pid goes there")
      .option('--console-socket <socket>', "a terminal's master is sent there")
      .option('--no-pivot', 'taken, and nothing more')
      .option('--no-new-keyring', 'taken, and nothing more')
      .option('--preserve-fds <n>', 'taken, and nothing more: no descriptor of the host goes in');

  type Creation = { bundle: string; pidFile?: string; consoleSocket?: string };
  const createOptions = (given: Creation): verbs.CreateOptions => ({
    ...{ root: globals().root, bundle: given.bundle, memory: memoryOf(globals().nodeMemory) },
    ...{ pidFile: given.pidFile, consoleSocket: given.consoleSocket },
  });

  creation(
    verb(
      'create <id>',
      'a container of a bundle, whose program waits for start',
      async (id: string, given: Creation) => {
        await verbs.create(id, createOptions(given));
        // the sandbox has our standard streams, and goes on
        process.exit(0);
      },
    ),
  );
  creation(
    verb('run <id>', 'create and start; waits for the end, and deletes', (id: string, given: Creation & RunOptions) =>
      run(folder(id), createOptions(given), given),
    )
      .option('-d, --detach', 'does not wait')
      .option('--keep', 'does not delete'),
  );
  verb('start <id>', 'start the program', (id: string) => verbs.start(folder(id)));
  verb('state <id>', 'the state as JSON', async (id: string) => printJson(await verbs.state(folder(id))));
  verb(
    'kill <id> [signal]',
    'send a signal (default: TERM)',
    (id: string, signal = 'TERM', { all }: { all?: boolean }) =>
      verbs.kill(folder(id), signalNumber(signal), all ?? false),
  ).option('-a, --all', 'to every process of the container');
  verb('delete <id>', 'remove a container that is stopped', (id: string, { force }: { force?: boolean }) =>
    verbs.remove(folder(id), force ?? false),
  ).option('-f, --force', 'end it first; no error if it is not there');
  verb('pause <id>', 'stop all processes', async (id: string) => void (await ask(folder(id), { ask: 'pause' })));
  verb('resume <id>', 'let them go on', async (id: string) => void (await ask(folder(id), { ask: 'resume' })));
  verb('update <id>', 'change limits', async (id: string, given: UpdateOptions) => {
    await ask(folder(id), { ask: 'update', resources: resourcesOf(given) });
  })
    .option('-r, --resources <file>', 'resources of a config, as JSON; -: standard input')
    .option('--memory <bytes>', 'memory')
    .option('--cpu-quota <us>', 'of a period')
    .option('--cpu-period <us>', 'a period')
    .option('--cpu-share <n>', 'weight against others')
    .option('--pids-limit <n>', 'processes and threads')
    .option('--blkio-weight <10..1000>', 'weight against others at disks')
    .option('--memory-reservation <bytes>', 'memory that is not taken from it')
    .option('--cpuset-cpus <list>', 'processors');
  verb('events <id>', 'statistics as lines of JSON', (id: string, given: { stats?: boolean; interval: string }) =>
    events(folder(id), given.stats ? undefined : Number.parseFloat(given.interval)),
  )
    .option('--stats', 'once')
    .option('--interval <seconds>', 'time between two', '5');
  verb('ps <id>', 'processes of a container', async (id: string, given: { format: string }) =>
    processes(folder(id), given.format),
  ).option('-f, --format <table|json>', 'how they are shown', 'table');
  verb('list', 'all containers', async (given: { format: string; quiet?: boolean }) => list(globals().root, given))
    .option('-f, --format <table|json>', 'how they are shown', 'table')
    .option('-q, --quiet', 'IDs only');
  verb(
    'spec',
    'write a config.json to begin with',
    async ({ bundle, rootless }: { bundle: string; rootless?: boolean }) => {
      const ids = rootless ? { uid: process.getuid!(), gid: process.getgid!() } : undefined;
      writeConfig(bundle, defaultSpec(verbs.OCI_VERSION, ids));
    },
  )
    .option('-b, --bundle <dir>', 'the folder that it goes to', '.')
    .option('--rootless', 'with a user namespace, whose root is who calls');
  for (const name of ['checkpoint', 'restore'])
    verb(`${name} <id> [more...]`, 'refused: a sandbox is not kept', async () => {
      throw new InputError(
        `${name}: containers of the OCI runtime are not kept and gone on with: there is no CRIU in our kernel`,
        'Stop it and start another one; what it has written to its root and binds is there.',
      );
    }).allowUnknownOption();
  verb('features', 'what the runtime can do, as JSON', async () => printJson(features()));
  verb('exec <id> [command...]', 'a program more in a container', (id: string, args: string[], given: ExecGiven) =>
    exec(folder(id), args, given, globals()),
  )
    .passThroughOptions()
    .option('-p, --process <file>', 'the process of a config, as JSON')
    .option('--pid-file <file>', 'the pid of who stands for it goes there')
    .option('--console-socket <socket>', "a terminal's master is sent there")
    .option('-d, --detach', 'does not wait')
    .option('-t, --tty', 'with a terminal')
    .option('-e, --env <name=value>', 'an environment variable; repeatable', collect)
    .option('--cwd <path>', 'working directory')
    .option('-u, --user <user[:group]>', 'who it runs as')
    .option('--ready', 'says on descriptor 3 when it is there');
  oci
    .command('sandbox <id>', { hidden: true })
    .requiredOption('--bundle <dir>')
    .requiredOption('--socket <path>')
    .requiredOption('--memory <bytes>')
    .requiredOption('--place <json>')
    .action(async (id: string, { place, memory, ...given }: Inner) => {
      let sandbox: Sandbox;
      try {
        const { Sandbox: OfContainer } = await import('../oci/sandbox.js');
        sandbox = await OfContainer.open({ ...given, id, place: JSON.parse(place), memory: Number(memory) });
      } catch (error) {
        sayReady(messageOf(error));
        process.exit(1);
      }
      sayReady();
      const status = await sandbox.run();
      await drained();
      process.exit(status);
    });
  // stands for a container in somebody else's sandbox
  oci
    .command('shared <id>', { hidden: true })
    .requiredOption('--bundle <dir>')
    .requiredOption('--socket <path>')
    .requiredOption('--memory <bytes>')
    .requiredOption('--place <json>')
    .action((id: string, { bundle, socket, place }: Inner) =>
      standFor(socket, id, { ask: 'create', bundle, place: JSON.parse(place) }),
    );
  return oci;
}

const collect = (value: string, list: string[] = []): string[] => [...list, value];
const printJson = (value: unknown): void => void process.stdout.write(`${JSON.stringify(value, undefined, 2)}\n`);

function log({ log: file, logFormat }: Globals, message: string): void {
  if (file === undefined) return;
  const entry = { level: 'error', msg: message, time: new Date().toISOString() };
  const line =
    logFormat === 'json' ? JSON.stringify(entry) : `time="${entry.time}" level=error msg=${JSON.stringify(message)}`;
  try {
    appendFileSync(file, `${line}\n`);
  } catch {
    // what went wrong is said on standard error too
  }
}

function memoryOf(text: string): number {
  const bytes = parseSize(text);
  if (bytes === undefined || bytes < 32 << 20 || bytes > 3 * 2 ** 30)
    throw new InputError(`--node-memory ${text}: is no size of 32M to 3G`, 'For example --node-memory 256M.');
  return bytes;
}

function signalNumber(text: string): number {
  const name = text.toUpperCase();
  const number = /^\d{1,2}$/.test(text)
    ? Number(text)
    : SIGNAL_NAMES.indexOf(name.startsWith('SIG') ? name : `SIG${name}`);
  if (number < 1 || number > 64) throw new InputError(`unknown signal "${text}"`, 'For example KILL, SIGTERM or 9.');
  return number;
}

interface RunOptions {
  detach?: boolean;
  keep?: boolean;
}

async function run(folder: StateFolder, options: verbs.CreateOptions, { detach, keep }: RunOptions): Promise<number> {
  const { ended } = await verbs.create(folder.id, options);
  const forward = (signal: NodeJS.Signals): void =>
    void verbs.kill(folder, signalNumber(signal), false).catch(() => {});
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const) process.on(signal, () => forward(signal));
  try {
    await verbs.start(folder);
  } catch (error) {
    // what can't begin does not stay
    await verbs.remove(folder, true);
    throw error;
  }
  if (detach) process.exit(0);
  const status = await ended;
  if (!keep) await verbs.remove(folder, true);
  return status;
}

interface UpdateOptions {
  resources?: string;
  memory?: string;
  cpuQuota?: string;
  cpuPeriod?: string;
  cpuShare?: string;
  pidsLimit?: string;
  blkioWeight?: string;
  memoryReservation?: string;
  cpusetCpus?: string;
}

function resourcesOf(given: UpdateOptions): ResourcesSpec {
  if (given.resources !== undefined)
    return readJson(given.resources === '-' ? '/dev/stdin' : given.resources) as ResourcesSpec;
  const number = (text: string | undefined): number | undefined => {
    if (text === undefined) return undefined;
    if (!/^-?\d{1,15}$/.test(text)) throw new InputError(`update: '${text}' is no number`);
    return Number(text);
  };
  return {
    memory: { limit: number(given.memory), reservation: number(given.memoryReservation) },
    cpu: {
      quota: number(given.cpuQuota),
      period: number(given.cpuPeriod),
      shares: number(given.cpuShare),
      cpus: given.cpusetCpus,
    },
    pids: { limit: number(given.pidsLimit) },
    blockIO: { weight: number(given.blkioWeight) },
  };
}

async function events(folder: StateFolder, seconds: number | undefined): Promise<void> {
  for (;;) {
    const of = (await ask(folder, { ask: 'stats' })) as Statistics;
    const data = {
      cpu: {
        usage: { total: of.cpu, kernel: of.systemCpu, user: of.cpu - of.systemCpu },
        throttling: {
          periods: of.periods,
          throttledPeriods: of.throttledPeriods,
          throttledTime: of.throttledNanoseconds,
        },
      },
      memory: {
        usage: { usage: of.memory, max: of.memoryPeak, limit: of.memoryLimit, failcnt: of.failures },
        raw: of.memoryStat,
      },
      pids: { current: of.pids, limit: of.pidsLimit },
      blkio: {
        ioServiceBytesRecursive: of.disks.flatMap(({ major, minor, readBytes, writtenBytes }) => [
          { major, minor, op: 'Read', value: readBytes },
          { major, minor, op: 'Write', value: writtenBytes },
        ]),
        ioServicedRecursive: of.disks.flatMap(({ major, minor, readOperations, writtenOperations }) => [
          { major, minor, op: 'Read', value: readOperations },
          { major, minor, op: 'Write', value: writtenOperations },
        ]),
      },
    };
    process.stdout.write(`${JSON.stringify({ type: 'stats', id: folder.id, data })}\n`);
    if (seconds === undefined || !(seconds > 0)) return;
    await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  }
}

async function processes(folder: StateFolder, format: string): Promise<void> {
  const rows = (await ask(folder, { ask: 'processes' })) as ProcessRow[];
  if (format === 'json') return printJson(rows.map(({ pid }) => pid));
  const line = (uid: string, pid: string, parent: string, command: string): string =>
    `${uid.padEnd(8)}${pid.padStart(6)}${parent.padStart(7)}  ${command}\n`;
  const lines = rows.map(({ uid, pid, parent, command }) => line(`${uid}`, `${pid}`, `${parent}`, command));
  process.stdout.write(`${line('UID', 'PID', 'PPID', 'CMD')}${lines.join('')}`);
}

async function list(root: string, { format, quiet }: { format: string; quiet?: boolean }): Promise<void> {
  const all = await Promise.all(StateFolder.all(root).map(verbs.state));
  if (quiet) process.stdout.write(all.map(({ id }) => `${id}\n`).join(''));
  else if (format === 'json') printJson(all);
  else {
    const lines = all.map((each) => ['id', 'pid', 'status', 'bundle', 'created'].map((name) => String(each[name])));
    process.stdout.write(`${columns([['ID', 'PID', 'STATUS', 'BUNDLE', 'CREATED'], ...lines]).join('\n')}\n`);
  }
}

interface Inner {
  bundle: string;
  socket: string;
  memory: string;
  place: string;
}

interface ExecGiven {
  process?: string;
  pidFile?: string;
  consoleSocket?: string;
  detach?: boolean;
  tty?: boolean;
  env?: string[];
  cwd?: string;
  user?: string;
  ready?: boolean;
}

async function exec(folder: StateFolder, args: string[], given: ExecGiven, { root }: Globals): Promise<number> {
  const spec = verbs.processSpec(folder, {
    ...(given.process !== undefined && { process: readJson(given.process) as ProcessSpec }),
    ...{ args, env: given.env ?? [], tty: given.tty ?? false, cwd: given.cwd, user: given.user },
  });
  const question = { ask: 'exec', process: spec } as const;
  if (given.ready) return standFor(folder.door, folder.id, question);
  if (!given.detach && !given.consoleSocket) {
    const begun = (): void => verbs.writePid(given.pidFile, process.pid);
    const status = await execute(folder.door, folder.id, question, begun);
    await drained();
    process.exit(status);
  }
  // who stands for the process goes on when we have ended
  const options = ['process', 'env', 'cwd', 'user'] as const;
  const again = options.flatMap((name) => [given[name] ?? []].flat().flatMap((value) => [`--${name}`, value]));
  const words = ['--root', root, 'exec', '--ready', ...(given.tty ? ['--tty'] : []), ...again, folder.id, ...args];
  const { pid } = await startApart(words, spec.terminal ? given.consoleSocket : undefined);
  verbs.writePid(given.pidFile, pid);
  process.exit(0);
}

/** We stand for what is in the sandbox: with its streams, and its status at the end. */
async function standFor(door: string, id: string, question: Streamed): Promise<never> {
  let begun = false;
  try {
    const status = await execute(door, id, question, () => {
      begun = true;
      sayReady();
    });
    await drained();
    process.exit(status);
  } catch (error) {
    // the sandbox may end with all that is in it
    if (begun) process.exit(KILLED);
    sayReady(messageOf(error));
    process.exit(1);
  }
}

/** Output that is on its way. */
async function drained(): Promise<void> {
  for (const stream of [process.stdout, process.stderr])
    await new Promise<void>((resolve) => (stream.destroyed ? resolve() : stream.write('', () => resolve())));
}
