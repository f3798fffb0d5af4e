// virtio-console: several ports, each a console or a named pipe to the host.
// Source: virtio 1.2, section 5.3.
import type { DirectMemory, Timer, Timers } from '../device.js';
import { restoreFields, saveFields } from '../snapshot-fields.js';
import { gather, scatter } from './buffers.js';
import { VirtioDevice } from './virtio-device.js';
import { RingError, type Virtqueue } from './virtqueue.js';

const TYPE = 3;
const QUEUE_SIZE = 64;
const F = { SIZE: 0, MULTIPORT: 1 };
export const PORTS_MAX = 8;
const CONTROL_RECEIVE = 2;
const CONTROL_SEND = 3;
const EVENT = { DEVICE_READY: 0, DEVICE_ADD: 1, PORT_READY: 3, CONSOLE_PORT: 4, RESIZE: 5, PORT_OPEN: 6, PORT_NAME: 7 };
const CONTROL = 8;
/** Control messages that wait for the driver's buffers. */
const BACKLOG = 64;
/** Bytes for a port that wait for the driver's buffers. */
const INPUT_MAX = 65536;

export interface ConsolePort {
  /** Shown in /sys/class/virtio-ports/…/name; a port without one is a console (hvc). */
  name?: string;
  /** Bytes that the guest has sent; they are the taker's. */
  output: (bytes: Uint8Array) => void;
  /** More bytes will be accepted by `receive`: what was there has gone, or the guest has opened the port. */
  room?: () => void;
  /** The taker has no room: what the guest sends stays in its own buffers until `drained` is called. Absent: it always has. */
  full?: () => boolean;
  /** Somebody is at the host's end; `connectionChanged` says when that changes. Absent: always. */
  connected?: () => boolean;
}

export interface ConsoleOptions {
  memory: DirectMemory;
  timers: Timers;
  ports: readonly ConsolePort[];
}

export class VirtioConsole extends VirtioDevice {
  readonly config = new Uint8Array(12);
  /** Ports that the guest has open. */
  private open: boolean[];
  /** Ports that the guest has written to since it opened them. */
  private spoken: boolean[];
  private control: Uint8Array[] = [];
  private readonly input: Uint8Array[];

  private readonly ports: readonly ConsolePort[];
  private readonly timer: Timer;
  private readonly now: () => number;

  constructor({ memory, timers, ports }: ConsoleOptions) {
    if (ports.length === 0 || ports.length > PORTS_MAX)
      throw new Error(`${ports.length} ports, 1 to ${PORTS_MAX} can be`);
    super(memory, {
      type: TYPE,
      features: [F.SIZE, F.MULTIPORT],
      // port 0, control, the other ports: a pair each
      queues: Array.from({ length: 2 * (ports.length + 1) }, () => QUEUE_SIZE),
    });
    this.ports = ports;
    this.timer = timers.create(() => this.takeUp());
    this.now = () => timers.now();
    this.open = ports.map(() => false);
    this.spoken = ports.map(() => false);
    this.input = ports.map(() => new Uint8Array(0));
    new DataView(this.config.buffer).setUint32(4, ports.length, true);
  }

  /** The size of the terminal behind port 0. */
  resize(columns: number, rows: number): void {
    const view = new DataView(this.config.buffer);
    view.setUint16(0, columns, true);
    view.setUint16(2, rows, true);
    if (!this.has(F.MULTIPORT)) {
      this.transport?.signalConfig();
      return;
    }
    const size = new Uint8Array(4);
    new DataView(size.buffer).setUint16(0, rows, true);
    new DataView(size.buffer).setUint16(2, columns, true);
    this.tell(0, EVENT.RESIZE, 0, size);
  }

  /** Bytes from the host for a port; the value is how many were taken. */
  receive(port: number, bytes: Uint8Array): number {
    const waiting = this.input[port];
    if (!waiting) return 0;
    const taken = bytes.subarray(0, INPUT_MAX - waiting.length);
    const joined = new Uint8Array(waiting.length + taken.length);
    joined.set(waiting);
    joined.set(taken, waiting.length);
    this.input[port] = joined;
    this.notify(receiveQueue(port));
    return taken.length;
  }

  /** Bytes for a port that the driver has not taken yet. */
  waiting(port: number): number {
    return this.input[port]?.length ?? 0;
  }

  /** The taker of a port that was full has room. */
  drained(port: number): void {
    this.notify(sendQueue(port));
  }

  /** Somebody has come to the host's end of a port, or gone. */
  connectionChanged(port: number): void {
    if (!this.has(F.MULTIPORT)) return;
    // an answer that the driver has not fetched yet is out of date
    this.control = this.control.filter((message) => !isAbout(message, port, EVENT.PORT_OPEN));
    this.tell(port, EVENT.PORT_OPEN, this.connected(port));
  }

  private connected(port: number): 0 | 1 {
    return (this.ports[port].connected?.() ?? true) ? 1 : 0;
  }

  isOpen(port: number): boolean {
    return this.open[port] ?? false;
  }

