// From a path below a directory to a name in one: no `..`, no link and no absolute name leads out of where it began.
// WASI 0.2, wasi:filesystem, path-resolution.md. Each directory on the way is open while it is walked, so that none is swapped meanwhile.
import { EINVAL, ELOOP, ENAMETOOLONG, ENOENT, ENOTDIR, EPERM } from '../kernel/abi/errno.js';
import { O_DIRECTORY, O_NOFOLLOW, O_PATH } from '../kernel/abi/fcntl.js';
import { type System, SystemError } from './system.js';

const LINKS_MAX = 40;
const PATH_MAX = 4096;

export interface Start {
  fd: number;
  /** The container's root: absolute links begin here. */
  isRoot: boolean;
}

/** A name in an open directory: '.' is the directory itself. */
export interface Place {
  fd: number;
  name: string;
  /** The path ended with a slash: only a directory will do. */
  slash: boolean;
}

/** Does something at a path. `follow`: a link at its end leads on. All throw SystemError. */
export function at<Result>(
  system: System,
  start: Start,
  path: string,
  follow: boolean,
  use: (place: Place) => Result,
): Result {
  const walk = new Walk(system, start);
  try {
    return use(walk.to(path, follow));
  } finally {
    walk.end();
  }
}

class Walk {
  /** Directories below the start, each in the one before. */
  private readonly below: number[] = [];
  private links = 0;

  constructor(
    private readonly system: System,
    private readonly start: Start,
  ) {}

  private get directory(): number {
    return this.below.at(-1) ?? this.start.fd;
  }

  end(): void {
    for (const fd of this.below.splice(0)) this.system.close(fd);
  }

  to(path: string, follow: boolean): Place {
    if (path === '') throw new SystemError(ENOENT);
    // what a program says is below the directory; only links may mean the root
    if (path.startsWith('/')) throw new SystemError(EPERM);
    let rest = path;
    for (;;) {
      if (rest.length > PATH_MAX) throw new SystemError(ENAMETOOLONG);
      const parts = rest.split('/').filter((part) => part !== '' && part !== '.');
      const slash = /\/\.?$|^\.$/.test(rest);
      const last = parts.pop();
      const link = this.through(parts);
      if (link !== undefined) {
        rest = `${link}/${last ?? ''}${slash ? '/' : ''}`;
        continue;
      }
      if (last === undefined || last === '..') {
        if (last) this.up();
        return { fd: this.directory, name: '.', slash: true };
      }
      const target = follow || slash ? this.linkAt(last) : undefined;
      if (target === undefined) return { fd: this.directory, name: last, slash };
      rest = slash ? `${target}/` : target;
    }
  }

  /** Through directories; when one is a link: its target, and what is left of them behind it. */
  private through(parts: readonly string[]): string | undefined {
    for (const [i, part] of parts.entries()) {
      if (part === '..') {
        this.up();
        continue;
      }
      const opened = this.open(part);
      if (opened !== undefined) {
        this.below.push(opened);
        continue;
      }
      const target = this.linkAt(part);
      if (target === undefined) throw new SystemError(ENOTDIR);
      return [target, ...parts.slice(i + 1)].join('/');
    }
    return undefined;
  }

  private open(name: string): number | undefined {
    try {
      return this.system.openAt(this.directory, name, O_PATH | O_DIRECTORY | O_NOFOLLOW);
    } catch (error) {
      if (error instanceof SystemError && (error.errno === ENOTDIR || error.errno === ELOOP)) return undefined;
      throw error;
    }
  }

  private up(): void {
    const left = this.below.pop();
    if (left === undefined) throw new SystemError(EPERM);
    this.system.close(left);
  }

  /** Where a link leads, the walk standing where that is meant from; undefined: it is none. */
  private linkAt(name: string): string | undefined {
    let target: string;
    try {
      target = this.system.readLink(this.directory, name);
    } catch (error) {
      if (error instanceof SystemError && (error.errno === EINVAL || error.errno === ENOENT)) return undefined;
      throw error;
    }
    if (++this.links > LINKS_MAX) throw new SystemError(ELOOP);
    if (target === '') throw new SystemError(ENOENT);
    if (!target.startsWith('/')) return target;
    if (!this.start.isRoot) throw new SystemError(EPERM);
    this.end();
    return target.replace(/^\/+/, '') || '.';
  }
}
