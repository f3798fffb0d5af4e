// Files that a person has chosen or dropped, with their paths in the folders that they came in.
// File and Directory Entries API 3, 4.1 (webkitRelativePath); all browsers have these two.
import { InputError } from '../../src/base/errors.js';

export interface GivenFile {
  /** Names with slashes between them. */
  path: string;
  file: File;
}

export const FILES_MAX = 20_000;

export function checkCount(count: number): void {
  if (count > FILES_MAX) throw new InputError(`more than ${FILES_MAX} files`, 'Make a tar of them, and docker cp it.');
}

/** Of an input, with folders or without. Throws InputError. */
export function filesOf(input: HTMLInputElement): GivenFile[] {
  const files = [...(input.files ?? [])];
  checkCount(files.length);
  return files.map((file) => ({ path: file.webkitRelativePath || file.name, file }));
}

/** The folders among what is dropped; to be asked for at once, while the event lasts. */
export function foldersOf(dropped: DataTransfer | null): FileSystemDirectoryEntry[] {
  return [...(dropped?.items ?? [])].flatMap((item) => {
    const entry = item.webkitGetAsEntry();
    return entry?.isDirectory ? [entry as FileSystemDirectoryEntry] : [];
  });
}

/** All that is in a folder. Rejects with InputError. */
export async function filesIn(folder: FileSystemDirectoryEntry): Promise<GivenFile[]> {
  const files: GivenFile[] = [];
  const visit = async (entry: FileSystemEntry, path: string): Promise<void> => {
    if (entry.isFile) {
      const file = await new Promise<File>((take, fail) => (entry as FileSystemFileEntry).file(take, fail));
      files.push({ path, file });
      checkCount(files.length);
      return;
    }
    const reader = (entry as FileSystemDirectoryEntry).createReader();
    for (;;) {
      // some at a time, until there are none
      const some = await new Promise<FileSystemEntry[]>((take, fail) => reader.readEntries(take, fail));
      if (some.length === 0) return;
      for (const one of some) await visit(one, `${path}/${one.name}`);
    }
  };
  await visit(folder, folder.name);
  return files;
}

/** Without the folder that all of them are in. */
export const within = (files: readonly GivenFile[]): GivenFile[] =>
  files.map(({ path, file }) => ({ path: path.slice(path.indexOf('/') + 1), file }));

/** A name as Docker takes it. */
export const nameFor = (text: string): string =>
  text.replace(/[^A-Za-z0-9_.-]+/g, '-').replace(/^[^A-Za-z0-9]+/, '') || 'folder';
