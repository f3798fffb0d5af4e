// The physical frames of a node: which are free, and how often each one is in use.
// Ours; a frame is a page of 4 KiB, its number times 4096 its physical address. Frame 0 is never handed out.
import { CODE_PAGE_OF } from '../../../assembly/abi.js';
import { assert } from '../../base/assert.js';
import { HOST_RAM } from '../../vcpu/engine.js';
import { FRAME_ANONYMOUS, FRAME_FILE, FRAME_KINDS, FRAME_SHARED, type FrameAccount } from './frame-account.js';

export const PAGE_SHIFT = 12;
export const PAGE_SIZE = 4096;
/** Where in its page an address is: for all below 2^53, and cheaper than a remainder of what does not fit into 32 bits with a sign. */
export const pageOffset = (address: number): number => address & (PAGE_SIZE - 1);
export const pageFloor = (address: number): number => address - pageOffset(address);
export const pageCeil = (address: number): number => pageFloor(address + PAGE_SIZE - 1);

/** Who may have frames that can be done without. */
export interface Relief {
  relieve(): void;
}

export class Frames {
  /** The node's whole wasm memory. */
  readonly bytes: Uint8Array;
  readonly words: Uint32Array;
  /** A frame of zeros that every fresh page is until it is written. It is never freed. */
  readonly zero: number;
  private readonly uses: Uint32Array;
  /** Freed frames, last in first out: the newest is likely in the host's cache. */
  private readonly freed: Uint32Array;
  private freedCount = 0;
  /** From here on no frame has been touched since the node began: they are zeros. */
  private untouched = 1;
  /** Who pays for frames that are handed out now; undefined: nobody does. */
  payer?: FrameAccount;
  /** A user's page fault asks: it can come again. */
  mayRefuse = false;
  /** The newest frame that was not to be had: did whoever pays refuse it? */
  refused = false;
  /** Of each frame the number of its account and what it is for. */
  private readonly owners: Uint32Array;
  private readonly accounts: (FrameAccount | undefined)[] = [undefined];
  private readonly freeNumbers: number[] = [];
  /** Frames in page caches; of these those of caches that nothing lies behind, and those that are to be written back. */
  cached = 0;
  cachedOnly = 0;
  dirty = 0;
  /** Pages that were read into page caches so far. */
  readIn = 0;
  /** Asked for frames when there is none. */
  relief?: Relief;
  private emptying = false;
  /** Told of a frame whose bytes the kernel has written, or is about to, while the processor has code decoded from them. */
  codeListener?: { codeWritten(frame: number): void };

  /** `count` frames, frame 0 among them, lie in `buffer` from HOST_RAM on. */
  constructor(
    buffer: ArrayBuffer,
    readonly count: number,
  ) {
    this.bytes = new Uint8Array(buffer);
    this.words = new Uint32Array(buffer);
    this.uses = new Uint32Array(count);
    this.owners = new Uint32Array(count);
    this.freed = new Uint32Array(count);
    this.zero = this.allocate();
  }

  /** Frames that nobody uses. */
  get free(): number {
    return this.count - this.untouched + this.freedCount;
  }

  /** Frames that whoever pays can have without anybody giving some back. */
  get room(): number {
    return Math.min(this.free, this.payer?.room ?? this.count);
  }

  /** A frame of zeros, used once; 0 when there is none, or whoever pays may have no more. `kind`: FRAME_*. */
  allocate(kind = FRAME_ANONYMOUS): number {
    return this.allocateFor(kind, true);
  }

  /** As allocate(), for a caller that writes all of it: its contents are anything. */
  allocateDirty(kind = FRAME_ANONYMOUS): number {
    return this.allocateFor(kind, false);
  }

  private allocateFor(kind: number, zeros: boolean): number {
    const { payer } = this;
    if (payer && !payer.charge(kind)) {
      this.refused = true;
      return 0;
    }
    this.refused = false;
    const frame = this.take(zeros);
    if (!payer) return frame;
    if (frame === 0) payer.uncharge(kind);
    else this.owners[frame] = payer.number * FRAME_KINDS + kind;
    return frame;
  }

