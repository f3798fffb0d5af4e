// Makes a failing program of system-program.mjs smaller while it still fails, and shows what is left.
// Zeller and Hildebrandt 2002, "Simplifying and Isolating Failure-Inducing Input": one piece at a time, which is enough here.
import { assemble } from './system-program.mjs';

const ROUNDS = 4;

/** `fails(program)`: whether it still does. */
export function cutDown(program, fails) {
  let best = program;
  const attempt = (change) => {
    const next = { ...best, ...change };
    if (next.items.length === 0 || !fails(next)) return false;
    best = next;
    return true;
  };
  for (let round = 0; round < ROUNDS; round++) {
    const before = best;
    for (let i = best.stops.length - 1; i >= 0; i--) attempt({ stops: best.stops.toSpliced(i, 1) });
    best.stops.forEach((stop, i) => {
      for (const change of [{ kind: 'none' }, { translate: false }]) {
        const key = Object.keys(change)[0];
        if (best.stops[i][key] !== change[key]) attempt({ stops: best.stops.with(i, { ...best.stops[i], ...change }) });
      }
      void stop;
    });
    for (let i = best.items.length - 1; i >= 0; i--) {
      if (!attempt({ items: best.items.toSpliced(i, 1) })) {
        const one = best.items[i];
        const size = one.bytes?.length ?? (one.call ? 5 : one.wide ? 10 : 7);
        if (!one.bytes?.every((byte) => byte === 0x90)) {
          attempt({ items: best.items.with(i, { bytes: new Array(size).fill(0x90), special: one.special }) });
        }
      }
    }
    attempt({ callee: [] });
    attempt({ user: false });
    attempt({ interrupts: false });
    attempt({ writeProtect: false });
    attempt({ pages: {} });
    if (best === before) break;
  }
  return best;
}

const hex = (value) => value.toString(16);

/** The program as text: its instructions with their addresses, how it begins, its stops. */
export function describe(program) {
  const { code, starts } = assemble(program);
  const bounds = [...starts, starts[0] + code.length];
  const { seed, user, halting, writeProtect, registers, pages, stops } = program;
  return [
    `seed ${seed}, CPL ${user ? 3 : 0}, ${halting ? 'to HLT, ' : ''}CR0.WP ${writeProtect ? 1 : 0}`,
    `registers ${registers.map(hex).join(' ')}, PTE bits ${Object.entries(pages).map(([page, bits]) => `${page}:${hex(bits)}`)}`,
    ...starts.map(
      (at, i) => `  ${hex(at)}  ${code.subarray(at - starts[0], bounds[i + 1] - starts[0]).toString('hex')}`,
    ),
    ...stops.map(
      ({ budget, kind, translate, ...rest }) =>
        `  ${translate ? 'translate, ' : ''}run ${budget}, ${kind} ${JSON.stringify(rest)}`,
    ),
  ];
}
