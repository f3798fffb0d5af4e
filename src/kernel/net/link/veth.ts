// Two interfaces that are each other's wire, in one namespace or two. man 4 veth; Linux drivers/net/veth.c.
import { EthernetInterface } from '../ethernet-interface.js';
import { arrivedOf, type Frame } from './frame.js';

export class Veth extends EthernetInterface {
  /** The other end; undefined: both are about to go. */
  peer?: Veth;
  /** What was the other end, which does not live without this one. */
  private left?: Veth;

  static join(one: Veth, other: Veth): void {
    one.peer = other;
    other.peer = one;
  }

  override get kind(): string {
    return 'veth';
  }

  override get lower(): EthernetInterface | undefined {
    return this.peer;
  }

  override get hasLower(): boolean {
    return true;
  }

  /** A wire whose other end nobody listens at is dead. */
  override get carrier(): boolean {
    return this.up && this.peer?.up === true;
  }

  protected override send(frame: Frame): boolean {
    const { peer } = this;
    return peer?.up === true && this.namespace.kernel.links.push(peer, arrivedOf(frame));
  }

  override upChanged(): void {
    super.upChanged();
    this.peer?.carrierChanged();
  }

  override part(): void {
    const { peer } = this;
    this.left = peer;
    this.peer = undefined;
    if (peer) peer.peer = undefined;
  }

  override close(): void {
    const { left } = this;
    this.left = undefined;
    left?.namespace.remove(left);
  }
}
