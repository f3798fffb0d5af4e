// Gives the person a file, as a download.
// HTML 4.6.5 (download).
import { element } from './element.js';

/** Milliseconds for a browser to begin. */
const BEGUN = 60_000;

export function saveFile(name: string, blob: Blob): void {
  // a browser that guesses what it is would name it so
  const address = URL.createObjectURL(blob.slice(0, blob.size, 'application/octet-stream'));
  element('a', { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), BEGUN);
}
