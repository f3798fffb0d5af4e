// Where the package's own files are: src/hosts/node and dist/hosts/node, into which the build puts all that Node runs, are equally deep.
// Ours.
import { fileURLToPath } from 'node:url';

/** Ends in a slash. */
export const PACKAGE_ROOT = new URL('../../../', import.meta.url);

/** The root of the package's own image, as a tar. */
export const OWN_ROOT = fileURLToPath(new URL('guest/build/tabvisor-image.tar', PACKAGE_ROOT));
