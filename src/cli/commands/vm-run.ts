// `tabvisor vm run`: opens what the options name, builds the machine, runs it, says how it ended.
// Exit status: 0 power off, 99 triple fault, 124 time-out, 125 our error, 130 interrupted, (value << 1) | 1 by --debug-exit.
import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { Command } from 'commander';
import pc from 'picocolors';
import { formatSize } from '../../base/bytes.js';
import { InputError, messageOf } from '../../base/errors.js';
import { createLog } from '../../base/log.js';
import { reason } from '../../hosts/node/files.js';
import { PACKAGE_ROOT } from '../../hosts/node/package-root.js';
import { nodePlatform } from '../../hosts/node/platform.js';
import { type HostPort, openPort } from '../../hosts/node/virtio-port.js';
import { createVmOn } from '../../library/create-vm.js';
import type { Closers } from '../../library/parts.js';
import type { VirtualMachine } from '../../library/virtual-machine.js';
import type { BuiltMachine } from '../../vmm/builder.js';
import { loadDisassembler } from '../disassembler.js';
import { explain, STATUS, statusOf } from '../ending.js';
import { type Names, WatDump } from '../dump-wat.js';
import { adviceToWrite } from '../../hosts/node/file-advice.js';
import { epilogue, type Example } from '../help.js';
import { checkWritable, machineOf, openSerial } from '../machine-files.js';
import { withAddress } from '../net-option.js';
import type { ExitOption } from '../script-option.js';
import { SerialScript } from '../serial-script.js';
import { freshName } from '../own-files.js';
import { absolutePort, parseOptions, type RawOptions, type VmRunOptions } from '../options.js';
import { congestion, type SerialSink } from '../output.js';
import { demoSummary, statusTable, toReport } from '../report.js';
import { onSignals } from '../signals.js';
import { saveSnapshot } from '../snapshot.js';
import { oneTerminal, Terminal } from '../terminal.js';
import { traceInstructions } from '../trace.js';

const NAMES = new URL('build/names.json', PACKAGE_ROOT);
const LOG_FLUSH_MILLISECONDS = 200;
/** Nanoseconds of machine time that the rest of a line may take when its beginning ends the run. */
const REST_OF_LINE = 100e6;
/** Milliseconds that the last output may take to leave, and when somebody has asked us to stop. */
const LINGER = 5000;
const LINGER_STOPPED = 500;

const EXAMPLES: readonly Example[] = [
  { command: 'tabvisor vm run', what: 'our own guest, at its monitor' },
  { command: 'tabvisor vm run --demo', what: 'our own guest runs its workloads; then VM exits by reason' },
  {
    command: 'tabvisor vm run --kernel vmlinuz --initrd initrd.gz --append console=ttyS0',
    what: 'Linux on the serial console',
  },
  {
    command: 'tabvisor vm run --bios bios-256k.bin --disk disk.img,snapshot --memory 512M',
    what: 'a disk by its boot sector; what is written to it is dropped at the end',
  },
  {
    command: 'tabvisor vm run --kernel vmlinuz --append console=ttyS0 --stats boot.json --timeout 60',
    what: 'a run with an end, and its statistics',
  },
  {
    command:
      "tabvisor vm run --kernel vmlinuz --initrd initrd.gz --append console=ttyS0 --send-after '# =make check; echo status $?\\n' --exit-on 'status 0=0' --exit-on 'status 2=1'",
    what: 'a boot, a command and its status',
  },
  {
    command:
      "printf 'uname -r\\npoweroff -f\\n' | tabvisor vm run --kernel vmlinuz --initrd initrd.gz --append console=ttyS0",
    what: 'what is piped in waits until the guest reads',
  },
  { command: 'tabvisor vm run --demo --no-ept', what: 'what extended page tables save' },
  {
    command:
      'tabvisor vm run --mode para --kernel vmlinuz --initrd initrd.gz --disk root.img --append "console=ttyS0 root=/dev/vda"',
    what: 'a guest that knows of the monitor; its disk is /dev/vda',
  },
  {
    command: 'tabvisor vm run --kernel vmlinuz --initrd initrd.gz --append console=ttyS0 --net user,switch=./lan.sock',
    what: 'one of several machines on a switch',
  },
  {
    command:
      'tabvisor vm run --mode para --kernel vmlinuz --initrd initrd.gz --virtio-port org.example.agent.0=./agent.sock',
    what: "the guest's /dev/virtio-ports/org.example.agent.0 is the host's agent.sock",
  },
  {
    command: 'tabvisor vm run --trace exit --append "run=port-io exit=poweroff" --serial none',
    what: 'each exit to the monitor, decoded',
  },
  {
    command: 'tabvisor vm run --kernel vmlinuz --dump-wat 0xc1000000',
    what: 'x86, micro-ops and WebAssembly of a block',
  },
];

