// The page in web/: `npm run dev` serves it, `npm run build:web` makes static files in dist-web/.
// vite.dev/config; docs/web.md says what a host must send.

import { createHash } from 'node:crypto';
import { createReadStream, existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Connect, defineConfig, type Plugin } from 'vite';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** Lets the page share memory with its workers. */
const isolation = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
};
/** Nothing from elsewhere but what registries answer, nothing inline; WebAssembly may be compiled. */
const POLICY =
  "default-src 'self'; connect-src 'self' https: http://127.0.0.1:* http://localhost:*; script-src 'self' 'wasm-unsafe-eval'; object-src 'none'; base-uri 'none'; form-action 'none'";
/** What a page may not say of itself. */
const headers = { ...isolation, 'Content-Security-Policy': `${POLICY}; frame-ancestors 'none'` };

const policy: Plugin = {
  name: 'policy',
  // the development server has scripts and styles inline
  apply: 'build',
  transformIndexHtml: () => [
    {
      tag: 'meta',
      attrs: { 'http-equiv': 'Content-Security-Policy', content: POLICY },
      injectTo: 'head-prepend',
    },
  ],
  generateBundle() {
    const lines = Object.entries(headers).map(([name, value]) => `  ${name}: ${value}\n`);
    this.emitFile({ type: 'asset', fileName: '_headers', source: `/*\n${lines.join('')}` });
  },
};

const SERVICE_WORKER = 'service-worker.js';

/** Tells the service worker what it is to keep. */
const offline: Plugin = {
  name: 'offline',
  apply: 'build',
  generateBundle: {
    order: 'post',
    handler(_, bundle) {
      const hash = createHash('sha256');
      const files = new Set(['./', ...readdirSync(here('web/public'))]);
      for (const [name, made] of Object.entries(bundle)) {
        if (name === SERVICE_WORKER || name === '_headers') continue;
        hash.update(name).update(made.type === 'chunk' ? made.code : made.source);
        if (name !== 'index.html') files.add(name);
      }
      const worker = bundle[SERVICE_WORKER];
      if (worker?.type !== 'chunk') throw new Error(`no ${SERVICE_WORKER} was built`);
      // it is a script, not a module, as not all browsers take these
      if (worker.imports.length > 0) throw new Error(`${SERVICE_WORKER} shares code with the page`);
      const constants = { FILES: [...files].sort(), VERSION: hash.digest('hex').slice(0, 16) };
      const lines = Object.entries(constants).map(([name, value]) => `const ${name} = ${JSON.stringify(value)};\n`);
      worker.code = lines.join('') + worker.code;
    },
  },
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

const { version } = JSON.parse(readFileSync(here('package.json'), 'utf8')) as { version: string };

export default defineConfig({
  root: here('web'),
  define: { __VERSION__: JSON.stringify(version) },
  base: './',
  build: {
    outDir: '../dist-web',
    emptyOutDir: true,
    target: 'es2022',
    // an image in a style sheet would be a data: address
    assetsInlineLimit: 0,
    rollupOptions: {
      input: { index: here('web/index.html'), 'service-worker': here('web/worker/service-worker.ts') },
      output: {
        entryFileNames: ({ name }) => (name === 'service-worker' ? SERVICE_WORKER : 'assets/[name]-[hash].js'),
      },
    },
  },
  worker: { format: 'es' },
  plugins: [policy, offline, firmware],
  server: { headers: isolation, fs: { allow: [here('.')] } },
  preview: { headers },
});
