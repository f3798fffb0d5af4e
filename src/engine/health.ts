// Health of a container: a command that is run in it again and again, and what is made of its status.
// Docker docs, "HEALTHCHECK"; Docker Engine API, definitions HealthConfig, Health. Times that clients give are nanoseconds.
import { TextStream } from '../base/text.js';
import { InvalidParameter } from './errors.js';
import type { EngineHost } from './host.js';
import type { Members } from './json-members.js';

export interface HealthConfig {
  /** `NONE`; `CMD` and words; `CMD-SHELL` and a line. Empty: the image's. */
  Test: string[];
  Interval: number;
  Timeout: number;
  StartPeriod: number;
  StartInterval: number;
  Retries: number;
}

export type HealthStatus = 'starting' | 'healthy' | 'unhealthy';

export interface ProbeResult {
  /** Milliseconds since 1970. */
  start: number;
  end: number;
  exitCode: number;
  output: string;
}

export interface Health {
  status: HealthStatus;
  failingStreak: number;
  /** The newest. */
  log: ProbeResult[];
}

const MILLISECOND = 1e6;
const SECOND = 1e9;
const DEFAULTS = { Interval: 30 * SECOND, Timeout: 30 * SECOND, StartPeriod: 0, StartInterval: 5 * SECOND, Retries: 3 };
const LOG_LENGTH = 5;
const OUTPUT_MAX = 4096;
const TIMES = ['Interval', 'Timeout', 'StartPeriod', 'StartInterval'] as const;

/** Throws InvalidParameter. */
export function parseHealth(config: Members): HealthConfig | undefined {
  if (!config.has('Healthcheck')) return undefined;
  const given = config.members('Healthcheck');
  const health: HealthConfig = {
    Test: given.texts('Test') ?? [],
    Interval: given.number('Interval'),
    Timeout: given.number('Timeout'),
    StartPeriod: given.number('StartPeriod'),
    StartInterval: given.number('StartInterval'),
    Retries: given.number('Retries'),
  };
  for (const name of TIMES)
    if (health[name] !== 0 && health[name] < MILLISECOND)
      throw new InvalidParameter(`${name} in Healthcheck cannot be less than 1ms`);
  if (health.Retries < 0) throw new InvalidParameter('Retries in Healthcheck cannot be negative');
  return health;
}

/** What is asked for, completed member by member by what the image says. */
export function mergeHealth(
  asked: HealthConfig | undefined,
  image: HealthConfig | undefined,
): HealthConfig | undefined {
  if (!asked || !image) return asked ?? image;
  const merged = { ...asked, Test: asked.Test.length > 0 ? asked.Test : image.Test };
  for (const name of [...TIMES, 'Retries'] as const) if (merged[name] === 0) merged[name] = image[name];
  return merged;
}

/** The words of the command; undefined: there is no check. */
export function probeOf({ Test: [kind, ...words] }: HealthConfig, shell: readonly string[] | undefined) {
  if (words.length === 0) return undefined;
  if (kind === 'CMD') return words;
  return kind === 'CMD-SHELL' ? [...(shell?.length ? shell : ['/bin/sh', '-c']), words[0]!] : undefined;
}

/** A check that is being made. */
export interface Probe {
  /** Its exit code; rejects when it can't be run. */
  readonly ended: Promise<number>;
  readonly output: readonly Uint8Array[];
  kill(): void;
}

/** What a monitor needs of its container. */
export interface Patient {
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  probe(words: string[]): Probe;
  healthChanged(): void;
}

/** Makes checks, one after the other, until it is stopped. */
export class HealthMonitor {
  private stopped = false;
  private cancel: () => void;
  private running?: Probe;

  constructor(
    private readonly patient: Patient,
    private readonly health: Health,
    private readonly words: string[],
    private readonly config: HealthConfig,
    private readonly host: EngineHost,
  ) {
    this.cancel = this.later();
  }

  stop(): void {
    this.stopped = true;
    this.cancel();
    this.running?.kill();
  }

  private value(name: keyof typeof DEFAULTS): number {
    return this.config[name] || DEFAULTS[name];
  }

  private milliseconds(name: (typeof TIMES)[number]): number {
    return this.value(name) / MILLISECOND;
  }

  /** Nothing counts yet that fails. */
  private isStarting(at: number): boolean {
    return this.health.status === 'starting' && at - this.patient.startedAt < this.milliseconds('StartPeriod');
  }

  private later(): () => void {
    const wait = this.milliseconds(this.isStarting(this.host.date()) ? 'StartInterval' : 'Interval');
    return this.host.after(wait, () => void this.check());
  }

  private async check(): Promise<void> {
    const start = this.host.date();
    const { exitCode, output } = await this.run();
    if (this.stopped) return;
    this.note({ start, end: this.host.date(), exitCode, output });
    this.cancel = this.later();
  }

  private async run(): Promise<{ exitCode: number; output: string }> {
    const limit = this.value('Timeout');
    let late = false;
    let cancel = (): void => {};
    try {
      const probe = this.patient.probe(this.words);
      this.running = probe;
      cancel = this.host.after(limit / MILLISECOND, () => {
        late = true;
        probe.kill();
      });
      const exitCode = await probe.ended;
      const text = textOf(probe.output);
      if (!late) return { exitCode, output: text };
      const said = `Health check exceeded timeout (${durationOf(limit)})`;
      return { exitCode: -1, output: text ? `${said}: ${text}` : said };
    } catch (error) {
      return { exitCode: -1, output: error instanceof Error ? error.message : String(error) };
    } finally {
      cancel();
      this.running = undefined;
    }
  }

  private note(result: ProbeResult): void {
    const { health } = this;
    const before = health.status;
    health.log = [...health.log, result].slice(-LOG_LENGTH);
    if (result.exitCode === 0) {
      health.failingStreak = 0;
      health.status = 'healthy';
    } else if (!this.isStarting(result.start)) {
      health.failingStreak++;
      if (health.failingStreak >= this.value('Retries')) health.status = 'unhealthy';
    }
    if (health.status !== before) this.patient.healthChanged();
  }
}

function textOf(pieces: readonly Uint8Array[]): string {
  const text = new TextStream();
  return pieces.map((piece) => text.take(piece)).join('') + text.end();
}

/** Keeps the beginning of what a check says. */
export function gather(into: Uint8Array[], bytes: Uint8Array): void {
  const room = OUTPUT_MAX - into.reduce((sum, { length }) => sum + length, 0);
  if (room > 0) into.push(bytes.slice(0, room));
}

/** As Go writes a duration: 1m30s, 1.5s, 200ms. */
function durationOf(nanoseconds: number): string {
  if (nanoseconds < SECOND) return `${nanoseconds / MILLISECOND}ms`;
  const seconds = nanoseconds / SECOND;
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor((seconds % 3600) / 60);
  const rest = `${Number((seconds % 60).toFixed(9))}s`;
  return hours > 0 ? `${hours}h${minutes}m${rest}` : minutes > 0 ? `${minutes}m${rest}` : rest;
}