const EXIT_STATUS =
  'Exit status: 0 the guest powered off; 96 it halted and nothing can wake it; 97 it reset the machine (--no-reboot); ' +
  '98 it panicked; 99 it crashed (triple fault); 124 the time is over; 125 a wrong option or our error; 130 interrupted; ' +
  'N with --exit-on TEXT=N; (value << 1) | 1 with --debug-exit.';
const KEYS = 'On a terminal, Ctrl-A x leaves and Ctrl-A h helps.';

/** For options that may be repeated. */
export const collect = (value: string, values: string[]): string[] => [...values, value];

export function vmRunCommand(): Command {
  return new Command('run')
    .description('run a virtual machine; with no kernel and no BIOS, our own small guest')
    .option(
      '--mode <mode>',
      'hw: guest code runs directly, sensitive instructions exit: fast, and any guest runs as it is; ' +
        'para: hw, and the guest helps: fewer exits, but its disks are /dev/vda, so you ask for it; ' +
        'full: every instruction is emulated',
      'hw',
    )
    .option('--no-ept', "no extended page tables: the monitor shadows the guest's page tables")
    .option('--no-vmx', 'VT-x switched off in the firmware: modes hw and para then refuse')
    .option('--kernel <file>', 'Linux bzImage or Multiboot kernel')
    .option('--initrd <file>', 'initial RAM disk, or the Multiboot module')
    .option('--append <text>', 'kernel command line')
    .option('--bios <file>', 'BIOS image at the reset vector (64, 128 or 256 KiB)')
    .option('--vgabios <file>', 'VGA option ROM')
    .option('--memory <size>', 'RAM, 2M to 3072M', '256M')
    .option(
      '--disk <file[,if=ide|,if=virtio][,ro|,snapshot|,overlay=F]>',
      'raw or qcow2 disk image; may be repeated',
      collect,
      [],
    )
    .option(
      '--floppy <file[,ro|,snapshot]>',
      'floppy disk image, 160K to 2880K, in drive A; a second one in drive B',
      collect,
      [],
    )
    .option('--cdrom <file>', 'ISO 9660 image in a CD-ROM drive')
    .option(
      '--serial <stdio|file:F|socket:PATH|none>',
      'where the first serial port goes; a Unix socket takes one client at a time',
      'stdio',
    )
    .option(
      '--send-after <text=input>',
      'when the text has come out of the console, type the input (\\n, \\r, \\t, \\e, \\xHH); repeated: one after the other',
      collect,
      [],
    )
    .option('--exit-on <text=status>', 'end with the status when the text has come out; may be repeated', collect, [])
    .option('--no-reboot', 'a reset ends the run (status 97)')
    .option('--debug-exit <port>', 'a write of V to this port ends the run with status (V << 1) | 1')
    .option('--log-port <port=file>', 'append each byte written to the port to the file; may be repeated', collect, [])
    .option('--max-instructions <n>', 'stop after so many guest instructions (status 124)')
    .option('--timeout <seconds>', 'stop after so many seconds (status 124)')
    .option(
      '--stats <file|->',
      'write statistics as JSON; - is standard output, or standard error where the guest has that',
    )
    .option('--trace <topics>', 'print trace lines: exit, io, mmio, irq, insn, boot, device')
    .option('--dump-wat <addr>', 'show the translated block at a linear address (hw); may be repeated', collect, [])
    .option('--clock <real|virtual>', 'machine time follows the host, or counts instructions (repeatable)', 'real')
    .option(
      '--net <none|user[,...]>',
      'network: user, behind it ,allow=ADDR[/BITS][:PORT] ,forward=[HOST]:PORT-[GUEST]:PORT ' +
        ',switch=SOCKET ,mac=ADDR ,card=ne2000|virtio',
      'none',
    )
    .option('--share <tag=folder[,ro]>', 'folder of the host that the guest mounts by 9p; may be repeated', collect, [])
    .option(
      '--virtio-port <name=socket|name=file:F>',
      'port /dev/virtio-ports/NAME of the guest, a Unix socket or file of the host; may be repeated',
      collect,
      [],
    )
    .option('--balloon <size>', 'memory that the guest is asked to give back (para)')
    .option(
      '--snapshot-on <text-and-file...>',
      'when the text has come out of the serial port, write a snapshot: "login:" F',
    )
    .option('--boot <order>', 'what a BIOS tries first: some of cd,disk,floppy,network (disk,floppy,cd,network)')
    .option('--entry <protected|real>', 'entry of a Linux kernel: 32-bit, or its 16-bit setup code', 'protected')
    .option('--demo', 'our own guest runs its workloads; then a summary')
    .addHelpText('after', epilogue(EXAMPLES, EXIT_STATUS, KEYS))
    .action(async (raw: RawOptions) => {
      process.exitCode = await vmRun(raw);
    });
}

