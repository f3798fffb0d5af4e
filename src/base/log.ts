// Trace topics: `--trace exit,io` prints lines of those topics; all others cost one boolean test.
// Ours.

export const TOPICS = ['exit', 'io', 'mmio', 'irq', 'insn', 'boot', 'device'] as const;
export type Topic = (typeof TOPICS)[number];

export interface Log {
  /** Whether a topic is wanted: ask before making a line. */
  readonly on: Readonly<Record<Topic, boolean>>;
  trace(topic: Topic, line: string): void;
  /** Something that the person at the console should know. */
  warn(line: string): void;
}

/** A log whose lines go to `print`; `topics` are the ones wanted. */
export function createLog(print: (line: string) => void, topics: readonly Topic[] = []): Log {
  const on = Object.fromEntries(TOPICS.map((topic) => [topic, topics.includes(topic)])) as Record<Topic, boolean>;
  return {
    on,
    trace(topic, line) {
      if (on[topic]) print(`${topic}: ${line}`);
    },
    warn: print,
  };
}

export const SILENT: Log = createLog(() => {});
