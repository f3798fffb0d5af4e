// A machine's worker: builds what the page asks for, runs it to its end, hands out its console, counters and screen meanwhile.
// Ours; the browser's counterpart of src/cli/commands/vm-run.ts.
import * as Comlink from 'comlink';
import { MIB } from '../../src/base/bytes.js';
import { InputError } from '../../src/base/errors.js';
import { createLog } from '../../src/base/log.js';
import { ClosedNetwork } from '../../src/hosts/browser/closed-network.js';
import { BlobSource, openImage } from '../../src/hosts/browser/files.js';
import { BrowserHost } from '../../src/hosts/browser/host.js';
import { Laps } from '../../src/modes/laps.js';
import { Gateway } from '../../src/net/gateway.js';
import { Switch } from '../../src/net/switch.js';
import { textLines } from '../../src/devices/display/text-screen.js';
import { render } from '../../src/devices/display/vga-render.js';
import { ScratchDisk } from '../../src/modes/scratch-disk.js';
import { type BuiltMachine, buildMachine } from '../../src/vmm/builder.js';
import type { BootConfig, DriveConfig, MachineConfig, VirtioConfig } from '../../src/vmm/config.js';
import type { TrailLine } from '../../src/vmm/exit-trail.js';
import { Vm } from '../../src/vmm/vm.js';
import type { BootRequest, Ending, MachineApi, MachineEvent, MachineRequest, Screen } from '../machine/contract.js';
import { Gauges } from '../machine/gauges.js';
import { ConsoleOutput } from './console-output.js';
import { giveFont } from './text-font.js';

/** Milliseconds between two readings of the counters. */
const GAUGES_PERIOD = 100;
/** Typed bytes that may wait for the guest. */
const TYPED_MOST = 1 << 20;

class MachineWorker implements MachineApi {
  private machine: BuiltMachine | undefined;
  private vm: Vm | undefined;
  private output: ConsoleOutput | undefined;
  private readonly host = new BrowserHost();
  private typed = new Uint8Array(0);

  async run(request: MachineRequest, events: MessagePort): Promise<Ending> {
    try {
      return await this.runMachine(request, events);
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      const tooLarge = error.cause instanceof RangeError;
      return {
        kind: 'refused',
        what: tooLarge
          ? `The browser does not give this tab ${request.memory / MIB} MiB for a machine.`
          : error.message,
        advice: tooLarge ? 'Give the machine less memory, or close other tabs.' : error.advice,
      };
    } finally {
      const last: MachineEvent = { kind: 'end' };
      events.postMessage(last);
      events.close();
    }
  }

  type(bytes: Uint8Array): void {
    if (this.typed.length + bytes.length > TYPED_MOST) return;
    const all = new Uint8Array(this.typed.length + bytes.length);
    all.set(this.typed);
    all.set(bytes, this.typed.length);
    this.typed = all;
    this.passTyped();
  }

  key(code: number, down: boolean): void {
    this.machine?.keyboard.key(code, down);
    this.host.wake();
  }

  pause(): void {
    this.vm?.pause();
  }

  resume(): void {
    this.vm?.resume();
  }

  reset(): void {
    this.vm?.reset();
  }

  watch(on: boolean): void {
    if (this.vm) this.vm.watched = on;
  }

  lastExits(): TrailLine[] {
    return this.vm?.lastExits ?? [];
  }

  statistics() {
    if (!this.vm) throw new Error('the machine is off');
    return this.vm.statistics();
  }

  screen(): Screen {
    if (!this.machine) throw new Error('the machine is off');
    giveFont(this.machine.vga);
    const picture = render(this.machine.vga);
    return Comlink.transfer({ ...picture, lines: textLines(this.machine.vga) }, [picture.pixels.buffer]);
  }

  shown(count: number): void {
    this.output?.shown(count);
  }