/** Runs a machine to its end, from power-on or from a snapshot; the process's exit status. Throws InputError. */
export async function vmRun(raw: RawOptions, snapshot?: string): Promise<number> {
  const closers: Closers = [];
  try {
    return await runMachine(raw, closers, snapshot);
  } finally {
    for (const close of closers.reverse()) close();
  }
}

async function runMachine(given: RawOptions, closers: Closers, snapshot?: string): Promise<number> {
  const raw = { ...given, net: withAddress(given.net, () => randomBytes(4).readUInt32LE() >>> 8) };
  const options = parseOptions(raw);
  const { snapshotOn } = options;
  if (snapshotOn) checkWritable('snapshot', snapshotOn.path);
  if (options.stats !== undefined && options.stats !== '-') checkWritable('--stats', options.stats);
  const between = options.serial.kind === 'stdio' && oneTerminal();
  const show = (text: string): void => {
    if (between) output?.endLine();
    process.stderr.write(`${text}\n`);
  };
  const say = (line: string): void => show(`${pc.dim('tabvisor:')} ${line}`);
  const log = createLog(say, options.trace);
  let output: SerialSink | undefined;
  let serialText = '';
  /** What --snapshot-on was to save. */
  let unsaved = false;
  const watch =
    snapshotOn &&
    lineWatcher(snapshotOn.line, async () => {
      unsaved = !(await save(snapshotOn.path));
    });
  const transmit = (byte: number): void => {
    if (options.demo) serialText += String.fromCharCode(byte);
    output?.write(byte);
    watch?.see(byte);
    script.see(byte);
  };
  let told: ExitOption | undefined;
  const script = new SerialScript(options.sendAfter, options.exitOn, {
    send: (bytes) => void vm.send(bytes),
    exit: (option) => {
      told = option;
      vm.stop();
    },
    later: (then) => machine.timers.create(then).arm(machine.timers.now() + REST_OF_LINE),
  });
  const disassemble = log.on.insn ? await loadDisassembler('--trace insn') : undefined;
  const ports = await openPorts(options, closers);
  const vm = await createVmOn(
    nodePlatform,
    { ...machineOf(options, closers), ports, restore: snapshot },
    {
      transmit,
      log,
      backlog: () => output?.backlog() ?? congestion(process.stderr),
      traceInstruction: disassemble && ((machine) => traceInstructions(machine, log, disassemble)),
    },
  );
  closers.push(() => vm.stop());
  const { machine } = vm;
  output = await openSerial(options, vm, closers);
  const recorded = { ...raw, virtioPort: raw.virtioPort?.map(absolutePort) };
  const save = async (path: string): Promise<boolean> => {
    try {
      const size = formatSize(await saveSnapshot(path, recorded, vm));
      say(`snapshot ${path}: ${size}; to go on from there: tabvisor vm restore ${path}`);
      return true;
    } catch (error) {
      say(messageOf(error));
      return false;
    }
  };
  const dump = await watchWat(machine, options);
  const terminal =
    options.serial.kind === 'stdio' ? openTerminal(vm, show, () => void save(freshName('snap'))) : undefined;
  closers.push(() => terminal?.close());
  if (snapshot && terminal?.raw) say(`going on from ${snapshot}: press Enter for a prompt, Ctrl-A h for help`);
  closers.push(onSignals(() => vm.stop()));
  const tell = (): void => say(`statistics ${JSON.stringify(vm.statistics())}`);
  process.on('SIGUSR2', tell);
  closers.push(() => void process.off('SIGUSR2', tell));
  const flushing = setInterval(() => machine.logs.forEach((one) => void one.flush()), LOG_FLUSH_MILLISECONDS);
  closers.push(() => clearInterval(flushing));

  const outcome = await vm.run();
  const linger = outcome.kind === 'stopped' ? LINGER_STOPPED : LINGER;
  await Promise.all([output?.finish(linger), ...ports.map((port) => port.finish?.(linger))]);
  const ended = outcome.kind === 'stopped' && told ? told.status : statusOf(outcome);
  const status = ended === 0 && unsaved ? STATUS.OUR_ERROR : ended;
  terminal?.close();
  const why = explain(outcome, options);
  if (why) say(why.line);
  if (why?.state) process.stderr.write(`${why.state}\n`);
  if (watch?.found === false)
    say(`--snapshot-on ${snapshotOn?.line}: it never came out of the serial port, so there is no snapshot`);
  if (!told && script.waitingFor !== undefined)
    say(`--send-after ${JSON.stringify(script.waitingFor)}: it never came, so nothing was typed`);
  dump?.finish().forEach(say);
  if (options.demo) process.stdout.write(demoSummary(serialText, vm.statistics()));
  if (options.stats !== undefined) {
    const { balloon } = machine.virtio;
    const given = balloon && { target: balloon.target, actual: balloon.actual, released: balloon.released };
    const report = toReport(vm.statistics(), options.mode, outcome.kind, status);
    const standard = usesStandardOutput(options) ? process.stderr : process.stdout;
    writeStatistics(options.stats, standard, given ? { ...report, balloon: given } : report);
  }
  return status;
}

