// Writes to a private file that are whole, or are said not to be: browsers have several ways to say that there is no room.
// File System standard 2.6.3 (write), 2.6.4 (truncate). Chromium answers with an error's number as if so many bytes were written, and keeps the size.

/** What is used of it, so that files in memory can be it. */
export type SyncAccess = Pick<FileSystemSyncAccessHandle, 'write' | 'truncate' | 'getSize'>;

const noRoom = (): DOMException => new DOMException('nothing was written', 'QuotaExceededError');

/** Throws DOMException, QuotaExceededError where there is no room. */
export function writeAll(access: SyncAccess, bytes: Uint8Array, at: number): void {
  for (let done = 0; done < bytes.length; ) {
    const count = access.write(bytes.subarray(done) as Uint8Array<ArrayBuffer>, { at: at + done });
    if (!(count > 0 && count <= bytes.length - done)) throw noRoom();
    done += count;
  }
}

/** Throws as `writeAll` does. */
export function resize(access: SyncAccess, size: number): void {
  access.truncate(size);
  if (access.getSize() !== size) throw noRoom();
}
