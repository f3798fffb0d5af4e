// The first serial port at a Unix-domain socket: one client at a time, who is also told what the guest has said before.
// QEMU's -serial unix:PATH,server=on,wait=off, which forgets what nobody reads.
import type { Socket } from 'node:net';
import { InputError } from '../base/errors.js';
import { takePlace } from '../hosts/node/socket-place.js';
import type { Closers } from '../library/parts.js';
import type { VirtualMachine } from '../library/virtual-machine.js';
import { congestion, type SerialSink } from './output.js';

/** Bytes that are kept for a client who comes later. */
const HISTORY = 65536;

const NOTHING = new Uint8Array(0);

/** Who is typed to. */
type Guest = Pick<VirtualMachine, 'send'>;

/** Throws InputError. */
export async function openSerialSocket(path: string, guest: Guest, closers: Closers): Promise<SerialSocket> {
  const label = `--serial socket:${path}`;
  const place = await takePlace({ path, label });
  if (place.kind === 'guest') {
    place.socket.destroy();
    throw new InputError(`${label}: somebody listens there already`, 'Choose another path, or end the other machine.');
  }
  const serial = new SerialSocket(guest);
  place.admit((socket) => serial.welcome(socket));
  closers.push(() => {
    place.release();
    place.server.close();
    serial.close();
  });
  return serial;
}

export class SerialSocket implements SerialSink {
  private client: Socket | undefined;
  /** What has not been sent to a client: while there is none, the last of it. */
  private pending: Buffer = Buffer.allocUnsafe(HISTORY);
  private used = 0;

  constructor(private readonly guest: Guest) {}

  /** While a client is there, others are turned away. */
  welcome(socket: Socket): void {
    socket.on('error', () => {});
    if (this.client) {
      socket.destroy();
      return;
    }
    this.client = socket;
    socket.on('close', () => {
      this.client = undefined;
    });
    // nothing more is read before the guest has taken what was
    socket.on('data', (bytes) => {
      socket.pause();
      void this.guest.send(bytes).then(() => socket.resume());
    });
    this.flush();
    // nor before it has taken what the client before has sent
    void this.guest.send(NOTHING).then(() => socket.resume());
  }

  readonly write = (byte: number): void => {
    if (this.used === HISTORY) {
      this.flush();
      if (this.used === HISTORY) this.forget(HISTORY / 2);
    }
    this.pending[this.used++] = byte;
  };

  endLine(): void {
    this.flush();
  }

  backlog(): Promise<void> | undefined {
    this.flush();
    return this.client && congestion(this.client);
  }

  async finish(milliseconds: number): Promise<void> {
    const { client } = this;
    this.flush();
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
    this.client?.destroy();
  }

  private flush(): void {
    if (!this.client?.writable || this.used === 0) return;
    this.client.write(Buffer.from(this.pending.subarray(0, this.used)));
    this.used = 0;
  }

  /** Makes room by the oldest bytes. */
  private forget(bytes: number): void {
    this.pending.copyWithin(0, bytes, this.used);
    this.used -= bytes;
  }
}
