// Puts the command's modules into a few files: to find and load 180 of them takes Node longer than to restore a machine.
// Ours, by rolldown. Not minified: an error's stack names our functions.
import { rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

const at = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url));
/** As deep in the package as dist/src/cli: src/cli/package-root.ts counts on it. */
const FOLDER = at('dist/bundle/cli');

rmSync(FOLDER, { recursive: true, force: true });
const bundle = await rolldown({
  input: { main: at('dist/src/cli/main.js') },
  platform: 'node',
  // packages stay what package.json says they are
  external: (name) => !/^[./]/.test(name),
});
await bundle.write({ dir: FOLDER, entryFileNames: '[name].mjs', chunkFileNames: '[name].mjs' });
await bundle.close();
