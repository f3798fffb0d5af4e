// Builds what has changed: TypeScript to build/js and its types to dist/types, the package's bundles of it to dist/hosts, the sources generated from the instruction table, the core to build/core.wasm.
// Ours. Each phase keeps the hash of its inputs in build/hashes.json and is skipped while they stay the same.
//
//   node scripts/build.mjs [--quiet] [typescript|bundle|transpiler|table|core]...     --quiet says nothing when all is up to date
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { checkBuild } from './dispatch.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
process.chdir(root);
const require = createRequire(import.meta.url);
const HASHES = 'build/hashes.json';
const LOCK = 'build/.lock';

const quiet = process.argv.includes('--quiet');
const wanted = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));

/** Files under `folder` whose path passes, in a fixed order. */
function files(folder, passes) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
    .filter(passes)
    .sort();
}

function bin(packageName, name) {
  const manifest = require.resolve(`${packageName}/package.json`);
  const { bin } = JSON.parse(readFileSync(manifest, 'utf8'));
  return join(dirname(manifest), bin[name]);
}

const isSource = (path) => path.endsWith('.ts') && !path.endsWith('.test.ts');
const isScript = (path) => path.endsWith('.js');
const isTable = (path) => /assembly\/(abi|uop|isa\/(opcodes|rows-[^/]*)|vmcs\/[^/]*)\.ts$/.test(path);

const phases = [
  {
    name: 'typescript',
    inputs: () => [
      ...files('src', (path) => isSource(path) && !/(^|\/)test-[^/]*$/.test(path)),
      ...files('assembly', isTable),
      ...readdirSync('.').filter((name) => /^tsconfig.*\.json$/.test(name)),
    ],
    outputs: ['build/js/src/cli/main.js', 'build/js/assembly/isa/opcodes.js', 'dist/types/src/hosts/node/index.d.ts'],
    run() {
      run(bin('typescript', 'tsc'), ['-b', 'tsconfig.cli.json', 'tsconfig.browser.json']);
    },
  },
  {
    name: 'bundle',
    inputs: () => ['scripts/bundle.mjs', ...files('build/js', isScript)],
    outputs: ['dist/hosts/node/main.js', 'dist/hosts/browser/index.js'],
    run() {
      run('scripts/bundle.mjs', []);
    },
  },
  {
    name: 'transpiler',
    inputs: () => [
      'scripts/transpiler.mjs',
      'src/wasi/module.ts',
      'node_modules/@bytecodealliance/jco-transpile/package.json',
    ],
    outputs: ['dist/jco/generate.js', 'dist/jco/adapt.js', 'dist/jco/LICENSE'],
    run() {
      run('scripts/transpiler.mjs', []);
    },
  },
  {
    name: 'table',
    inputs: () => [
      'scripts/gen-isa.mjs',
      'scripts/gen-effects.mjs',
      'scripts/gen-forms-float.mjs',
      'scripts/gen-forms.mjs',
      'scripts/gen-handlers.mjs',
      'scripts/gen-vmcs.mjs',
      'assembly/translator/frame.ts',
      ...files('assembly', isTable),
      ...files('assembly/ops', isSource),
    ],
    outputs: ['assembly/generated', 'build/names.json'],
    run() {
      run('scripts/gen-isa.mjs', []);
      run('scripts/gen-vmcs.mjs', []);
    },
  },
  {
    name: 'core',
    takes: 'about half a minute',
    inputs: () => ['asconfig.json', ...files('assembly', isSource), 'node_modules/assemblyscript/package.json'],
    outputs: ['build/core.wasm'],
    run() {
      run(bin('assemblyscript', 'asc'), ['--config', 'asconfig.json', '--target', 'release']);
      checkBuild();
    },
  },
];

function run(script, args) {
  const result = spawnSync(process.execPath, [script, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    encoding: 'utf8',
  });
  if (result.status !== 0) throw new Error(`${script} ${args.join(' ')}\n${result.stdout}${result.stderr}`.trimEnd());
}

function hashOf(phase) {
  const hash = createHash('sha256').update(phase.run.toString());
  for (const path of phase.inputs())
    hash.update(relative('.', path)).update('\0').update(readFileSync(path)).update('\0');
  return hash.digest('hex');
}

function readHashes() {
  try {
    return JSON.parse(readFileSync(HASHES, 'utf8'));
  } catch {
    return {};
  }
}

/** One build at a time in a tree: `npm test` and `npm run demo` may be started side by side. */
function takeLock() {
  for (;;) {
    try {
      writeFileSync(LOCK, String(process.pid), { flag: 'wx' });
      process.on('exit', () => rmSync(LOCK, { force: true }));
      return;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    if (!ownerIsAlive()) rmSync(LOCK, { force: true });
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100);
  }
}

function ownerIsAlive() {
  try {
    const owner = Number(readFileSync(LOCK, 'utf8'));
    if (owner > 0) process.kill(owner, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

function build() {
  mkdirSync('build', { recursive: true });
  takeLock();
  const stale = phases.filter((phase) => (wanted.length === 0 || wanted.includes(phase.name)) && !isFresh(phase));
  if (stale.length > 1) process.stderr.write(`build: ${stale.length} phases: ${stale.map(titleOf).join(', ')}\n`);
  for (const phase of phases) {
    if (wanted.length > 0 && !wanted.includes(phase.name)) continue;
    // a phase makes the inputs of the next
    if (isFresh(phase)) continue;
    const hash = hashOf(phase);
    const elapsed = startClock(`build: ${titleOf(phase)} ... `);
    phase.run();
    writeFileSync(`${HASHES}.new`, JSON.stringify({ ...readHashes(), [phase.name]: hash }, null, 2));
    renameSync(`${HASHES}.new`, HASHES);
    elapsed();
  }
  if (!quiet) process.stderr.write('build: up to date\n');
}

const titleOf = ({ name, takes }) => (takes ? `${name} (${takes})` : name);

function isFresh(phase) {
  return readHashes()[phase.name] === hashOf(phase) && phase.outputs.every((path) => existsSync(path));
}

/** On a terminal, while this thread waits for a phase. */
const TICK = `
  const { workerData: { title, start } } = require('node:worker_threads');
  const { writeSync } = require('node:fs');
  setInterval(() => writeSync(2, '\\r' + title + Math.round((Date.now() - start) / 1000) + ' s'), 1000);
`;

/** Says what is done, and on a terminal for how long already; the value ends the line. */
function startClock(title) {
  const start = Date.now();
  const { isTTY } = process.stderr;
  process.stderr.write(title);
  const ticking = isTTY && new Worker(TICK, { eval: true, workerData: { title, start } });
  return () => {
    if (ticking) void ticking.terminate();
    process.stderr.write(`${isTTY ? `\r${title}` : ''}${((Date.now() - start) / 1000).toFixed(1)} s\n`);
  };
}

try {
  build();
} catch (error) {
  process.stderr.write(`failed\n${error.message}\n`);
  process.exitCode = 1;
}
// a clock may tick
process.exit();