  /** As allocate(), for what is the kernel's own: nobody pays. */
  allocateForKernel(): number {
    const { payer } = this;
    this.payer = undefined;
    const frame = this.allocate();
    this.payer = payer;
    return frame;
  }

  private take(zeros: boolean): number {
    if (this.freedCount === 0) {
      const fresh = this.fresh();
      if (fresh !== 0 || !this.makeFree()) return fresh;
    }
    const frame = this.freed[--this.freedCount]!;
    this.uses[frame] = 1;
    this.written(frame);
    if (zeros) {
      const at = this.hostAddress(frame);
      this.bytes.fill(0, at, at + PAGE_SIZE);
    }
    return frame;
  }

  /** Nobody has left a frame: whoever has some that can be done without gives them back. */
  private makeFree(): boolean {
    if (this.emptying) return false;
    const { payer } = this;
    this.emptying = true;
    this.payer = undefined;
    this.relief?.relieve();
    this.payer = payer;
    this.emptying = false;
    return this.freedCount > 0;
  }

  /** The kernel writes bytes of the frame that are not the processor's to see by itself: decoded code must go. Cheap when there is none. */
  written(frame: number): void {
    if (this.words[(CODE_PAGE_OF >>> 2) + frame] !== 0) this.codeListener?.codeWritten(frame);
  }

  private fresh(): number {
    if (this.untouched >= this.count) return 0;
    this.uses[this.untouched] = 1;
    return this.untouched++;
  }

  /** Frames that have ever been handed out; all others are zeros. */
  *touched(): Generator<number> {
    for (let frame = 1; frame < this.untouched; frame++) yield frame;
  }

  use(frame: number): void {
    this.uses[frame]!++;
  }

  /** One user less; the last one frees it. */
  release(frame: number): void {
    const uses = this.uses[frame]!;
    assert(uses > 0, 'a frame that is released is in use');
    this.uses[frame] = uses - 1;
    if (uses === 1) this.giveBack(frame);
  }

  private giveBack(frame: number): void {
    this.freed[this.freedCount++] = frame;
    const owner = this.owners[frame]!;
    if (owner === 0) return;
    this.owners[frame] = 0;
    this.accounts[Math.floor(owner / FRAME_KINDS)]!.uncharge(owner % FRAME_KINDS);
  }

  // ---- accounts -------------------------------------------------------------------------------------------------------------

  addAccount(account: FrameAccount): void {
    account.number = this.freeNumbers.pop() ?? this.accounts.length;
    this.accounts[account.number] = account;
  }

  /** Nothing is charged to it any more, and nothing will be. */
  dropAccount(account: FrameAccount): void {
    this.accounts[account.number] = undefined;
    this.freeNumbers.push(account.number);
  }

  /** Who pays for a frame. */
  accountOf(frame: number): FrameAccount | undefined {
    return this.accounts[Math.floor(this.owners[frame]! / FRAME_KINDS)];
  }

  /** Frames of page caches that programs have mapped too, of the accounts that `of` says. */
  countMapped(of: (account: FrameAccount) => boolean): number {
    const counts = this.accounts.map((account) => account !== undefined && of(account));
    let pages = 0;
    for (const frame of this.touched()) {
      const owner = this.owners[frame]!;
      const kind = owner % FRAME_KINDS;
      if (this.uses[frame]! < 2 || (kind !== FRAME_FILE && kind !== FRAME_SHARED)) continue;
      if (counts[Math.floor(owner / FRAME_KINDS)]) pages++;
    }
    return pages;
  }

  usesOf(frame: number): number {
    return this.uses[frame]!;
  }

  /** Where the frame's bytes begin in `bytes`. */
  hostAddress(frame: number): number {
    return HOST_RAM + frame * PAGE_SIZE;
  }

  /** Copies a frame's contents. */
  copy(from: number, to: number): void {
    const at = this.hostAddress(from);
    this.bytes.copyWithin(this.hostAddress(to), at, at + PAGE_SIZE);
  }
}
