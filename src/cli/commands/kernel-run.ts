// `tabvisor kernel run`: a program of a Linux root as a process of our own kernel.
// Exit status: the program's; 128 + n when signal n ended it; 125 our error, 126 the program can't be executed, 127 it is not there.
import { writeFileSync } from 'node:fs';
import { Command } from 'commander';
import { InputError } from '../../base/errors.js';
import { adviceToWrite } from '../../hosts/node/file-advice.js';
import { reason } from '../../hosts/node/files.js';
import { NodeHost } from '../../hosts/node/host.js';
import { nodePlatform } from '../../hosts/node/platform.js';
import { SharedFolder } from '../../hosts/node/shared-folder.js';
import { EACCES, ENOENT, ENOEXEC, ENOTDIR, errnoName } from '../../kernel/abi/errno.js';
import { drive } from '../../kernel/drive.js';
import { createNode, initialNamespaces, mountAt, standardMounts } from '../../kernel/node.js';
import type { Devpts } from '../../kernel/fs/devpts.js';
import type { Kernel } from '../../kernel/kernel.js';
import type { NamespaceSet } from '../../kernel/ns/namespace-set.js';
import { Credentials } from '../../kernel/security/credentials.js';
import { Strace } from '../../kernel/syscalls/strace.js';
import type { Process } from '../../kernel/task/process.js';
import { seededRandom, VirtualClock } from '../../kernel/virtual-clock.js';
import { CallTimes } from '../call-times.js';
import { epilogue, type Example } from '../help.js';
import { type KernelRunOptions, parseKernelOptions, type RawKernelOptions } from '../kernel-options.js';
import { PipeConsole, TerminalConsole } from '../kernel-console.js';
import { openCaptures } from '../kernel-capture.js';
import { openControl } from '../kernel-control.js';
import { programGroup } from '../kernel-limits.js';
import { mountNetworkFiles, type NodeNetwork, openNodeNetwork } from '../kernel-network.js';
import { kernelReport } from '../kernel-report.js';
import { rootOf, volume } from '../kernel-root.js';
import { SignalForwarding } from '../kernel-signals.js';
import { userOf } from '../../node/user-name.js';
import type { Layer } from '../../oci/store/layer-store.js';
import { dataOption } from '../images.js';
import { type ImageOptions, openImage, withDefaults } from '../kernel-image.js';

const NOT_EXECUTABLE = 126;
const NOT_FOUND = 127;

const EXAMPLES: readonly Example[] = [
  { command: 'tabvisor kernel run --rootfs debian -t -i -- bash', what: 'a shell; the folder debian stays as it is' },
  {
    command: 'tabvisor kernel run --rootfs base.tar.gz --rootfs app.tar -- /app',
    what: 'layers of an image, read where they lie: nothing is unpacked',
  },
  { command: 'tabvisor kernel run --image busybox -t -i', what: 'an image of a registry, as docker run has it' },
  {
    command: 'tabvisor kernel run --rootfs debian.tar --upper mine.changes -t -i -- bash',
    what: 'changes stay in the file mine.changes',
  },
  {
    command: "tabvisor kernel run --rootfs debian --bind .:/work --cwd /work -- sh -c 'make && ./test'",
    what: 'a folder of the host inside, changes to it stay',
  },
  {
    command: 'tabvisor kernel run --rootfs debian --memory 64M --cpus 0.5 --pids 20 -t -i -- bash',
    what: 'what a program may use; /sys/fs/cgroup shows it',
  },
  {
    command: 'tabvisor kernel run --rootfs debian --net user,forward=127.0.0.1:8080-:80 -- nginx',
    what: 'a web server that is reached at port 8080 of this host',
  },
  {
    command: 'tabvisor kernel run --rootfs debian --net user --pcap seen.pcapng -- apt-get update',
    what: 'every frame of eth0, for tshark -r seen.pcapng; --pcap any=F for those of all interfaces',
  },
  {
    command: 'tabvisor kernel run --rootfs debian --user www-data --env LANG=C --cwd /tmp -- id',
    what: "somebody of the root's /etc/passwd, with his groups",
  },
  {
    command: 'seq 1000000 | tabvisor kernel run --rootfs debian -i -- md5sum',
    what: 'standard input and output as pipes',
  },
  { command: 'tabvisor kernel run --rootfs debian --strace=openat,read -- ls', what: 'the calls that a program makes' },
  {
    command: 'tabvisor kernel run --rootfs debian --clock virtual --seed 1 --strace -- date',
    what: 'the same run each time, to the system call',
  },
];

