// How interfaces are built on each other: never on themselves, and not too deep. Linux net/core/dev.c MAX_NEST_DEV, __netdev_upper_dev_link.
import type { Interface } from '../interface.js';

/** MAX_NEST_DEV: interfaces of which each goes by the next. */
const LEVELS_MAX = 8;

/** Those that an interface's frames go by. A pair's other end is a wire's, and none of them. */
const below = (one: Interface): readonly Interface[] => one.parts;
const above = (one: Interface): readonly Interface[] => (one.port ? [one.port.bridge] : one.uppers);

function levels(one: Interface, next: (one: Interface) => readonly Interface[], most: number): number {
  let deepest = 0;
  if (most > 0) for (const other of next(one)) deepest = Math.max(deepest, 1 + levels(other, next, most - 1));
  return deepest;
}

function reaches(from: Interface, to: Interface, most: number): boolean {
  return from === to || (most > 0 && below(from).some((other) => reaches(other, to, most - 1)));
}

/** May `upper` go by `lower`? 'loop': it would go by itself; 'deep': it would be too many levels. */
export function nesting(upper: Interface | undefined, lower: Interface): 'fits' | 'loop' | 'deep' {
  if (upper && reaches(lower, upper, LEVELS_MAX)) return 'loop';
  const height = (upper ? levels(upper, above, LEVELS_MAX) : 0) + 2 + levels(lower, below, LEVELS_MAX);
  return height > LEVELS_MAX ? 'deep' : 'fits';
}
