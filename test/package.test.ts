// The package as strangers get it: packed, installed into an empty folder, and the programs of docs/library.md run there.
// docs/library.md; npm pack.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { chromium } from 'playwright-core';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { needs, root } from './provisioned.js';
import { serve } from './web/static-server.js';

let folder: string;
let installed: string;
/** By their first lines: `// NAME` or `<!-- NAME -->`. */
const programs = new Map(
  [
    ...readFileSync(join(root, 'docs/library.md'), 'utf8').matchAll(/```(?:js|html)\n(?:\/\/|<!--) (\S+)[\s\S]*?```/g),
  ].map(([block, name]) => [name!, block.replace(/^```\w+\n/, '').replace(/```$/, '')]),
);

function npm(...args: string[]): string {
  return execFileSync('npm', [...args, '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: folder,
    encoding: 'utf8',
  });
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tabvisor-package-'));
  // the tests' command has built it
  const [{ filename }] = JSON.parse(npm('pack', root, '--ignore-scripts', '--json'));
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  npm('install', `./${filename}`, '--prefer-offline');
  installed = join(folder, 'node_modules/tabvisor');
  for (const [name, text] of programs) writeFileSync(join(folder, name), text);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function node(...args: string[]): string {
  return execFileSync(process.execPath, args, { cwd: folder, encoding: 'utf8', timeout: 300_000 });
}

test('the work of each mode', () => {
  const said = node('modes.mjs');
  for (const mode of ['full', 'hw', 'para'])
    expect(said).toMatch(new RegExp(`^${mode}: WORKLOAD name=clock-read checksum`, 'm'));
  expect(said.match(/kind: 'power-off'/g)).toHaveLength(3);
  expect(said).toContain('IO_INSTRUCTION');
});

test('Linux, from a snapshot', (context) => {
  const { kernel, initramfs } = needs(context, 'kernel', 'initramfs');
  const said = node('linux.mjs', kernel, initramfs);
  expect(said).toMatch(/^6\.1\.\d\S*-686$/m);
  expect(said).toMatch(/^\d+\.\d+ \d+\.\d+$/m);
  expect(said).toContain("{ kind: 'power-off' }");
});

test('a page that vite has built', async (context) => {
  const { chromium: executablePath } = needs(context, 'chromium');
  const vite = join(root, 'node_modules/vite/bin/vite.js');
  execFileSync(process.execPath, [vite, 'build', '--logLevel', 'warn'], { cwd: folder, stdio: 'pipe' });
  const assets = readdirSync(join(folder, 'dist/assets'));
  expect(assets.filter((name) => /\.(wasm|elf)$/.test(name))).toHaveLength(2);
  const server = await serve(join(folder, 'dist'), { headers: false });
  onTestFinished(() => server.close());
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
  onTestFinished(() => browser.close());
  const page = await browser.newPage();
  await page.goto(server.url);
  const said = (text: string) => page.waitForFunction(`document.querySelector('pre').textContent.includes('${text}')`);
  await said('tabvisor> ');
  await page.fill('input', 'run integer');
  await page.press('input', 'Enter');
  await said('WORKLOAD name=integer checksum=');
});

test('a program in TypeScript, without types of Node or the DOM', () => {
  const source = `
    import { createVm, InputError, type Outcome, type VmOptions } from 'tabvisor';
    const options: VmOptions = { mode: 'para', disks: [{ image: new Uint8Array(512), access: 'write' }], network: true };
    const vm = await createVm(options);
    const found: string = await vm.waitFor('x');
    for await (const bytes of vm.serial()) { const piece: Uint8Array = bytes; void piece; }
    const outcome: Outcome = await vm.run();
    if (outcome.kind === 'triple-fault') outcome.vector.toFixed();
    const share: number = vm.statistics().exitShares.HLT;
    // @ts-expect-error no such mode
    void createVm({ mode: 'fast' });
    export { found, InputError, share };`;
  writeFileSync(join(folder, 'typed.ts'), source);
  for (const resolution of ['nodenext', 'bundler']) {
    const module = resolution === 'bundler' ? 'esnext' : 'nodenext';
    const flags = ['--strict', '--noEmit', '--target', 'es2022', '--lib', 'es2022', '--types', ''];
    const args = [
      ...flags,
      '--module',
      module,
      '--moduleResolution',
      resolution,
      '--skipLibCheck',
      'false',
      'typed.ts',
    ];
    const tsc = spawnSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), ...args], {
      cwd: folder,
      encoding: 'utf8',
    });
    expect(tsc.stdout + tsc.stderr).toBe('');
  }
});

test('the command', () => {
  const bin = join(folder, 'node_modules/.bin/tabvisor');
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  expect(execFileSync(bin, ['--version'], { encoding: 'utf8' }).trim()).toBe(version);
  const run = ['vm', 'run', '--append', 'run=integer exit=poweroff'];
  expect(execFileSync(bin, run, { cwd: folder, encoding: 'utf8' })).toContain('WORKLOAD name=integer checksum=');
});

test('each package that a shipped file imports is a dependency, each dependency is imported, and nothing is there twice', () => {
  const { dependencies } = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8'));
  const scripts = readdirSync(installed, { recursive: true, encoding: 'utf8' }).filter(
    (path) => /\.m?js$/.test(path) && !path.startsWith('node_modules'),
  );
  const imported = new Set<string>();
  for (const path of scripts) {
    const text = readFileSync(join(installed, path), 'utf8');
    for (const [, name] of text.matchAll(/^\s*(?:import|export)\b(?!:)[^'"\n]*?['"]([^'"]+)['"]/gm)) {
      if (name!.startsWith('.'))
        expect(existsSync(join(installed, dirname(path), name!)), `${path}: ${name}`).toBe(true);
      else if (!name!.startsWith('node:')) imported.add(name!);
    }
  }
  expect([...imported].sort()).toEqual(Object.keys(dependencies).sort());
  // the class of the monitor itself is in one file for each host
  const built = scripts.filter((path) => /\bVmxCpu = class\b/.test(readFileSync(join(installed, path), 'utf8')));
  expect(built.map((path) => dirname(path)).sort()).toEqual(['dist/hosts/browser', 'dist/hosts/node']);
});

test('every file that the types lead to is there', () => {
  const types = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8')).exports['.'].types;
  const seen = new Set<string>();
  const follow = (path: string): void => {
    if (seen.has(path)) return;
    seen.add(path);
    for (const [, name] of readFileSync(path, 'utf8').matchAll(/from '(\.[^']+)\.js'/g))
      follow(join(dirname(path), `${name}.d.ts`));
  };
  follow(join(installed, types));
  expect(seen.size).toBeGreaterThan(5);
});