const STATUS =
  "Exit status: the program's; 128 + n when signal n has ended it; 125 when tabvisor failed, 126 when the program can't be executed, 127 when it is not there.";

export function kernelRunCommand(): Command {
  const collect = (value: string, list: string[] = []): string[] => [...list, value];
  return new Command('run')
    .description('run a program of a Linux root on our own kernel')
    .argument('[program]', 'a path in the root, or a name that PATH finds; of an image: in place of its Cmd')
    .argument('[args...]', 'what the program is given')
    .passThroughOptions()
    .option(
      '--rootfs <dir|tar>',
      'the root: a folder, a tar or a tar.gz; repeatable, each lies on those before. It is not changed, but a folder if ,rw follows',
      collect,
    )
    .option(
      '--image <name>',
      'the root, the program and its surroundings are those of an image; it is pulled when it is not here',
    )
    .option('--entrypoint <program>', "in place of the image's")
    .option('--upper <file>', 'changes of the root are kept in this file, and there again at the next start')
    .option('--env <name=value>', 'an environment variable; repeatable', collect)
    .option('--cwd <path>', "working directory in the root (default: /, or the image's)")
    .option(
      '--user <user[:group]>',
      "who the program runs as: a name of the root's /etc/passwd and /etc/group, or a number (default: 0, or the image's)",
    )
    .option('--bind <host:path[:ro]>', 'a folder of the host in the root; repeatable', collect)
    .option('--hostname <name>', 'host name', 'tabvisor')
    .option('--net <kind>', 'none or user[,allow=ADDR:PORT][,forward=HOST:PORT-:PORT][,switch=PATH]', 'none')
    .option('--net-rate <rate[:burst]>', 'how fast the network is in either direction, as 10mbit or 10mbit:64K')
    .option(
      '--pcap <[interface=]file>',
      'frames of an interface (default: eth0; any: of all) in a file for tshark or tcpdump -r; repeatable',
      collect,
    )
    .option('--node-memory <size>', 'memory for programs and their files', '1G')
    .option(
      '--memory <size>',
      'memory that the program, its children and their files may have; who takes more is killed',
    )
    .option('--memory-high <size>', 'above this they are slowed down')
    .option('--cpus <n>', 'share of the processor, as 0.5')
    .option('--cpu-weight <n>', 'weight against others, 1 to 10000 (default: 100)')
    .option('--pids <n>', 'processes and threads that there may be')
    .option(
      '--io-max <disk:limits>',
      'bytes and operations a second, as all:rbps=10M,wiops=100, or of one disk of /proc/partitions; repeatable',
      collect,
    )
    .option(
      '--device <rule>',
      "what may be done to devices, as 'c 1:11 r' or 'deny b *:* m', behind the list that containers have; repeatable",
      collect,
    )
    .option('--control <socket>', 'where tabvisor kernel top can ask')
    .option('--clock <real|virtual>', "time is the host's, or counts instructions (repeatable)", 'real')
    .option('--seed <n>', 'random numbers of a run with --clock virtual: equal seed, equal run')
    .option('-i, --interactive', 'standard input goes to the program')
    .option('-t, --tty', 'the program has a terminal')
    .option('--strace [list]', 'show system calls on standard error; only those of the list')
    .option('--stats <file>', 'system calls, faults and memory as JSON')
    .option('--interpret', 'do not translate')
    .addOption(dataOption())
    .addHelpText('after', epilogue(EXAMPLES, STATUS))
    .action(async (program: string | undefined, rest: string[], raw: RawKernelOptions & ImageOptions) => {
      const given = program === undefined ? [] : [program, ...rest];
      const image = raw.image === undefined ? undefined : await openImage(raw.image, raw);
      const { args, options } = image ? withDefaults(image.config, given, raw) : { args: given, options: raw };
      const parsed = parseKernelOptions(options);
      if (args.length === 0)
        throw new InputError(
          'kernel run: no program is given',
          image ? 'The image names none.' : 'Give one behind the options.',
        );
      process.exitCode = await run(parsed, args, image?.layers);
    });
}

