// Arguments of a build: what ARG declares, and what the client gives for it.
// docs.docker.com/reference/dockerfile: ARG, Scope, Predefined ARGs, Impact on build caching.
import type { Variables } from './words.js';

const PROXIES = ['HTTP_PROXY', 'HTTPS_PROXY', 'FTP_PROXY', 'NO_PROXY', 'ALL_PROXY'];
/** Known without ARG; they are not told of in the history. */
const PREDEFINED = new Set([...PROXIES, ...PROXIES.map((name) => name.toLowerCase())]);

export class BuildArgs {
  /** Those before the first FROM. */
  private readonly before = new Map<string, string | undefined>();
  private readonly declared = new Map<string, string | undefined>();
  private readonly wanted = new Set<string>();

  /** `platform`: what TARGETPLATFORM and its kin are. */
  constructor(
    private readonly given: ReadonlyMap<string, string | undefined>,
    private readonly platform: Readonly<Record<string, string>>,
  ) {}

  declareBefore(name: string, value: string | undefined): void {
    this.wanted.add(name);
    this.before.set(name, value);
  }

  declare(name: string, value: string | undefined): void {
    this.wanted.add(name);
    this.declared.set(name, value);
  }

  /** `inherited`: what the stage that it begins with has declared. */
  beginStage(inherited: ReadonlyMap<string, string | undefined> = new Map()): void {
    this.declared.clear();
    for (const [name, value] of inherited) this.declared.set(name, value);
  }

  /** What the stage has declared by now. */
  get inStage(): ReadonlyMap<string, string | undefined> {
    return new Map(this.declared);
  }

  /** What FROM sees. */
  readonly globals: Variables = (name) =>
    this.before.has(name) ? (this.given.get(name) ?? this.before.get(name)) : this.platform[name];

  /** What instructions of the stage see. */
  readonly variables: Variables = (name) => {
    if (!this.declared.has(name)) return PREDEFINED.has(name) ? this.given.get(name) : undefined;
    return this.given.get(name) ?? this.declared.get(name) ?? this.globals(name);
  };

  /** NAME=VALUE of those that a command is given; `env` has precedence. */
  environment(env: readonly string[]): string[] {
    const taken = new Set(env.map((entry) => entry.split('=', 1)[0]));
    const names = [...new Set([...PREDEFINED, ...this.declared.keys()])].filter((name) => !taken.has(name));
    return names.flatMap((name) => {
      const value = this.variables(name);
      return value === undefined ? [] : [`${name}=${value}`];
    });
  }

  /** The same as far as they make another command of it: what the history and the cache know it by. */
  remembered(env: readonly string[]): string[] {
    return this.environment(env)
      .filter((entry) => this.declared.has(entry.split('=', 1)[0]!))
      .sort();
  }

  /** NAME=VALUE of all that the stage declares, in their order, as a command sees them. */
  declaredIn(env: readonly string[]): string[] {
    return [...this.declared.keys()].map(
      (name) => env.find((entry) => entry.startsWith(`${name}=`)) ?? `${name}=${this.variables(name) ?? ''}`,
    );
  }

  get unused(): string[] {
    return [...this.given.keys()].filter((name) => !this.wanted.has(name) && !PREDEFINED.has(name)).sort();
  }
}
