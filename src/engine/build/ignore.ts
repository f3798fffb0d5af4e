// .dockerignore: which files of a context are none of the build's.
// docs.docker.com/build/concepts/context: .dockerignore files.
import { InputError } from '../../base/errors.js';
import { Glob } from './glob.js';

const PATTERNS_MAX = 5000;

/** A path is normal here: no slash in front or behind, no dots; '' is the top. */
export function cleanPath(path: string): string {
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return parts.join('/');
}

/** Which files of a context are not sent to the build. */
export class IgnoreFile {
  private readonly rules: { pattern: Glob; ignored: boolean }[];
  /** Its patterns one by one. */
  readonly lines: readonly string[];

  /** Throws InputError. */
  constructor(text: string) {
    const lines = text
      .replace(/^\uFEFF/, '')
      .split(/\r?\n/)
      .filter((line) => !line.startsWith('#'))
      .map((line) => line.trim())
      .filter((line) => line !== '' && line !== '!');
    if (lines.length > PATTERNS_MAX) throw new InputError(`.dockerignore has more than ${PATTERNS_MAX} patterns`);
    const rules = lines.map((line) => {
      const ignored = !line.startsWith('!');
      return { path: cleanPath(ignored ? line : line.slice(1).trim()), ignored };
    });
    this.rules = rules.map(({ path, ignored }) => ({ pattern: new Glob(path, true), ignored }));
    this.lines = rules.map(({ path, ignored }) => `${ignored ? '' : '!'}${path || '.'}`);
  }

  /** The last rule that fits a path, or a folder that it is in, decides. */
  ignores(path: string): boolean {
    const parts = path.split('/');
    const paths = parts.map((_, i) => parts.slice(0, i + 1).join('/'));
    for (let i = this.rules.length - 1; i >= 0; i--) {
      const { pattern, ignored } = this.rules[i]!;
      if (paths.some((each) => pattern.test(each))) return ignored;
    }
    return false;
  }

  /** Whether nothing below an ignored folder can come back, so that it need not be looked into. */
  get exceptions(): boolean {
    return this.rules.some(({ ignored }) => !ignored);
  }
}
