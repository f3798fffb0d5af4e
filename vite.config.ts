// The page in web/: `npm run dev` serves it, `npm run build:web` makes static files in dist-web/.
// vite.dev/config. The two headers let the page share memory with its workers; docs/web.md for other hosts.

import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

const headers = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
};

export default defineConfig({
  root: fileURLToPath(new URL('web', import.meta.url)),
  base: './',
  build: { outDir: '../dist-web', emptyOutDir: true, target: 'es2022' },
  worker: { format: 'es' },
  server: { headers, fs: { allow: [fileURLToPath(new URL('.', import.meta.url))] } },
  preview: { headers },
});