/** One after the other: what is wrong with one is told of before the next is made. */
async function openPorts({ virtioPorts }: VmRunOptions, closers: Closers): Promise<HostPort[]> {
  const ports: HostPort[] = [];
  for (const option of virtioPorts) ports.push(await openPort(option, closers));
  return ports;
}

/** Shows blocks as they are translated. */
async function watchWat({ processor, linear }: BuiltMachine, { dumpWat }: VmRunOptions): Promise<WatDump | undefined> {
  if (dumpWat.length === 0) return undefined;
  const dump = new WatDump(dumpWat, {
    view: processor.view,
    linear,
    disassemble: await loadDisassembler('--dump-wat'),
    names: JSON.parse(readFileSync(NAMES, 'utf8')) as Names,
    print: (text) => void process.stderr.write(`\n${text}\n`),
  });
  processor.watchTranslations((module) => dump.see(module));
  return dump;
}

/** Whether something else than statistics goes to standard output. */
const usesStandardOutput = ({ serial, demo }: VmRunOptions): boolean => serial.kind === 'stdio' || demo;

/** `-` is `standard`, which has nothing of the guest's. */
function writeStatistics(path: string, standard: NodeJS.WriteStream, report: object): void {
  const text = `${JSON.stringify(report, null, 2)}\n`;
  if (path === '-') {
    standard.write(text);
    return;
  }
  try {
    writeFileSync(path, text);
  } catch (error) {
    throw new InputError(`--stats ${path}: ${reason(error)}`, adviceToWrite(path, error), { cause: error });
  }
}

function openTerminal(vm: VirtualMachine, show: (text: string) => void, save: () => void): Terminal {
  const terminal = new Terminal(process.stdin, show, vm, {
    leave: () => vm.stop(),
    statistics: () => show(statusTable(vm.statistics())),
    save,
  });
  terminal.open();
  return terminal;
}

/** Calls `then` once, when `text` has gone by. */
function lineWatcher(text: string, then: () => void): { found: boolean; see(byte: number): void } {
  let tail = '';
  return {
    found: false,
    see(byte) {
      if (this.found) return;
      tail = (tail + String.fromCharCode(byte)).slice(-text.length);
      this.found = tail === text;
      if (this.found) then();
    },
  };
}
