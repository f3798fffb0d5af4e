// Which stages of a Dockerfile are built, and in which order. docs.docker.com/build/building/multi-stage, "Differences between legacy builder
// and BuildKit".
import { InvalidParameter } from '../errors.js';
import type { Stage } from './dockerfile.js';
import { hint } from './hint.js';

/** The number of the stage that a client asks for: by name or number; '' is the last. Throws InvalidParameter. */
export function goalOf(stages: readonly Stage[], target: string): number {
  if (target === '') return stages.length - 1;
  const named = stages.findIndex(({ name }) => name === target.toLowerCase());
  const at = named < 0 && /^\d{1,5}$/.test(target) ? Number(target) : named;
  if (at >= 0 && at < stages.length) return at;
  const names = stages.flatMap(({ name }) => name ?? []);
  throw new InvalidParameter(`target stage "${target}" could not be found${hint(target, names)}`);
}

/**
 * What a stage needs, and then it itself. FROM means stages before it, files may come from those behind it too. What variables name can't be
 * known before: then it is all stages up to this one. Throws InvalidParameter when a stage needs itself.
 */
export function orderOf(stages: readonly Stage[], goal: number, globals: (text: string) => string): readonly number[] {
  const order: number[] = [];
  const done = new Set<number>();
  const begun = new Set<number>();
  const waiting = [goal];
  for (let at = waiting.at(-1); at !== undefined; at = waiting.at(-1)) {
    if (done.has(at) || begun.has(at)) {
      waiting.pop();
      if (!done.has(at)) order.push(at);
      done.add(at);
      continue;
    }
    const needed = needsOf(stages, at, globals);
    if (!needed) return stages.slice(0, goal + 1).map((_, i) => i);
    begun.add(at);
    for (const one of needed.reverse()) {
      if (begun.has(one) && !done.has(one))
        throw new InvalidParameter(`circular dependency detected on stage: ${stages[one]!.name ?? one}`);
      waiting.push(one);
    }
  }
  return order;
}

/** The stages that one needs by its own words; undefined: a variable names one. */
function needsOf(stages: readonly Stage[], at: number, globals: (text: string) => string): number[] | undefined {
  const numberOf = (name: string, below: number): number => {
    const named = stages.slice(0, below).findIndex((stage) => stage.name === name.toLowerCase());
    return named < 0 && /^\d{1,5}$/.test(name) && Number(name) < below ? Number(name) : named;
  };
  const { base, instructions } = stages[at]!;
  const named = globals(base);
  const files: string[] = [];
  for (const { flags, trigger } of instructions) {
    for (const { name, value } of flags) {
      if (name === 'from') files.push(value);
      const from = name === 'mount' ? /(?:^|,)from=([^,]*)/.exec(value)?.[1] : undefined;
      if (from !== undefined) files.push(from);
    }
    if (trigger !== undefined && /\bfrom=/.test(trigger)) return undefined;
  }
  if ([named, ...files].some((name) => name.includes('$'))) return undefined;
  const found = [
    stages.slice(0, at).findIndex(({ name }) => name === named.toLowerCase()),
    ...files.map((name) => numberOf(name, stages.length)),
  ];
  return found.filter((number) => number >= 0);
}
