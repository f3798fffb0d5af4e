// A run of the command: builds the machine, connects it with the terminal and what the options name, runs it, says how it ended.
// Exit status: src/cli/ending.ts.
import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import pc from 'picocolors';
import { formatSize } from '../base/bytes.js';
import { InputError, messageOf } from '../base/errors.js';
import { createLog } from '../base/log.js';
import { TextStream } from '../base/text.js';
import type { Stroke } from '../devices/input/us-layout.js';
import { reason } from '../hosts/node/files.js';
import { PACKAGE_ROOT } from '../hosts/node/package-root.js';
import { nodePlatform } from '../hosts/node/platform.js';
import { type HostPort, openPort } from '../hosts/node/virtio-port.js';
import { createVmOn } from '../library/create-vm.js';
import type { Closers } from '../library/parts.js';
import type { VirtualMachine } from '../library/virtual-machine.js';
import type { BuiltMachine } from '../vmm/builder.js';
import { loadDisassembler } from './disassembler.js';
import { explain, STATUS, statusOf } from './ending.js';
import { type EscapeCommand, EscapeKeys } from './escape-keys.js';
import { type Names, WatDump } from './dump-wat.js';
import { adviceToWrite } from '../hosts/node/file-advice.js';
import { checkWritable, machineOf, openSerial } from './machine-files.js';
import { withAddress } from './net-option.js';
import type { ExitOption } from './script-option.js';
import { SerialScript } from './serial-script.js';
import { freshName } from './own-files.js';
import { absolutePort, parseOptions, type RawOptions, type VmRunOptions } from './options.js';
import { congestion, Output, type SerialSink } from './output.js';
import { demoSummary, statusTable, toReport } from './report.js';
import { onSignals } from './signals.js';
import { saveSnapshot } from './snapshot.js';
import { writeScreenshot } from './screenshot.js';
import { ScreenWatch } from './screen-watch.js';
import { TextDisplay } from './text-display.js';
import { oneTerminal, Terminal } from './terminal.js';
import { Trigger } from './trigger.js';
import { traceInstructions } from './trace.js';

