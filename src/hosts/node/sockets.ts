// Node's sockets as the host network of the gateway.
// Contract: src/net/host-network.ts; Node's net, dgram, dns and os modules.
import { createSocket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import { createServer, type Server, Socket } from 'node:net';
import { networkInterfaces } from 'node:os';
import { InputError, messageOf } from '../../base/errors.js';
import type { HostDatagrams, HostNetwork, HostStream, StreamEvents } from '../../net/host-network.js';
import { type Address, formatAddress, parseAddress } from '../../net/address.js';
import { isGlobal6 } from '../../net/policy.js';

/** Error codes of `lookup` that mean: there is no such name. */
const NO_NAME = ['ENOTFOUND', 'ENODATA'];
/** How long the list of the host's addresses is believed. */
const INTERFACES_MILLISECONDS = 5000;

/** As people write it: an IPv6 address in brackets. */
export function endpoint(host: string, port: number): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** `wake` is called behind every event, so that a machine that sleeps hears of it. */
export class NodeNetwork implements HostNetwork {
  private own: { addresses: Address[]; until: number } = { addresses: [], until: 0 };

  constructor(private readonly wake: () => void) {}

  connect(address: Address, port: number, events: StreamEvents): HostStream {
    const socket = new Socket({ allowHalfOpen: true });
    const stream = this.attach(socket, events);
    socket.once('connect', () => {
      events.open();
      this.wake();
    });
    socket.connect(port, formatAddress(address));
    return stream;
  }

  datagrams(family: 4 | 6, receive: (address: Address, port: number, data: Uint8Array) => void): HostDatagrams {
    const socket = family === 4 ? createSocket('udp4') : createSocket({ type: 'udp6', ipv6Only: true });
    socket.on('message', (data, from) => {
      const address = parseAddress(from.address);
      if (address === undefined) return;
      receive(address, from.port, data);
      this.wake();
    });
    // a datagram that cannot be sent is lost, as on any network
    socket.on('error', () => {});
    socket.unref();
    return {
      send: (address, port, data) => {
        if (port > 0) socket.send(data, port, formatAddress(address), () => {});
      },
      close: () => socket.close(),
    };
  }

  /** Datagrams at a port of the host's own; 0: it chooses one. Throws the host's error. */
  async listenDatagrams(
    host: string,
    port: number,
    receive: (address: Address, port: number, data: Uint8Array) => void,
  ): Promise<HostDatagrams & { port: number }> {
    const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
    socket.on('message', (data, from) => {
      const address = parseAddress(from.address);
      if (address === undefined) return;
      receive(address, from.port, data);
      this.wake();
    });
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      socket.bind({ address: host, port, exclusive: true }, resolve);
    });
    socket.on('error', () => {});
    return {
      port: socket.address().port,
      send: (address, to, data) => {
        if (to > 0) socket.send(data, to, formatAddress(address), () => {});
      },
      close: () => socket.close(),
    };
  }

  async lookup(name: string): Promise<Address[] | undefined> {
    try {
      // an IPv6 address is of no use where there is no way to it, and a guest may try no other
      const family = this.ownAddresses().some(isGlobal6) ? 0 : 4;
      const found = await lookup(name, { family, all: true });
      return found.map(({ address }) => parseAddress(address)).filter((one) => one !== undefined);
    } catch (error) {
      return NO_NAME.includes((error as NodeJS.ErrnoException).code ?? '') ? [] : undefined;
    } finally {
      setImmediate(this.wake);
    }
  }

  ownAddresses(): Address[] {
    const now = Date.now();
    if (now > this.own.until) {
      const all = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
      const addresses = all.map(({ address }) => parseAddress(address)).filter((one) => one !== undefined);
      this.own = { addresses, until: now + INTERFACES_MILLISECONDS };
    }
    return this.own.addresses;
  }

  /** Listens for connections to forward; `accept` says whether there was room for one. Throws InputError. */
  async listen(
    host: string,
    port: number,
    accept: (attach: (events: StreamEvents) => HostStream) => boolean,
  ): Promise<Server> {
    const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (socket) => {
      if (!accept((events) => this.attach(socket, events))) socket.destroy();
      this.wake();
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', (error) => {
        reject(
          new InputError(`--net forward=${endpoint(host, port)}: ${messageOf(error)}`, 'Choose a free port.', {
            cause: error,
          }),
        );
      });
      server.listen(port, host, resolve);
    });
    return server;
  }

  private attach(socket: Socket, events: StreamEvents): HostStream {
    let why: Parameters<StreamEvents['closed']>[0] = 'ended';
    const told =
      <A extends unknown[]>(action: (...args: A) => void) =>
      (...args: A): void => {
        action(...args);
        this.wake();
      };
    socket.setNoDelay(true);
    socket.on(
      'data',
      told((data: Buffer) => events.data(data)),
    );
    socket.on(
      'end',
      told(() => events.end()),
    );
    socket.on(
      'drain',
      told(() => events.drain()),
    );
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNREFUSED') why = 'refused';
      else why = error.syscall === 'connect' ? 'unreachable' : 'reset';
    });
    socket.on(
      'close',
      told(() => events.closed(why)),
    );
    return {
      write: (bytes) => socket.destroyed || socket.write(bytes),
      end: () => void socket.end(),
      abort: () => void socket.resetAndDestroy(),
      pause: () => void socket.pause(),
      resume: () => void socket.resume(),
    };
  }
}
