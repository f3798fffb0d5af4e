// Puts the modules of the command and the library into a few files: to find and load 200 of them takes Node longer than to restore a machine.
// Ours, by rolldown. Not minified: an error's stack names our functions.
import { rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

const at = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url));

/** Each folder is as deep in the package as its host is in src: hosts find the package's files by their own place. */
const HOSTS = {
  node: {
    index: 'hosts/node/index',
    main: 'cli/main',
    'node-worker': 'cli/node-worker',
    'wasi-worker': 'cli/wasi-worker',
  },
  browser: { index: 'hosts/browser/index' },
};

/** V8 keeps a whole source in two bytes a character for one that Latin-1 lacks: those are escaped, as names and strings may have them. */
const latin1 = (code) =>
  code.replace(/[\u0100-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);

for (const [platform, entries] of Object.entries(HOSTS)) {
  const folder = at(`dist/hosts/${platform}`);
  rmSync(folder, { recursive: true, force: true });
  const bundle = await rolldown({
    input: Object.fromEntries(Object.entries(entries).map(([name, path]) => [name, at(`build/js/src/${path}.js`)])),
    platform,
    // packages stay what package.json says they are
    external: (name) => !/^[./]/.test(name),
    treeshake: { moduleSideEffects: 'no-external' },
    plugins: [
      {
        name: 'latin-1',
        generateBundle(_, files) {
          for (const file of Object.values(files)) if (file.type === 'chunk') file.code = latin1(file.code);
        },
      },
    ],
  });
  await bundle.write({ dir: folder, entryFileNames: '[name].js', chunkFileNames: '[name].js', comments: false });
  await bundle.close();
}
