// Archives on their way out of a node, and into it: each is read or written piece by piece by whoever asked for it, at his own speed.
// Ours. A tar of what has changed in a root is a layer: OCI image-spec, layer.md.
import type { Kernel } from '../kernel/kernel.js';
import type { IdMaps } from '../kernel/ns/id-map.js';
import { layerTar } from '../oci/tree/layer-tar.js';
import type { Inode } from '../kernel/vfs/inode.js';
import { treeOfInodes } from './inode-tree.js';
import { Refusal } from './refusal.js';

/** Archives that are open at a time. */
const OPEN_MAX = 64;
/** Bytes of an answer, about. */
const PIECE = 1 << 18;

/** Where an archive that comes is unpacked. */
export interface Unpacker {
  push(bytes: Uint8Array): void;
  end(): void;
  /** Nothing more comes. */
  abandon(): void;
}

interface Open {
  pieces?: AsyncGenerator<Uint8Array> | Generator<Uint8Array>;
  unpacker?: Unpacker;
  /** What it needed goes. */
  close(): void;
}

export class Archives {
  private readonly open = new Map<number, Open>();
  private next = 1;

  constructor(private readonly kernel: Kernel) {}

  /** Of all that is in the directory `root`, whiteouts too. Throws Refusal. */
  layer(root: Inode, owners?: IdMaps): number {
    return this.add({ pieces: layerTar(treeOfInodes(this.kernel, root, owners)), close: () => {} });
  }

  /** `close` is called once, whatever becomes of it. Throws Refusal. */
  add(archive: Open): number {
    if (this.open.size >= OPEN_MAX) throw new Refusal('conflict', `${OPEN_MAX} archives are open already`);
    const number = this.next++;
    this.open.set(number, archive);
    return number;
  }

  private part<P extends 'pieces' | 'unpacker'>(archive: number, part: P): NonNullable<Open[P]> {
    const found = this.open.get(archive)?.[part];
    if (!found) throw new Refusal('missing', `there is no archive ${archive}`);
    return found;
  }

  /** The next bytes; undefined: that was all, and the archive is closed. */
  async read(archive: number): Promise<Uint8Array | undefined> {
    const from = this.part(archive, 'pieces');
    const pieces: Uint8Array[] = [];
    let length = 0;
    try {
      while (length < PIECE) {
        const { value, done } = await from.next();
        if (done) break;
        pieces.push(value);
        length += value.length;
      }
    } catch (error) {
      this.close(archive);
      throw error;
    }
    if (length === 0) {
      this.close(archive);
      return undefined;
    }
    const whole = new Uint8Array(length);
    let at = 0;
    for (const piece of pieces) {
      whole.set(piece, at);
      at += piece.length;
    }
    return whole;
  }

  /** Throws what its unpacker does; it is closed then. */
  write(archive: number, bytes: Uint8Array): void {
    const into = this.part(archive, 'unpacker');
    try {
      into.push(bytes);
    } catch (error) {
      this.close(archive);
      throw error;
    }
  }

  end(archive: number): void {
    const into = this.part(archive, 'unpacker');
    try {
      into.end();
    } finally {
      this.close(archive);
    }
  }

  close(archive: number): void {
    const open = this.open.get(archive);
    if (!open) return;
    this.open.delete(archive);
    open.unpacker?.abandon();
    void open.pieces?.return(undefined);
    open.close();
  }
}
