// What the repository holds: sources, and of binaries only those that cannot be made from them with npm alone.
// git's own rule: a file with a NUL byte in its first 8000 bytes is binary (buffer_is_binary in xdiff-interface.c).

import { execFileSync } from 'node:child_process';
import { closeSync, existsSync, lstatSync, openSync, readdirSync, readFileSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { missing, root } from './provisioned.js';

const LOOKED_AT = 8000;
/** Our guests as they were assembled, pictures, cases recorded on processors. */
const binaries = [/^guest\/build\//, /^docs\/[^/]+\.(png|svg)$/, /^test\/vectors\/[^/]+\.hwv\.gz$/];

const start = new Uint8Array(LOOKED_AT);

function isBinary(path: string): boolean {
  const fd = openSync(path, 'r');
  try {
    return start.subarray(0, readSync(fd, start, 0, LOOKED_AT, 0)).includes(0);
  } finally {
    closeSync(fd);
  }
}

test('no binaries but those that belong here', (context) => {
  if (!existsSync(join(root, '.git'))) missing(context, 'not a git repository: clone it');
  const tracked = execFileSync('git', ['ls-files', '-z'], { cwd: root, encoding: 'utf8', maxBuffer: 1 << 26 });
  const files = tracked
    .split('\0')
    .filter((name) => name && lstatSync(join(root, name), { throwIfNoEntry: false })?.isFile());
  expect(files).toContain('test/repository.test.ts');
  const found = files.filter((name) => !binaries.some((allowed) => allowed.test(name)) && isBinary(join(root, name)));
  expect(found).toEqual([]);
});

const read = (path: string): string => readFileSync(join(root, path), 'utf8');

test('each attack of docs/threats.md has the test that it names', () => {
  const rows = [...read('docs/threats.md').matchAll(/^\|[^|]*\| [^|]+ \| `([^`]+)` \| ([^|]+) \|$/gm)];
  expect(rows.length).toBeGreaterThan(50);
  const quoted = (title: string): string[] => [`'${title}'`, `"${title}"`];
  const missed = rows.filter(
    ([, path, title]) => !existsSync(join(root, path!)) || !quoted(title!).some((text) => read(path!).includes(text)),
  );
  expect(missed.map(([, path, title]) => `${path}: ${title}`)).toEqual([]);
  const numbers = new Set(
    rows.flatMap(([row]) => {
      const cases = /^\| ([^|]*)\|/.exec(row)![1]!.trim();
      const [first, last] = cases.split(' to ').map(Number);
      if (last !== undefined) return Array.from({ length: last - first! + 1 }, (_, i) => first! + i);
      return cases.split(', ').map(Number);
    }),
  );
  const wanted = [...Array.from({ length: 29 }, (_, i) => i + 1), 39, 40, 45];
  expect(wanted.filter((number) => !numbers.has(number))).toEqual([]);
});

test('packages are exact, each with its hash, none runs anything when it is installed, and pages fetch nothing elsewhere', () => {
  interface Locked {
    integrity?: string;
    resolved?: string;
    hasInstallScript?: boolean;
  }
  const manifest = JSON.parse(read('package.json'));
  for (const [name, version] of Object.entries({ ...manifest.dependencies, ...manifest.devDependencies }))
    expect(version, name).toMatch(/^\d+\.\d+\.\d+(-[\w.]+)?$/);
  for (const event of ['preinstall', 'install', 'postinstall', 'prepare'])
    expect(manifest.scripts[event]).toBeUndefined();
  for (const lock of ['package-lock.json', 'test/docker/dockerode/package-lock.json']) {
    const packages = Object.entries<Locked>(JSON.parse(read(lock)).packages).filter(([path]) => path !== '');
    expect(packages.length).toBeGreaterThan(0);
    for (const [path, { integrity, resolved }] of packages) {
      expect(integrity, path).toMatch(/^sha512-/);
      if (resolved !== undefined) expect(resolved).toMatch(/^https:\/\/registry\.npmjs\.org\//);
    }
    if (lock === 'package-lock.json')
      expect(packages.filter(([, { hasInstallScript }]) => hasInstallScript).map(([path]) => path)).toEqual([]);
  }
  const pages = readdirSync(join(root, 'web'), { recursive: true, encoding: 'utf8' }).filter((path) =>
    /\.(html|css)$/.test(path),
  );
  for (const path of pages)
    expect(read(`web/${path}`), path).not.toMatch(
      /(?:src|href)=["']?(?:https?:)?\/\/|url\(["']?(?:https?:)?\/\/|@import/,
    );
});
