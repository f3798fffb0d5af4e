// Images of Debian's own programs, made of the provisioned root: a package with all that it depends on, as a tar.
// Debian Policy section 7.1 (relationships between packages).
import { execFileSync } from 'node:child_process';
import { existsSync, lstatSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';

/** Big, and needed by what these tests do not do: installing, and compiling queries. */
const WITHOUT = new Set(['perl', 'libllvm14', 'debconf', 'ucf', 'postgresql-common', 'python3', 'libz3-4', 'libc-bin']);
/** A shell and its tools. */
const BASE = ['base-files', 'base-passwd', 'dash', 'coreutils', 'sed', 'grep', 'libc6'];

export class DebianRoot {
  /** By each package: what it depends on, the first of alternatives. */
  private readonly depends = new Map<string, string[]>();

  private readonly root: string;

  constructor(root: string) {
    this.root = realpathSync(root);
    for (const paragraph of readFileSync(join(root, 'var/lib/dpkg/status'), 'utf8').split('\n\n')) {
      const field = (name: string): string => new RegExp(`^${name}: (.*)$`, 'm').exec(paragraph)?.[1] ?? '';
      const names = [field('Pre-Depends'), field('Depends')].join(',').split(',');
      const depends = names.map((text) => /^[\w.+-]+/.exec(text.trim())?.[0] ?? '').filter((name) => name !== '');
      this.depends.set(field('Package'), depends);
    }
  }

  private closure(packages: readonly string[]): Set<string> {
    const found = new Set<string>();
    const add = (name: string): void => {
      if (found.has(name) || WITHOUT.has(name) || !this.depends.has(name)) return;
      found.add(name);
      for (const other of this.depends.get(name)!) add(other);
    };
    for (const name of packages) add(name);
    return found;
  }

  private filesOf(name: string): string[] {
    const lists = ['', ':i386'].map((suffix) => join(this.root, `var/lib/dpkg/info/${name}${suffix}.list`));
    return lists.filter((path) => existsSync(path)).flatMap((path) => readFileSync(path, 'utf8').split('\n'));
  }

  /** Where a file really is, below the root: packages name it through links. Undefined: it is not there. */
  private placeOf(path: string): string | undefined {
    const whole = join(this.root, path);
    if (!lstatSync(whole, { throwIfNoEntry: false })) return undefined;
    return `./${relative(this.root, join(realpathSync(dirname(whole)), basename(whole)))}`;
  }

  /** Writes a root with these packages, and besides them users, alternatives and what ldconfig has made, to `tar`. */
  write(tar: string, packages: readonly string[]): void {
    const closure = this.closure([...BASE, ...packages]);
    const listed = [...closure].flatMap((name) => this.filesOf(name));
    const own = [
      '/bin',
      '/sbin',
      '/lib',
      '/usr/bin',
      '/usr/sbin',
      '/usr/lib',
      '/dev',
      '/proc',
      '/sys',
      '/tmp',
      '/run',
      '/var/run',
    ];
    const made = [
      '/etc/passwd',
      '/etc/group',
      '/etc/shadow',
      '/etc/ld.so.cache',
      '/etc/ld.so.conf',
      '/bin/sh',
      '/etc/localtime',
    ];
    const files = new Set([...own, ...made, ...listed].filter((path) => path.length > 1 && path !== '/.'));
    const places = [...files].map((path) => this.placeOf(path)).filter((path) => path !== undefined);
    writeFileSync(`${tar}.files`, `${[...new Set(places)].sort().join('\n')}\n`);
    const options = ['--no-recursion', '--numeric-owner', '--verbatim-files-from', '-T', `${tar}.files`];
    execFileSync('tar', ['-cf', tar, '-C', this.root, ...options]);
  }
}
