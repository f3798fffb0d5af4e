// `tabvisor oci`: an OCI runtime with runc's command line, for engines that people have already. docs/oci-runtime.md; runc(8).
import { appendFileSync } from 'node:fs';
import { Command } from 'commander';
import { parseSize } from '../../base/bytes.js';
import { InputError, messageOf } from '../../base/errors.js';
import type { ProcessSpec } from '../../base/runtime-spec.js';
import { SIGNAL_NAMES } from '../../kernel/abi/signal-names.js';
import { epilogue, type Example } from '../help.js';
import { readJson, writeConfig } from '../oci/bundle.js';
import { ask, execute, type Streamed } from '../oci/client.js';
import { defaultSpec } from '../oci/default-spec.js';
import type { Sandbox } from '../oci/sandbox.js';
import { sayReady, startApart } from '../oci/spawn.js';
import { StateFolder } from '../oci/state-folder.js';
import * as verbs from '../oci/verbs.js';
import { events, list, printJson, processes } from '../oci/reports.js';
import { resourcesOf, type UpdateOptions, updateOptions } from '../oci/update-options.js';

const EXAMPLES: readonly Example[] = [
  {
    command: 'podman --runtime $(command -v tabvisor-oci) run --rm busybox true',
    what: 'an image under podman, in a sandbox of ours',
  },
  { command: 'tabvisor oci run --bundle . one', what: 'the bundle of this folder, in the foreground' },
  { command: 'tabvisor oci list; tabvisor oci exec one ps', what: 'what there is, and a program more in it' },
];
const NODE_MEMORY = '512M';
/** As runc's. */
const FAILED = 1;
const EXEC_FAILED = 255;
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
    .option('--log <file>', 'errors go there too, and what is passed over')
    .option('--log-format <text|json>', 'how they are written there', 'text')
    .option('--node-memory <size>', 'memory of a sandbox, for programs and their files', NODE_MEMORY)
    .option('--debug', 'taken, and nothing more')
    .option('--systemd-cgroup', 'taken, and nothing more: no group of the host is used')
    .option('--cgroup-manager <manager>', 'taken, and nothing more')
    .option('--rootless <auto>', 'taken, and nothing more')
    .option('--criu <path>', 'taken, and nothing more')
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
          log(globals(), 'error', messageOf(error));
          process.exitCode = form.startsWith('exec') ? EXEC_FAILED : FAILED;
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
      .option('--no-subreaper', 'taken, and nothing more')
      .option('--preserve-fds <n>', 'refused but 0: no descriptor of the host goes in', noDescriptors);

  type Creation = { bundle: string; pidFile?: string; consoleSocket?: string };
  const createOptions = (given: Creation): verbs.CreateOptions => ({
    ...{ root: globals().root, bundle: given.bundle, memory: memoryOf(globals().nodeMemory) },
    ...{ pidFile: given.pidFile, consoleSocket: given.consoleSocket },
    warn: (words) => log(globals(), 'warning', words),
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
  verb('pause <id>', 'stop all processes', (id: string) => verbs.pause(folder(id)));
  verb('resume <id>', 'let them go on', (id: string) => verbs.resume(folder(id)));
  updateOptions(
    verb('update <id>', 'change limits', async (id: string, given: UpdateOptions) => {
      await ask(folder(id), { ask: 'update', resources: resourcesOf(given) });
    }),
  );
  verb('events <id>', 'statistics as lines of JSON', (id: string, given: { stats?: boolean; interval: string }) =>
    events(folder(id), given.stats ? undefined : Number.parseFloat(given.interval)),
  )
    .option('--stats', 'once')
    .option('--interval <seconds>', 'time between two', '5');
  verb('ps <id> [option...]', 'processes of a container', (id: string, words: string[], given: { format: string }) =>
    processes(folder(id), words, given.format),
  )
    .passThroughOptions()
    .option('-f, --format <table|json>', 'how they are shown', 'table');
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
  verb('features', 'what the runtime can do, as JSON', async () => {
    const { features } = await import('../oci/features.js');
    printJson(features());
  });
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
    .option('-g, --additional-gids <gid>', 'a group more; repeatable', collect)
    .option('-c, --cap <capability>', 'a capability more; repeatable', collect)
    .option('--no-new-privs', 'no program gets more rights')
    .option('--ignore-paused', 'in a paused container too')
    .option('--preserve-fds <n>', 'refused but 0: no descriptor of the host goes in', noDescriptors)
    .option('--process-label <label>', 'refused: there is no SELinux')
    .option('--apparmor <profile>', 'refused: there is no AppArmor')
    .option('--cgroup <path>', 'refused: a process is in the group of its container')
    .option('--ready', 'says on descriptor 3 when it is there');
  const inner = (name: string, action: (given: Inner, kept: verbs.Given) => Promise<void>): void =>
    void oci
      .command(`${name} <id>`, { hidden: true })
      .requiredOption('--kept <json>')
      .requiredOption('--socket <path>')
      .requiredOption('--memory <bytes>')
      .requiredOption('--place <json>')
      .action((_id: string, given: Inner) => action(given, JSON.parse(given.kept)));
  inner('sandbox', async ({ socket, place, memory }, given) => {
    let sandbox: Sandbox;
    try {
      const { Sandbox: OfContainer } = await import('../oci/sandbox.js');
      const kept = verbs.keep(given);
      sandbox = await OfContainer.open({ kept, socket, place: JSON.parse(place), memory: Number(memory) });
      folder(kept.id).write(kept);
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
  inner('shared', ({ socket, place }, given) => {
    const kept = verbs.keep(given);
    const begun = (): void => folder(kept.id).write(kept);
    return standFor(socket, kept.id, { ask: 'create', kept, place: JSON.parse(place) }, begun);
  });
  return oci;
}

/** Throws InputError. */
function noDescriptors(text: string): string {
  if (Number(text) !== 0)
    throw new InputError(`--preserve-fds ${text}: a descriptor of the host's kernel can't be had on the container's`);
  return text;
}

const collect = (value: string, list: string[] = []): string[] => [...list, value];

function log({ log: file, logFormat }: Globals, level: 'error' | 'warning', message: string): void {
  if (file === undefined) return;
  const entry = { level, msg: message, time: new Date().toISOString() };
  const line =
    logFormat === 'json' ? JSON.stringify(entry) : `time="${entry.time}" level=${level} msg=${JSON.stringify(message)}`;
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
  if (number < 0 || number > 64) throw new InputError(`unknown signal "${text}"`, 'For example KILL, SIGTERM or 9.');
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

interface Inner {
  kept: string;
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
  additionalGids?: string[];
  cap?: string[];
  /** Commander's name for the lack of --no-new-privs. */
  newPrivs?: boolean;
  ignorePaused?: boolean;
  processLabel?: string;
  apparmor?: string;
  cgroup?: string;
}

async function exec(folder: StateFolder, args: string[], given: ExecGiven, { root }: Globals): Promise<number> {
  refuseLabels(given);
  if (!given.ready) await verbs.requireRunning(folder, given.ignorePaused ?? false);
  const { process: file, ...words } = given;
  const process_ = file === undefined ? undefined : ((given.ready ? JSON.parse(file) : readJson(file)) as ProcessSpec);
  const spec = verbs.processSpec(folder, { ...words, args, process: process_, noNewPrivs: words.newPrivs === false });
  const question = { ask: 'exec', process: spec } as const;
  if (given.ready) return standFor(folder.door, folder.id, question);
  if (spec.terminal && given.detach && given.consoleSocket === undefined)
    throw new InputError('exec: a terminal without anybody at it needs --console-socket');
  if (!given.detach && !given.consoleSocket) {
    const begun = (): void => verbs.writePid(given.pidFile, process.pid);
    const status = await execute(folder.door, folder.id, question, begun);
    await drained();
    process.exit(status);
  }
  // who stands for the process goes on when we have ended
  const again = ['--root', root, 'exec', '--ready', '--process', JSON.stringify(spec), folder.id];
  const { pid, ended } = await startApart(again, spec.terminal ? given.consoleSocket : undefined);
  verbs.writePid(given.pidFile, pid);
  process.exit(given.detach ? 0 : await ended);
}

function refuseLabels({ processLabel, apparmor, cgroup }: ExecGiven): void {
  const refused = { 'process-label': processLabel, apparmor, cgroup };
  for (const [name, value] of Object.entries(refused))
    if (value) throw new InputError(`exec --${name} ${value}: our kernel has nothing of the kind`);
}

/** We stand for what is in the sandbox: with its streams, and its status at the end. */
async function standFor(door: string, id: string, question: Streamed, then: () => void = () => {}): Promise<never> {
  let begun = false;
  try {
    const status = await execute(door, id, question, () => {
      begun = true;
      then();
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
