// `tabvisor kernel run`: a program of a Linux root as a process of our own kernel.
// Exit status: the program's; 128 + n when signal n ended it; 125 our error, 126 the program can't be executed, 127 it is not there.
import { writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { Command } from 'commander';
import { InputError } from '../../base/errors.js';
import { adviceToWrite } from '../../hosts/node/file-advice.js';
import { reason } from '../../hosts/node/files.js';
import { NodeHost } from '../../hosts/node/host.js';
import { nodePlatform } from '../../hosts/node/platform.js';
import { drive } from '../../kernel/drive.js';
import { createNode } from '../../kernel/node.js';
import { Strace } from '../../kernel/syscalls/strace.js';
import { seededRandom, VirtualClock } from '../../kernel/virtual-clock.js';
import { CallTimes } from '../call-times.js';
import { epilogue, type Example } from '../help.js';
import { type KernelRunOptions, parseKernelOptions, type RawKernelOptions } from '../kernel-options.js';
import { openCaptures } from '../kernel-capture.js';
import { takeControl } from '../kernel-control.js';
import { runOnNode } from '../kernel-join.js';
import { NotStarted, type Program, Programs } from '../kernel-program.js';
import { kernelReport } from '../kernel-report.js';
import { forwardSignals } from '../kernel-signals.js';
import { dataOption } from '../images.js';
import { type ImageOptions, openImage, withDefaults } from '../kernel-image.js';
import type { Layer } from '../../oci/store/layer-store.js';

/** Milliseconds that others have to take the last of their programs' output, when the node ends. */
const PATIENCE = 2000;

const EXAMPLES: readonly Example[] = [
  {
    command: 'tabvisor kernel run -t -i',
    what: 'a shell in the root that the package brings; help lists what there is',
  },
  { command: 'tabvisor kernel run --rootfs debian -t -i -- bash', what: 'a shell; the folder debian stays as it is' },
  {
    command: 'tabvisor kernel run --rootfs base.tar.gz --rootfs app.tar -- /app',
    what: 'layers of an image, read where they lie: nothing is unpacked',
  },
  { command: 'tabvisor kernel run --image busybox -t -i', what: 'an image of a registry, as docker run has it' },
  {
    command: 'tabvisor kernel run --rootfs debian.tar --upper mine.changes -t -i -- bash',
    what: 'changes stay in the folder mine.changes',
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
    command: 'tabvisor kernel run --rootfs debian --userns --hostname web -t -i -- bash',
    what: 'root inside is an ordinary user, 100000, outside: /proc/self/uid_map shows it',
  },
  {
    command: 'tabvisor kernel run --rootfs debian --control /tmp/k --hostname db -t -i -- bash',
    what: 'a node that others can come to (process 1 there)',
  },
  {
    command: 'tabvisor kernel run --node /tmp/k --rootfs debian --share net=1 -t -i -- bash',
    what: 'a second program there, in another terminal: on its own but for the network',
  },
  {
    command: 'tabvisor kernel run --node /tmp/k --share all=1 -t -i -- bash',
    what: 'a shell inside the first one',
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
      'the root: a folder, a tar or a tar.gz; repeatable, each lies on those before. It is not changed, but a folder if ,rw follows. Without it and --image: a shell and some tools of our own',
      collect,
    )
    .option(
      '--image <name>',
      'the root, the program and its surroundings are those of an image; it is pulled when it is not here',
    )
    .option('--entrypoint <program>', "in place of the image's")
    .option('--upper <folder>', 'changes of the root are kept in this folder, and there again at the next start')
    .option('--env <name=value>', 'an environment variable; repeatable', collect)
    .option('--cwd <path>', "working directory in the root (default: /, or the image's)")
    .option(
      '--user <user[:group]>',
      "who the program runs as: a name of the root's /etc/passwd and /etc/group, or a number (default: 0, or the image's)",
    )
    .option('--bind <host:path[:ro]>', 'a folder of the host in the root; repeatable', collect)
    .option('--hostname <name>', 'host name (default: tabvisor)')
    .option('--net <kind>', 'none or user[,allow=ADDR:PORT][,forward=HOST:PORT-:PORT][,switch=PATH] (default: none)')
    .option('--net-rate <rate[:burst]>', 'how fast the network is in either direction, as 10mbit or 10mbit:64K')
    .option(
      '--pcap <[interface=]file>',
      'frames of an interface (default: eth0; any: of all) in a file for tshark or tcpdump -r; repeatable',
      collect,
    )
    .option(
      '--userns [uid:host:count]',
      'a user namespace of its own: root inside is id HOST outside, and so on (alone: 0:100000:65536)',
    )
    .option('--node <socket>', 'run beside another program, on the node that has --control SOCKET')
    .option(
      '--share <ns=pid>',
      'with --node: have a namespace of another program (mnt net ipc uts pid cgroup user time, or all); repeatable',
      collect,
    )
    .option('--node-memory <size>', 'memory for programs and their files (default: 1G)')
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
    .option('--control <socket>', 'where tabvisor kernel top asks, and further programs come with --node')
    .option('--clock <real|virtual>', "time is the host's, or counts instructions: repeatable (default: real)")
    .option('--seed <n>', 'random numbers of a run with --clock virtual: equal seed, equal run')
    .option('-i, --interactive', 'standard input goes to the program')
    .option('-t, --tty', 'the program has a terminal')
    .option('--strace [list]', 'show system calls on standard error; only those of the list')
    .option('--stats <file>', 'system calls, faults and memory as JSON')
    .option('--interpret', 'do not translate')
    .addOption(dataOption())
    .addHelpText('after', epilogue(EXAMPLES, STATUS))
    .action(async (program: string | undefined, rest: string[], raw: RawKernelOptions & ImageOptions) => {
      // the root that the package brings has a shell
      const own = raw.rootfs === undefined && raw.image === undefined ? ['sh'] : [];
      const given = program === undefined ? own : [program, ...rest];
      const image = raw.image === undefined ? undefined : await openImage(raw.image, raw);
      const { args, options } = image ? withDefaults(image.config, given, raw) : { args: given, options: raw };
      if (args.length === 0)
        throw new InputError(
          'kernel run: no program is given',
          image ? 'The image names none.' : 'Give one behind the options.',
        );
      try {
        process.exitCode = await (options.node === undefined
          ? run(parseKernelOptions(options), args, image?.layers)
          : runOnNode(options.node, options, args));
      } catch (error) {
        if (!(error instanceof NotStarted)) throw error;
        process.stderr.write(`tabvisor: ${error.message}\n`);
        process.exitCode = error.status;
      }
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
  const programs = new Programs(kernel, host, virtual !== undefined);
  const captures = openCaptures(kernel, options.captures);
  const control = options.control === undefined ? undefined : await takeControl(options.control);
  let status: number;
  try {
    const program = await programs.start(options, args, process, layers, async () => {
      kernel.run(kernel.clock.monotonic() + 1e6);
      await host.sleep(Math.min(1e8, Math.max(0, kernel.nextTimer - kernel.clock.monotonic())));
    });
    control?.open(programs);
    const restore = forwardSignals((signal) => program.signals.send(signal));
    try {
      await drive(kernel, host, () => program.process.isZombie, virtual);
      await endOthers(programs, program, virtual);
      status = await program.ended;
    } finally {
      restore();
      await program.close();
    }
    await Promise.race([control?.settled(), delay(PATIENCE)]);
  } finally {
    control?.close();
    captures.close();
  }
  if (times) writeReport(options.stats!, kernelReport(kernel, vcpu, times));
  return status;
}

/** With the first program of a node all others end. */
async function endOthers({ kernel, host, running }: Programs, first: Program, virtual?: VirtualClock): Promise<void> {
  const others = [...running].filter((one) => one !== first);
  for (const { signals } of others) signals.kill();
  await drive(kernel, host, () => others.every(({ process: one }) => one.isZombie), virtual);
}

function writeReport(path: string, report: unknown): void {
  try {
    writeFileSync(path, `${JSON.stringify(report, undefined, 2)}\n`);
  } catch (error) {
    throw new InputError(`--stats ${path}: ${reason(error)}`, adviceToWrite(path, error), { cause: error });
  }
}
