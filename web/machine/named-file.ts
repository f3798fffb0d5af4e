// A file that a person has given to a page, as the page hands it on: a blob that has been fetched has no name of its own.
// Ours.

export interface NamedFile {
  name: string;
  blob: Blob;
}