  /** Somebody in the guest is behind the port: Linux opens a console's as soon as its driver is there, whether or not. */
  isUsed(port: number): boolean {
    return this.isOpen(port) && (this.spoken[port] ?? false);
  }

  override reset(): void {
    super.reset();
    this.timer.cancel();
    this.open = this.ports.map(() => false);
    this.spoken = this.ports.map(() => false);
    this.control = [];
    this.input.fill(new Uint8Array(0));
  }

  override save(): unknown {
    return { ...(super.save() as object), ...saveFields(this, ['open', 'spoken', 'control', 'input']) };
  }

  override restore(state: unknown): void {
    super.restore(state);
    restoreFields(this, ['open', 'spoken', 'control', 'input'], state);
    this.timer.arm(this.now());
  }

  /** After a snapshot: who is connected now is not who was then, and what the guest had sent may have room. */
  private takeUp(): void {
    this.ports.forEach(({ connected }, port) => {
      if (connected) this.connectionChanged(port);
      this.drained(port);
    });
  }

  protected serve(index: number, queue: Virtqueue): void {
    if (index === CONTROL_RECEIVE) this.deliverControl(queue);
    else if (index === CONTROL_SEND) this.takeControl(queue);
    else if (index & 1) this.takeOutput(portOf(index), queue);
    else this.deliverInput(portOf(index), queue);
  }

  private takeOutput(port: number, queue: Virtqueue): void {
    const { full, output } = this.ports[port];
    while (!full?.()) {
      const chain = queue.next();
      if (!chain) return;
      if (chain.readableBytes > INPUT_MAX * 16)
        throw new RingError(`${chain.readableBytes} bytes for a console at once`);
      const bytes = new Uint8Array(chain.readableBytes);
      gather(chain.readable, 0, bytes);
      queue.push(chain, 0);
      const first = !this.spoken[port];
      this.spoken[port] = true;
      output(bytes);
      // what waited for somebody to be there may come now
      if (first) this.ports[port].room?.();
    }
  }

  private deliverInput(port: number, queue: Virtqueue): void {
    while (this.input[port].length > 0) {
      const chain = queue.next();
      if (!chain) return;
      const done = scatter(chain.writable, 0, this.input[port].subarray(0, chain.writableBytes));
      queue.push(chain, done);
      this.input[port] = this.input[port].slice(done);
      if (done === 0) throw new RingError('an input buffer without room');
      if (this.input[port].length === 0) this.ports[port].room?.();
    }
  }

  private takeControl(queue: Virtqueue): void {
    const message = new Uint8Array(CONTROL);
    const view = new DataView(message.buffer);
    for (let chain = queue.next(); chain; chain = queue.next()) {
      const whole = gather(chain.readable, 0, message) === CONTROL;
      queue.push(chain, 0);
      if (whole) this.hear(view.getUint32(0, true), view.getUint16(4, true), view.getUint16(6, true));
    }
  }

  private hear(port: number, event: number, value: number): void {
    if (event === EVENT.DEVICE_READY && value === 1) {
      this.ports.forEach((_, i) => {
        this.tell(i, EVENT.DEVICE_ADD, 1);
      });
    }
    const which = this.ports[port];
    if (!which) return;
    if (event === EVENT.PORT_OPEN) {
      this.open[port] = value === 1;
      if (value === 1) which.room?.();
    }
    if (event !== EVENT.PORT_READY || value !== 1) return;
    if (which.name === undefined) this.tell(port, EVENT.CONSOLE_PORT, 1);
    else
      this.tell(
        port,
        EVENT.PORT_NAME,
        1,
        Uint8Array.from(which.name, (c) => c.charCodeAt(0) & 0x7f),
      );
    this.tell(port, EVENT.PORT_OPEN, this.connected(port));
  }

  private tell(port: number, event: number, value: number, more = new Uint8Array(0)): void {
    if (this.control.length >= BACKLOG) return;
    const message = new Uint8Array(CONTROL + more.length);
    const view = new DataView(message.buffer);
    view.setUint32(0, port, true);
    view.setUint16(4, event, true);
    view.setUint16(6, value, true);
    message.set(more, CONTROL);
    this.control.push(message);
    this.notify(CONTROL_RECEIVE);
  }

  private deliverControl(queue: Virtqueue): void {
    while (this.control.length > 0) {
      const chain = queue.next();
      if (!chain) return;
      const message = this.control.shift() as Uint8Array;
      queue.push(chain, scatter(chain.writable, 0, message));
    }
  }
}

/** Section 5.3.2: port 0 has queues 0 and 1, port n the pair behind the control queues. */
function receiveQueue(port: number): number {
  return port === 0 ? 0 : 2 + 2 * port;
}
function sendQueue(port: number): number {
  return receiveQueue(port) + 1;
}
function portOf(queue: number): number {
  return queue < 2 ? 0 : (queue >> 1) - 1;
}

function isAbout(message: Uint8Array, port: number, event: number): boolean {
  const view = new DataView(message.buffer, message.byteOffset);
  return view.getUint32(0, true) === port && view.getUint16(4, true) === event;
}
