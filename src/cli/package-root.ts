// Where the package's own files are: compiled and bundled, the command's modules lie three folders below its root.
// Ours.

/** Ends in a slash. */
export const PACKAGE_ROOT = new URL('../../../', import.meta.url);