const NAMES = new URL('build/names.json', PACKAGE_ROOT);
const LOG_FLUSH_MILLISECONDS = 200;
/** Nanoseconds of machine time that the rest of a line may take when its beginning ends the run. */
const REST_OF_LINE = 100e6;
/** Milliseconds that the last output may take to leave, and when somebody has asked us to stop. */
const LINGER = 5000;
const LINGER_STOPPED = 500;
const USUAL_SCREEN = { columns: 80, rows: 25 };
const CONTROL_ALT_DELETE: Stroke = { code: 0xe053, shift: false, control: true, alt: true };

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
  const options = parseOptions(raw, process.stdin.isTTY && canDraw());
  const { snapshotOn } = options;
  if (snapshotOn) checkWritable('snapshot', snapshotOn.path);
  if (options.stats !== undefined && options.stats !== '-') checkWritable('--stats', options.stats);
  if (options.screenshot !== undefined) checkWritable('--screenshot', options.screenshot);
  const onScreen = options.display === 'text';
  const between = (options.serial.kind === 'stdio' || onScreen) && oneTerminal();
  const show = (text: string): void => {
    if (between && display?.isOpen) display.show(text);
    else {
      if (between) output?.endLine();
      process.stderr.write(`${text}\n`);
    }
  };
  const say = (line: string): void => show(`${pc.dim('tabvisor:')} ${line}`);
  const log = createLog(say, options.trace);
  let output: SerialSink | undefined;
  let display: TextDisplay | undefined;
  let transcript: Output | undefined;
  let serialText = '';
  /** What --snapshot-on was to save. */
  let unsaved = false;
  const watch =
    snapshotOn &&
    new Trigger(snapshotOn.line, async () => {
      unsaved = !(await save(snapshotOn.path));
    });
  const shoot = (path: string): void => {
    try {
      say(writeScreenshot(path, machine.vga));
    } catch (error) {
      say(messageOf(error));
    }
  };
  const shot =
    options.screenshotOn === undefined
      ? undefined
      : new Trigger(options.screenshotOn, () => shoot(options.screenshot ?? freshName('png')));
  const shotOnScreen = shot?.twin();
  /** What the guest says where a person would look: on the screen that the terminal shows, or else by its serial port. */
  const heard = (byte: number): void => {
    watch?.see(byte);
    script.see(byte);
    shot?.see(byte);
  };
  const transmit = (byte: number): void => {
    if (options.demo) serialText += String.fromCharCode(byte);
    output?.write(byte);
    if (!onScreen) heard(byte);
  };
  let told: ExitOption | undefined;
  const script = new SerialScript(options.sendAfter, options.exitOn, {
    send: (text) => (onScreen ? vm.type(text) : void vm.send(text)),
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
      backlog: () => output?.backlog() ?? transcript?.backlog() ?? congestion(process.stderr),
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
  const commands: EscapeCommand[] = [
    { key: 'x', what: 'leave', act: () => vm.stop() },
    { key: 's', what: 'statistics so far', act: () => show(statusTable(vm.statistics())) },
    { key: 'w', what: 'write a snapshot to a file here', act: () => void save(freshName('snap')) },
    { key: 'p', what: 'write a picture of the screen to a file here', act: () => shoot(freshName('png')) },
  ];
  if (onScreen) {
    commands.push({ key: 'd', what: 'send Ctrl-Alt-Del', act: () => vm.press([CONTROL_ALT_DELETE]) });
    if (canDraw()) display = openDisplay(vm, new EscapeKeys(commands, show));
    else transcript = openTranscript(vm);
    closers.push(() => closeDisplay());
  }
  const closeDisplay = (): void => display?.close().forEach((line) => void process.stderr.write(`${line}\n`));
  const screen = new ScreenWatch(machine, (byte) => {
    transcript?.write(byte);
    if (onScreen) heard(byte);
    else shotOnScreen?.see(byte);
  });
  const scripted = options.sendAfter.length + options.exitOn.length > 0 || watch !== undefined;
  if (transcript || shot || (onScreen && scripted)) screen.start();
  const terminal =
    options.serial.kind === 'stdio' ? new Terminal(process.stdin, vm, new EscapeKeys(commands, show)) : undefined;
  terminal?.open();
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
  screen.look();
  transcript?.endLine();
  await Promise.all([
    output?.finish(linger),
    transcript?.finish(linger),
    ...ports.map((port) => port.finish?.(linger)),
  ]);
  const ended = outcome.kind === 'stopped' && told ? told.status : statusOf(outcome);
  const status = ended === 0 && unsaved ? STATUS.OUR_ERROR : ended;
  terminal?.close();
  closeDisplay();
  if (options.screenshot !== undefined && options.screenshotOn === undefined) shoot(options.screenshot);
  const why = explain(outcome, options);
  if (why) say(why.line);
  if (why?.state) process.stderr.write(`${why.state}\n`);
  if (watch?.found === false)
    say(`--snapshot-on ${snapshotOn?.line}: it never came out of the serial port, so there is no snapshot`);
  if (!told && script.waitingFor !== undefined)
    say(`--send-after ${JSON.stringify(script.waitingFor)}: it never came, so nothing was typed`);
  if (shot && !shot.found) say(`--screenshot-on ${options.screenshotOn}: it never came, so there is no picture`);
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
const usesStandardOutput = ({ serial, display, demo }: VmRunOptions): boolean =>
  serial.kind === 'stdio' || display === 'text' || demo;

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

/** Standard output is a terminal that understands where on it something is to be. */
const canDraw = (): boolean => process.stdout.isTTY && process.env.TERM !== 'dumb';

/** The guest's screen on our terminal. */
function openDisplay(vm: VirtualMachine, keys: EscapeKeys): TextDisplay {
  const display = new TextDisplay({
    ...{ input: process.stdin, output: process.stdout, vga: vm.machine.vga, keys, colour: pc.isColorSupported },
    type: (strokes) => vm.press(strokes),
  });
  const { columns, rows } = process.stdout;
  const small = columns < USUAL_SCREEN.columns || rows < USUAL_SCREEN.rows ? ', as much as is around its cursor' : '';
  const line = `this is the guest's screen${small}; Ctrl-A x leaves, Ctrl-A h helps (--serial stdio: its serial port)`;
  process.stderr.write(`${pc.dim('tabvisor:')} ${line}\n`);
  display.open();
  display.tell(line);
  return display;
}

/** Where there is no terminal: what is written on the screen, as text, and keys from standard input. */
function openTranscript(vm: VirtualMachine): Output {
  const text = new TextStream();
  process.stdin.on('data', (bytes: Buffer) => vm.type(text.take(bytes))).on('error', () => {});
  return new Output(process.stdout, () => vm.stop());
}
