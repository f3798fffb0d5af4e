// The page in web/: `npm run dev` serves it, `npm run build:web` makes static files in dist-web/.
// vite.dev/config. The two headers let the page share memory with its workers; docs/web.md for other hosts.

import { createReadStream, existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Connect, defineConfig, type Plugin } from 'vite';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

const headers = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
};

/** The BIOS images that scripts/provision has got, where the page looks for such. They are not ours, and no part of the build. */
const FIRMWARE: Record<string, string> = {
  '/firmware/bios.bin': here('.cache/guest/bios.bin'),
  '/firmware/vgabios.bin': here('.cache/guest/vgabios-stdvga.bin'),
};
const serveFirmware: Connect.NextHandleFunction = (request, response, next) => {
  const file = FIRMWARE[request.url ?? ''];
  if (file === undefined) return next();
  if (existsSync(file)) return void createReadStream(file).pipe(response);
  response.statusCode = 404;
  response.end();
};
const firmware: Plugin = {
  name: 'firmware',
  configureServer: ({ middlewares }) => void middlewares.use(serveFirmware),
  configurePreviewServer: ({ middlewares }) => void middlewares.use(serveFirmware),
};

export default defineConfig({
  root: here('web'),
  base: './',
  build: { outDir: '../dist-web', emptyOutDir: true, target: 'es2022' },
  worker: { format: 'es' },
  plugins: [firmware],
  server: { headers, fs: { allow: [here('.')] } },
  preview: { headers },
});