async function run(options: KernelRunOptions, args: string[], layers: readonly Layer[] = []): Promise<number> {
  const host = new NodeHost();
  const core = await nodePlatform.core();
  const strace = options.strace && new Strace(options.strace, (line) => process.stderr.write(`${line}\n`));
  const times = options.stats === undefined ? undefined : new CallTimes(() => host.now(), strace);
  let instructions = (): number => 0;
  const virtual = options.clock === 'virtual' ? new VirtualClock(() => instructions()) : undefined;
  const { kernel, vcpu } = createNode({
    core,
    memory: options.memory,
    // what is translated when must not depend on the host
    translate: options.interpret ? undefined : virtual ? 'at once' : 'in the background',
    clock: virtual ?? host,
    random: virtual ? seededRandom(options.seed) : (into) => host.random(into),
    hostname: options.hostname,
    tracer: times ?? strace,
  });
  instructions = () => vcpu.instructions;
  nodePlatform.tune(vcpu);
  const root = await rootOf(kernel, options, layers);
  const volumes = options.binds.map(({ host: path, readOnly }) => {
    const fs = volume(kernel, new SharedFolder(path, readOnly), { live: true, readOnly });
    fs.source = path;
    return fs;
  });
  const cgroup = programGroup(kernel, options.limits);
  const { namespace, pts } = standardMounts(kernel, root.fs, kernel.pidNamespace, cgroup);
  const namespaces: NamespaceSet = { ...initialNamespaces(kernel, namespace), cgroup };
  for (const [i, bind] of options.binds.entries()) {
    if (!mountAt(kernel, namespace, bind.path, volumes[i]!))
      throw new InputError(
        `--bind: ${bind.path} is no directory of the root`,
        'Make it there first, or choose one that is there.',
      );
  }

  const captures = openCaptures(kernel, options.captures);
  const control = options.control === undefined ? undefined : await openControl(options.control, kernel);
  let status: number;
  let network: NodeNetwork | undefined;
  try {
    network = await openNodeNetwork(kernel, host, options.net, options.netRate);
    if (network) mountNetworkFiles(kernel, namespace, network);
    status = await runProgram(kernel, host, options, args, namespaces, pts, virtual);
  } finally {
    control?.close();
    network?.close();
    captures.close();
    root.close();
  }
  if (times) writeReport(options.stats!, kernelReport(kernel, vcpu, times));
  return status;
}

function writeReport(path: string, report: unknown): void {
  try {
    writeFileSync(path, `${JSON.stringify(report, undefined, 2)}\n`);
  } catch (error) {
    throw new InputError(`--stats ${path}: ${reason(error)}`, adviceToWrite(path, error), { cause: error });
  }
}

/** From the first process's start to its end; its exit status as a shell has it. */
async function runProgram(
  kernel: Kernel,
  host: NodeHost,
  options: KernelRunOptions,
  args: string[],
  namespaces: NamespaceSet,
  pts: Devpts,
  virtual: VirtualClock | undefined,
): Promise<number> {
  const user = userOf(kernel, namespaces.mount.rootPath, options.user);
  const console_ = options.tty
    ? new TerminalConsole(kernel, pts, host)
    : new PipeConsole(options.interactive, host, virtual !== undefined);
  await console_.prepare();
  const program = args[0]!;
  let isInDirectory = false;
  const started = kernel.startProcess(program, {
    args,
    env: options.env.some((entry) => entry.startsWith('HOME='))
      ? options.env
      : [...options.env, `HOME=${user.home || '/'}`],
    cwd: options.cwd,
    searchPath: true,
    credentials: Credentials.user(kernel.userNamespace, user.uid, user.gid, user.groups),
    namespaces,
    files: (task) => {
      isInDirectory = true;
      return console_.files(task);
    },
  });
  if (typeof started === 'number') {
    if (!isInDirectory)
      throw new InputError(
        `--cwd ${options.cwd}: ${-started === ENOENT ? 'no such directory in the root' : errnoName(-started)}`,
        'It must be there when the program starts; --bind brings one too.',
      );
    return refuse(program, -started);
  }
  const init: Process = started;
  console_.open();
  const signals = new SignalForwarding(init, () => host.wake());
  try {
    await drive(kernel, host, () => init.isZombie, virtual);
    for (const fs of kernel.mounted) fs.sync();
  } finally {
    signals.close();
    await console_.close();
  }
  if (signals.endedBy !== undefined) return 128 + signals.endedBy;
  const status = init.exitStatus!;
  return (status & 0x7f) === 0 ? status >> 8 : 128 + (status & 0x7f);
}

function refuse(program: string, errno: number): number {
  const found = errno !== ENOENT && errno !== ENOTDIR;
  const why = !found
    ? 'there is no such program in the root'
    : errno === EACCES
      ? 'it may not be executed'
      : errno === ENOEXEC
        ? 'it is no program for a 32-bit x86'
        : errnoName(errno);
  process.stderr.write(`tabvisor: ${program}: ${why}\n`);
  return found ? NOT_EXECUTABLE : NOT_FOUND;
}
