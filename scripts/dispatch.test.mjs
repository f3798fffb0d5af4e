// The build's look at the dispatch: the core that was built, and what the compiler makes of switches on both sides of its limit.
// Ours; the compiler that builds the core is the oracle.
import asc from 'assemblyscript/asc';
import { expect, it } from 'vitest';
import { checkBuild, checkDispatch } from './dispatch.mjs';

/** A switch over numbers from `from` on for each of `sizes`, each behind the default of the one before. */
function switches([size, ...others], from = 0) {
  const line = (_, i) => `case ${from + i}: return ${((from + i) * 40503) & 0xffff};`;
  const otherwise = others.length ? switches(others, from + size) : 'return -1;';
  return `switch (op) { ${Array.from({ length: size }, line).join('')} default: ${otherwise} }`;
}

async function compiled(sizes) {
  const source = `export function run(op: i32): i32 { ${switches(sizes)} }\nexport { run as handlerTable };`;
  const { binary, error } = await asc.compileString(source, { optimizeLevel: 2, runtime: 'stub' });
  if (error) throw error;
  return binary;
}

const names = (count) => ['fault', 'goto', ...Array.from({ length: count - 2 }, (_, i) => `op${i}`)];

it('finds br_tables in the core that was built', () => {
  checkBuild();
});

it('tells a switch that has become compares from one that has become tables', async () => {
  checkDispatch(await compiled([1000]), names(1000));
  checkDispatch(await compiled([515, 515]), names(1030));
  const large = await compiled([1030]);
  expect(() => checkDispatch(large, names(1030))).toThrow(/run\(\) reaches 0 of 1030 micro-ops by br_table/);
}, 120_000);

it('misses one case', async () => {
  const binary = await compiled([100]);
  expect(() => checkDispatch(binary, names(101))).toThrow(/100 of 101/);
}, 120_000);
