// The network that an engine has made in a network namespace of the host's, as a sandbox's own: its frames go out and come in there.
// Ours; what carries them is packet-helper.ts. Linux include/uapi/linux/virtio_net.h.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { InputError } from '../../base/errors.js';
import { checksum } from '../../net/checksum.js';
import { ETHERNET_HEADER } from '../../net/ethernet.js';
import type { OuterNetwork } from '../../node/contract.js';
import type { Wire } from '../../node/wire.js';
import { PACKET_HELPER } from './packet-helper.js';

/** struct virtio_net_hdr. */
const VNET_HEADER = 10;
const NEEDS_CSUM = 1;
const HEAD = 5 + VNET_HEADER;
/** A frame of one long segment, with what is before it. */
const LENGTH_MAX = 1 << 17;
/** Bytes that wait for the namespace to take them: what is more is lost, as at any card. */
const QUEUE_MAX = 4 << 20;

export interface OpenNetwork {
  network: OuterNetwork;
  wireOf(name: string): Wire | undefined;
}

/** Is there any interface but the loopback in our network namespace? man 5 proc_net. */
export function hasInterfaces(): boolean {
  const lines = readFileSync('/proc/self/net/dev', 'utf8').split('\n').slice(2);
  return lines.some((line) => line.includes(':') && !/^ *lo:/.test(line));
}

/**
 * The interfaces of our network namespace. Throws InputError. `wake` is called behind frames that have come. The network goes with the process
 * that has it.
 */
export async function openOuterNetwork(wake: () => void): Promise<OpenNetwork> {
  const helper = spawn('python3', ['-c', PACKET_HELPER], {
    stdio: ['pipe', 'pipe', 'ignore'],
    // what is sent to who has called us, as by a terminal, is not for it
    detached: true,
  });
  const gone = new Promise<never>((_, reject) => {
    helper.once('error', (error) => reject(refusal(`python3, which carries its frames: ${error.message}`)));
    helper.once('exit', (status) => reject(refusal(`python3 ended with status ${status}`)));
  });
  helper.stdin.on('error', () => {});
  const reader = new Messages(helper.stdout);
  const said = JSON.parse(await Promise.race([reader.line, gone])) as OuterNetwork & { error?: string };
  if (said.error !== undefined) throw refusal(said.error);
  gone.catch(() => {});
  const wires = said.interfaces.map((_, index): Wire => {
    const transmit = (frame: Uint8Array): void => {
      if (helper.stdin.writableLength > QUEUE_MAX) return;
      const message = Buffer.alloc(HEAD + frame.length);
      message.writeUInt32BE(message.length - 4);
      message[4] = index;
      message.set(frame, HEAD);
      helper.stdin.write(message);
    };
    return { transmit, deliver: () => {} };
  });
  reader.onMessage = (message) => {
    const frame = frameIn(message.subarray(1));
    if (frame) wires[message[0]!]?.deliver(frame);
  };
  reader.onRead = wake;
  return { network: said, wireOf: (name) => wires[said.interfaces.findIndex((one) => one.name === name)] };
}

const refusal = (why: string): InputError =>
  new InputError(`the network of the container: ${why}`, 'Without one: --network none.');

/** A frame behind its virtio_net_hdr; a checksum that the card was to make is made. Undefined: it is none. */
export function frameIn(message: Buffer): Uint8Array | undefined {
  const frame = new Uint8Array(message.subarray(VNET_HEADER));
  if (frame.length < ETHERNET_HEADER) return undefined;
  if ((message[0]! & NEEDS_CSUM) !== 0) {
    const start = message.readUInt16LE(6);
    const at = start + message.readUInt16LE(8);
    if (at + 2 > frame.length) return undefined;
    // the pseudo header's sum is there already; zero would say that there is no checksum, RFC 768
    const value = checksum(frame, start) || 0xffff;
    frame[at] = value >> 8;
    frame[at + 1] = value & 0xff;
  }
  return frame;
}

/** A line, and then messages with their lengths before them. */
class Messages {
  onMessage: (message: Buffer) => void = () => {};
  onRead: () => void = () => {};
  readonly line: Promise<string>;
  private held: Buffer = Buffer.alloc(0);
  private told?: (line: string) => void;

  constructor(from: Readable) {
    this.line = new Promise((resolve) => {
      this.told = resolve;
    });
    from.on('data', (bytes: Buffer) => this.read(bytes));
    from.on('error', () => {});
  }

  private read(bytes: Buffer): void {
    this.held = this.held.length === 0 ? bytes : Buffer.concat([this.held, bytes]);
    if (this.told) {
      const end = this.held.indexOf(0x0a);
      if (end < 0) return;
      this.told(this.held.toString('utf8', 0, end));
      this.told = undefined;
      this.held = this.held.subarray(end + 1);
    }
    let at = 0;
    while (this.held.length - at >= 4) {
      const length = this.held.readUInt32BE(at);
      const end = at + 4 + length;
      if (length <= VNET_HEADER || length > LENGTH_MAX) throw new Error('the network is out of step');
      if (end > this.held.length) break;
      this.onMessage(this.held.subarray(at + 4, end));
      at = end;
    }
    this.held = this.held.subarray(at);
    this.onRead();
  }
}
