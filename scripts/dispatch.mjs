// Looks at the dispatch of a core that has been built: each micro-op is reached through a br_table, or interpreting is 6 to 10 times slower.
// Ours. asc writes a switch as compares, which Binaryen makes a br_table of only up to 1,024 numbers; scripts/gen-isa.mjs keeps below.
import { readFileSync } from 'node:fs';
import { branchTables } from './wasm-code.mjs';

/** Exported functions that are a switch over micro-ops, and the first micro-op that each one has a case for. */
const SWITCHES = { run: 'fault', handlerTable: 'goto' };

/**
 * `core`: the bytes of a module, `microOps`: names by number. Throws when a switch has cases that no br_table leads to.
 */
export function checkDispatch(core, microOps) {
  for (const [name, first] of Object.entries(SWITCHES)) {
    const wanted = microOps.length - microOps.indexOf(first);
    const tables = branchTables(core, name).map((labels) => {
      const otherwise = labels.at(-1);
      return labels.slice(0, -1).filter((label) => label !== otherwise).length;
    });
    const reached = tables.reduce((sum, cases) => sum + cases, 0);
    if (reached >= wanted) continue;
    throw new Error(
      `the core's ${name}() reaches ${reached} of ${wanted} micro-ops by br_table (tables of ${tables.join(', ') || 'none'}): ` +
        'a switch over more than 1,024 numbers is compiled to compares; divide SWITCHES in scripts/gen-isa.mjs into more parts',
    );
  }
}

/** The same for the files of a build. */
export function checkBuild(core = 'build/core.wasm', names = 'build/names.json') {
  checkDispatch(readFileSync(core), JSON.parse(readFileSync(names, 'utf8')).microOps);
}