  private async runMachine(request: MachineRequest, events: MessagePort): Promise<Ending> {
    const send = (event: MachineEvent): void => events.postMessage(event);
    const output = new ConsoleOutput(request.shared?.output, events);
    this.output = output;
    const laps = new Laps(
      () => vm.statistics().exits,
      (lap) => send({ kind: 'lap', lap }),
    );
    const transmit = (byte: number): void => {
      output.transmit(byte);
      if (request.laps) laps.see(byte);
    };
    const config: MachineConfig = {
      ...filesOf(request),
      mode: request.mode,
      ept: request.ept,
      vmx: request.vmx,
      memory: request.memory,
      serial: [{ transmit, room: () => this.passTyped() }],
      network: request.mode === 'para' ? 'virtio' : 'ne2000',
      clock: 'real',
      logPorts: [],
      progress: (name, done, total) => send({ kind: 'loading', name, done, total }),
    };
    const log = createLog((line) => send({ kind: 'warning', line }));
    const machine = buildMachine(request.core, config, this.host, log, {
      powerOff: () => vm.end({ kind: 'power-off' }),
      reset: () => vm.reset(),
      debugExit: (value) => vm.end({ kind: 'debug-exit', value }),
      nmi: () => vm.raiseNmi(),
      panicked: () => vm.end({ kind: 'panic' }),
    });
    const vm: Vm = new Vm(machine, this.host, log, { backlog: () => output.flush() });
    this.machine = machine;
    this.vm = vm;
    this.connect(machine);
    const gauges = request.shared && new Gauges(request.shared.gauges);
    const publish = (): void => {
      const { instructions, entries, idleSeconds } = vm.statistics();
      const { cr0 } = machine.guest ?? machine.registers;
      const values = [instructions, entries, idleSeconds * 1e3, cr0];
      if (gauges) gauges.write(values);
      else send({ kind: 'gauges', values });
    };
    const publishing = setInterval(publish, GAUGES_PERIOD);
    try {
      const outcome = await vm.run();
      await output.finish();
      publish();
      return { kind: 'ended', outcome, statistics: vm.statistics() };
    } finally {
      clearInterval(publishing);
    }
  }

  /** The card's cable leads to a switch with the gateway on it, and no farther. */
  private connect({ cable, timers }: BuiltMachine): void {
    const wire = new Switch();
    const port = wire.plug((frame) => cable.receive(frame));
    cable.onTransmit = (frame) => port.send(frame);
    new Gateway(wire, {
      timers,
      network: new ClosedNetwork(() => this.host.wake()),
      allowed: [],
      random: () => crypto.getRandomValues(new Uint32Array(1))[0],
    });
  }

  private passTyped(): void {
    const [com1] = this.machine?.uarts ?? [];
    if (!com1 || this.typed.length === 0) return;
    this.typed = this.typed.slice(com1.receive(this.typed));
    this.host.wake();
  }
}

function filesOf(request: MachineRequest): Pick<MachineConfig, 'boot' | 'drives' | 'virtio'> {
  const { mode, disk, cdrom } = request;
  const drives: (DriveConfig | undefined)[] = [];
  const virtio: VirtioConfig[] = mode === 'para' ? [{ kind: 'rng' }, { kind: 'balloon' }] : [];
  if (disk) {
    const backend = disk === 'scratch' ? new ScratchDisk() : openImage(disk, 'disk');
    // a BIOS boots from IDE
    if (mode === 'para' && request.boot.kind === 'kernel')
      virtio.unshift({ kind: 'block', backend, serial: 'TV-VIRTIO-1' });
    else drives[0] = { backend, cdrom: false };
  }
  // A CD is the secondary master, as boot loaders expect.
  if (cdrom) drives[2] = { backend: openImage(cdrom, 'cdrom'), cdrom: true };
  return { boot: bootOf(request.boot), drives, virtio };
}

function bootOf(boot: BootRequest): BootConfig {
  if (boot.kind === 'bios')
    return {
      kind: 'bios',
      bios: new BlobSource(boot.bios, 'bios'),
      vgabios: boot.vgabios && new BlobSource(boot.vgabios, 'vgabios'),
    };
  return {
    kind: 'kernel',
    kernel: new BlobSource(boot.kernel, 'kernel'),
    initrd: boot.initrd && new BlobSource(boot.initrd, 'initrd'),
    commandLine: boot.commandLine,
    entry: 'protected',
  };
}

Comlink.expose(new MachineWorker());
