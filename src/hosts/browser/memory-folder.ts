// Private files for a browser that gives a page none (a private window): the same handles, in memory, for as long as the page is there.
// Contract: File System standard, as far as PrivateStorage and block stores use it: folders, files, sync access handles, move. In a worker.

const missing = (name: string): DOMException => new DOMException(`${name}: is not there`, 'NotFoundError');
const mismatch = (name: string): DOMException => new DOMException(`${name}: is another kind`, 'TypeMismatchError');

/** Bytes while somebody writes them; a Blob, which a browser may put on a disk, for who only reads. */
class MemoryFile {
  readonly kind = 'file';
  private blob = new Blob();
  private bytes: Uint8Array<ArrayBuffer> | undefined;
  private size = 0;
  private open = false;

  constructor(
    public name: string,
    private parent: MemoryFolder,
  ) {}

  async getFile(): Promise<File> {
    if (this.bytes) {
      this.blob = new Blob([this.bytes.subarray(0, this.size)]);
      if (!this.open) this.bytes = undefined;
    }
    return new File([this.blob], this.name);
  }

  /** Somebody else's bytes, as they are. */
  take(blob: Blob): void {
    this.blob = blob;
    this.bytes = undefined;
  }

  async createSyncAccessHandle() {
    if (this.open) throw new DOMException(`${this.name}: is open`, 'NoModificationAllowedError');
    this.open = true;
    if (!this.bytes) {
      this.bytes = new Uint8Array(new FileReaderSync().readAsArrayBuffer(this.blob));
      this.size = this.bytes.length;
    }
    const resize = (size: number): void => {
      const { bytes } = this;
      if (size > bytes!.length) {
        this.bytes = new Uint8Array(Math.max(size, 2 * bytes!.length));
        this.bytes.set(bytes!.subarray(0, this.size));
      } else if (size < this.size) bytes!.fill(0, size, this.size);
      this.size = size;
    };
    return {
      read: (into: Uint8Array, { at = 0 } = {}): number => {
        const from = this.bytes!.subarray(0, this.size).subarray(at, at + into.length);
        into.set(from);
        return from.length;
      },
      write: (from: Uint8Array, { at = 0 } = {}): number => {
        if (at + from.length > this.size) resize(at + from.length);
        this.bytes!.set(from, at);
        return from.length;
      },
      truncate: resize,
      getSize: () => this.size,
      flush() {},
      close: () => {
        this.open = false;
      },
    };
  }

  async move(folder: MemoryFolder, name: string): Promise<void> {
    this.parent.children.delete(this.name);
    this.parent = folder;
    this.name = name;
    folder.children.set(name, this);
  }
}

export class MemoryFolder {
  readonly kind = 'directory';
  readonly children = new Map<string, MemoryFile | MemoryFolder>();

  async getDirectoryHandle(name: string, { create = false } = {}): Promise<MemoryFolder> {
    let found = this.children.get(name);
    if (!found && create) {
      found = new MemoryFolder();
      this.children.set(name, found);
    }
    if (!found) throw missing(name);
    if (found.kind !== 'directory') throw mismatch(name);
    return found as MemoryFolder;
  }

  async getFileHandle(name: string, { create = false } = {}): Promise<MemoryFile> {
    let found = this.children.get(name);
    if (!found && create) {
      found = new MemoryFile(name, this);
      this.children.set(name, found);
    }
    if (!found) throw missing(name);
    if (found.kind !== 'file') throw mismatch(name);
    return found as MemoryFile;
  }

  async removeEntry(name: string): Promise<void> {
    if (!this.children.delete(name)) throw missing(name);
  }

  async *keys(): AsyncGenerator<string> {
    yield* this.children.keys();
  }
}
