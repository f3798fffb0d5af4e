// A machine's worker: makes what the page asks for, runs it to its end, hands out its console, counters and screen meanwhile.
// Ours; the browser's counterpart of src/cli/commands/vm-run.ts.
import * as Comlink from 'comlink';
import { MIB } from '../../src/base/bytes.js';
import { InputError } from '../../src/base/errors.js';
import type { Picture } from '../../src/devices/display/vga-render.js';
import { browserPlatform } from '../../src/hosts/browser/platform.js';
import { createVmOn } from '../../src/library/create-vm.js';
import type { VirtualMachine } from '../../src/library/virtual-machine.js';
import type { DiskOptions, VmOptions } from '../../src/library/vm-options.js';
import { Laps } from '../../src/modes/laps.js';
import { ScratchDisk } from '../../src/modes/scratch-disk.js';
import type { TrailLine } from '../../src/vmm/exit-trail.js';
import {
  CELLS_MOST,
  type Ending,
  type MachineApi,
  type MachineEvent,
  type MachineRequest,
  type Screen,
} from '../machine/contract.js';
import { Gauges } from '../machine/gauges.js';
import type { NamedFile } from '../machine/named-file.js';
import { ConsoleOutput } from './console-output.js';
import { firstLines } from './first-lines.js';

/** Milliseconds between two readings of the counters. */
const GAUGES_PERIOD = 100;
/** Typed bytes that may wait for the guest. */
const TYPED_MOST = 1 << 20;

class MachineWorker implements MachineApi {
  private vm: VirtualMachine | undefined;
  private output: ConsoleOutput | undefined;

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
    if (this.vm && this.vm.unsent + bytes.length <= TYPED_MOST) void this.vm.send(bytes);
  }

  key(code: number, down: boolean): void {
    this.vm?.key(code, down);
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
    this.vm?.watchExits(on);
  }

  lastExits(): TrailLine[] {
    return this.vm?.lastExits() ?? [];
  }

  statistics() {
    if (!this.vm) throw new Error('the machine is off');
    return this.vm.statistics();
  }

  screen(): Screen {
    if (!this.vm) throw new Error('the machine is off');
    const { lines, ...drawn } = this.vm.screen();
    const picture = paint(drawn);
    return Comlink.transfer({ picture, lines: firstLines(lines, CELLS_MOST) }, [picture]);
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
    const log = (line: string): void => send({ kind: 'warning', line });
    const progress = (name: string, done: number, total: number): void => send({ kind: 'loading', name, done, total });
    const vm: VirtualMachine = await createVmOn(
      browserPlatform,
      { ...optionsOf(request), log, progress },
      { core: request.core, transmit, backlog: () => output.flush() },
    );
    this.vm = vm;
    const { machine } = vm;
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
}

/** Drawn here, so that the page has only to show it. */
function paint({ width, height, pixels }: Picture): ImageBitmap {
  const canvas = new OffscreenCanvas(width, height);
  const picture = new ImageData(new Uint8ClampedArray(pixels.buffer as ArrayBuffer), width, height);
  canvas.getContext('2d')!.putImageData(picture, 0, 0);
  return canvas.transferToImageBitmap();
}

function optionsOf({ mode, ept, vmx, memory, boot, disk, cdrom, floppy }: MachineRequest): VmOptions {
  const floppies = floppy ? [image(floppy)] : [];
  const machine = { mode, ept, vmx, memory, network: true, cdrom: cdrom && image(cdrom), floppies };
  if (boot.kind === 'bios') {
    const { bios, vgabios, first } = boot;
    const firmware = { bios: image(bios), vgabios: vgabios && image(vgabios), bootOrder: [first] };
    // a BIOS boots from IDE
    return { ...machine, ...firmware, disks: disksOf(disk, 'ide') };
  }
  const { kernel, initrd, commandLine } = boot;
  return { ...machine, kernel: image(kernel), initrd: initrd && image(initrd), commandLine, disks: disksOf(disk) };
}

function disksOf(disk: MachineRequest['disk'], bus?: DiskOptions['bus']): DiskOptions[] {
  if (disk === 'scratch') return [{ image: new ScratchDisk(), bus }];
  return disk ? [{ image: image(disk), bus }] : [];
}

/** What was fetched has its name beside it. */
const image = ({ name, blob }: NamedFile): File => (blob instanceof File ? blob : new File([blob], name));

Comlink.expose(new MachineWorker());
