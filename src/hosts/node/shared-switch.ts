// A switch that several machines share through a Unix-domain socket: this machine hosts it or is plugged in, and takes it over
// when its host has gone.
// Ours, in the manner of VDE's switch and QEMU's -netdev stream.
import type { Socket } from 'node:net';
import { InputError, messageOf } from '../../base/errors.js';
import type { Network, NetworkRequest } from '../../library/platform.js';
import { formatStation } from '../../net/ethernet.js';
import { type Lan, openLan, type SocketSurroundings } from './lan.js';
import { SwitchPeer } from './switch-peer.js';
import { type HostPlace, takePlace } from './socket-place.js';

/** Machines that are plugged into a hosted switch. */
const PEERS_MAX = 64;
/** A connection that has lasted so long, in milliseconds, was a good one; the pauses after bad ones. */
const GOOD = 1000;
const FIRST_PAUSE = 50;
const LONGEST_PAUSE = 5000;

/** Throws InputError. */
export async function openSharedSwitch(
  path: string,
  option: NetworkRequest,
  around: SocketSurroundings,
): Promise<Network> {
  const shared = new SharedSwitch(path, around);
  try {
    await shared.start(option);
  } catch (error) {
    shared.close();
    throw error;
  }
  return shared;
}

class SharedSwitch implements Network {
  private closed = false;
  /** Ends whatever this machine is at the switch. */
  private leave: () => void = () => {};
  private retry: NodeJS.Timeout | undefined;
  private pause = 0;

  constructor(
    private readonly path: string,
    private readonly around: SocketSurroundings,
  ) {}

  /** The first place: the rules for what may pass are those of the machine that hosts. Throws InputError. */
  async start({ allowed, forwards }: NetworkRequest): Promise<void> {
    const card = formatStation(this.around.station);
    const place = await takePlace({ path: this.path, label: `--net switch=${this.path}` });
    if (place.kind === 'host') {
      await this.host(place, { allowed, forwards }, this.around.station);
      this.say(`hosted by this machine, whose card is ${card}`);
      return;
    }
    if (allowed.length > 0 || forwards.length > 0) {
      place.socket.destroy();
      throw new InputError(
        `--net switch=${this.path}: another machine hosts this switch; allow= and forward= are its to say`,
        'Leave them out here, or start the machine that has them before the others.',
      );
    }
    this.join(place.socket);
    this.say(`joined by this machine, whose card is ${card}`);
  }

  close(): void {
    this.closed = true;
    clearTimeout(this.retry);
    this.leave();
  }

  private say(line: string): void {
    this.around.say(`switch ${this.path}: ${line}`);
  }

  private join(socket: Socket): void {
    const { cable } = this.around;
    const since = performance.now();
    const peer = new SwitchPeer(socket, {
      frame: (frame) => cable.receive(frame),
      closed: (fault) => {
        cable.onTransmit = () => {};
        if (!this.closed) this.lost(fault, performance.now() - since);
      },
    });
    cable.onTransmit = (frame) => peer.send(frame);
    this.leave = () => peer.disconnect();
  }

  private async host(
    { server, admit, release }: HostPlace,
    rules: Omit<NetworkRequest, 'switchPath'>,
    firstGuest?: number,
  ): Promise<Lan> {
    const peers = new Set<SwitchPeer>();
    this.leave = () => {
      // the path first: who is disconnected looks there again
      release();
      server.close();
      for (const peer of peers) peer.disconnect();
    };
    const lan = await openLan(rules, this.around, firstGuest);
    const leave = this.leave;
    this.leave = () => {
      leave();
      lan.close();
    };
    admit((socket) => this.admit(socket, lan, peers));
    return lan;
  }

  private admit(socket: Socket, lan: Lan, peers: Set<SwitchPeer>): void {
    if (peers.size >= PEERS_MAX) {
      socket.destroy();
      this.say(`a machine was turned away: ${PEERS_MAX} are plugged in already`);
      return;
    }
    const port = lan.wire.plug((frame) => peer.send(frame));
    const peer: SwitchPeer = new SwitchPeer(socket, {
      frame: (frame) => {
        port.send(frame);
        // the gateway may have set a timer
        this.around.wake();
      },
      closed: (fault) => {
        port.unplug();
        peers.delete(peer);
        if (fault) this.say(`a machine was disconnected: ${fault}`);
      },
    });
    peers.add(peer);
  }

  private lost(fault: string | undefined, lasted: number): void {
    this.leave = () => {};
    if (fault) this.say(`left by this machine: ${fault}`);
    else if (lasted >= GOOD || this.pause === 0) this.say('its host has gone');
    // a process that is killed may still be taking connections for a moment
    this.pause = lasted >= GOOD ? FIRST_PAUSE : Math.min(LONGEST_PAUSE, Math.max(FIRST_PAUSE, 2 * this.pause));
    this.retry = setTimeout(() => void this.rejoin(), this.pause).unref();
  }

  /** Whoever is first hosts; the rules are the strictest, for nobody has given others. */
  private async rejoin(): Promise<void> {
    try {
      const place = await takePlace({ path: this.path, label: `--net switch=${this.path}` });
      if (place.kind === 'guest') {
        if (this.closed) place.socket.destroy();
        else {
          this.join(place.socket);
          this.say('joined again');
        }
        return;
      }
      const lan = await this.host(place, { allowed: [], forwards: [] });
      if (this.closed) {
        this.leave();
        return;
      }
      lan.gateway.survey();
      this.say('taken over by this machine; no ports are forwarded and nothing private is allowed any more');
    } catch (error) {
      if (this.closed) return;
      this.say(`${messageOf(error)}; this machine goes on without a network`);
    } finally {
      this.around.wake();
    }
  }
}
