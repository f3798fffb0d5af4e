// Where the package's own files are: src/hosts/node and dist/hosts/node, into which the build puts all that Node runs, are equally deep.
// Ours.

/** Ends in a slash. */
export const PACKAGE_ROOT = new URL('../../../', import.meta.url);
