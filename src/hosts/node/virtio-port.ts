// The host's end of a named virtio port: a Unix-domain socket that takes one client at a time, or a file of what the guest sends.
// The guest sees what QEMU's virtserialport with -chardev socket,server=on,wait=off shows: with no client a read is at its end and a write waits.
import type { Server, Socket } from 'node:net';
import { InputError } from '../../base/errors.js';
import type { VirtioConsole } from '../../devices/virtio/console.js';
import type { Closers } from '../../library/parts.js';
import type { NamedPort } from '../../library/vm-options.js';
import { fileWriter } from './file-writer.js';
import { takePlace } from './socket-place.js';

/** A named port of a virtio console, and what is at its host's end. */
export interface PortOption {
  name: string;
  kind: 'socket' | 'file';
  path: string;
}

export interface HostPort extends NamedPort {
  /** Resolves when everything that the guest has sent is on its way, or after `milliseconds`. */
  finish?(milliseconds: number): Promise<void>;
}

/** Throws InputError. */
export async function openPort(option: PortOption, closers: Closers): Promise<HostPort> {
  const { name, path } = option;
  const label = `--virtio-port ${name}=${option.kind === 'file' ? 'file:' : ''}${path}`;
  if (option.kind === 'file') return { name, output: fileWriter(label, path, 'w', closers) };
  const place = await takePlace({ path, label });
  if (place.kind === 'guest') {
    place.socket.destroy();
    throw new InputError(`${label}: somebody listens there already`, 'Choose another path, or end the other machine.');
  }
  const port = new SocketPort(name, place);
  closers.push(() => port.close());
  return port;
}

const NOTHING = new Uint8Array(0);

/** What it needs of the socket's place. */
interface Entrance {
  server: Pick<Server, 'close'>;
  admit(take: (socket: Socket) => void): void;
  release(): void;
}

export class SocketPort implements HostPort {
  /** Stays when it has ended, until the guest has what it sent. */
  private client: Socket | undefined;
  /** Bytes of the client that the device has not taken yet; reading stops while there are any. */
  private rest: Uint8Array = NOTHING;
  private passing = false;
  private device!: VirtioConsole;
  private index = 0;
  private wake: () => void = () => {};

  constructor(
    readonly name: string,
    private readonly entrance: Entrance,
  ) {}

  attach(device: VirtioConsole, index: number, wake: () => void): void {
    this.device = device;
    this.index = index;
    this.wake = wake;
    this.entrance.admit((socket) => this.welcome(socket));
  }

  readonly connected = (): boolean => this.client !== undefined;

  readonly full = (): boolean => this.client?.writable === true && this.client.writableNeedDrain;

  readonly output = (bytes: Uint8Array): void => {
    if (this.client?.writable) this.client.write(bytes);
  };

  readonly room = (): void => {
    // the device asks while it is given something
    if (this.passing) return;
    this.pass(this.rest);
    this.leave();
  };

  async finish(milliseconds: number): Promise<void> {
    const { client } = this;
    if (!client || client.destroyed) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, milliseconds);
      client.end(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  close(): void {
    this.entrance.release();
    this.entrance.server.close();
    this.client?.destroy();
  }

  /** One client at a time: while one is there, others are turned away. */
  private welcome(socket: Socket): void {
    socket.on('error', () => {});
    if (this.client && !this.client.destroyed) {
      socket.destroy();
      return;
    }
    this.rest = NOTHING;
    this.client = socket;
    socket.on('data', (bytes) => this.pass(bytes));
    const told = (): void => {
      if (this.client !== socket) return;
      this.device.drained(this.index);
      this.leave();
      this.wake();
    };
    socket.on('drain', told);
    socket.on('close', told);
    this.device.connectionChanged(this.index);
    socket.resume();
    this.wake();
  }

  /** To the guest, as far as it has the port open and room. */
  private pass(bytes: Uint8Array): void {
    const { device, index } = this;
    this.rest = bytes;
    this.passing = true;
    for (let taken = 1; taken > 0 && this.rest.length > 0; this.rest = this.rest.subarray(taken))
      taken = device.isOpen(index) ? device.receive(index, this.rest) : 0;
    this.passing = false;
    if (this.rest.length > 0) this.client?.pause();
    else this.client?.resume();
    this.wake();
  }

  /** The guest hears that the client has gone when it has all that the client sent. */
  private leave(): void {
    if (!this.client?.destroyed || this.rest.length > 0 || this.device.waiting(this.index) > 0) return;
    this.client = undefined;
    this.device.connectionChanged(this.index);
  }
}
