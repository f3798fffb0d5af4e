// Runs a file of vectors and counts what passed.
// Formats: test/vectors/FORMAT.md.
import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { openHwv } from './hwv.mjs';
import { HwvMachine, MODES } from './hwv-machine.mjs';
import { Sst286Machine, sst286Cases } from './sst286.mjs';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc');

/**
 * `options`: `translate` (code is translated before it runs), `classes` (names; all when absent), `limit` (cases), `shard` ({first, of}: every `of`th case), `modes` (keys of MODES), `template` (part of a template's name),
 * `onFailure(case, mode, lines)`. The value: {passed, failed, perClass: Map name -> {passed, failed}}; a case passes when it does in every mode.
 */
export async function runVectors(file, options = {}) {
  return file.includes('.jsonl') ? runSst286(file, options) : runHwv(file, options);
}

/** Dropped modules are freed by a collection, and then by the event loop. */
async function freeModules() {
  collect();
  await setImmediate();
}

class Tally {
  passed = 0;
  failed = 0;
  perClass = new Map();
  /** Cases whose code was translated. */
  translated = 0;

  add(cls, good) {
    const key = good ? 'passed' : 'failed';
    if (!this.perClass.has(cls)) this.perClass.set(cls, { passed: 0, failed: 0 });
    this.perClass.get(cls)[key]++;
    this[key]++;
  }
}

function chosen({ classes, template, shard }, one) {
  if (shard && shard.of > 1 && one.id % shard.of !== shard.first) return false;
  return (!classes || classes.includes(one.cls)) && (!template || one.name.includes(template));
}

async function runHwv(file, options) {
  const { modes = Object.keys(MODES), limit = Number.POSITIVE_INFINITY, onFailure } = options;
  const source = openHwv(file);
  const machines = modes.map((mode) => ({ mode, machine: new HwvMachine(source.header, mode, options.translate) }));
  const tally = new Tally();
  for (const one of source.cases()) {
    if (tally.passed + tally.failed >= limit) break;
    if (!chosen(options, one)) continue;
    if (options.translate && (tally.passed + tally.failed) % 256 === 255) await freeModules();
    if (one.mode === 64) throw new Error('64-bit cases are not supported yet');
    let good = true;
    for (const { mode, machine } of machines) {
      if (!MODES[mode].fits(one)) continue;
      const lines = machine.run(one);
      if (lines.length === 0) continue;
      good = false;
      onFailure?.(one, mode, lines);
    }
    tally.add(one.cls, good);
  }
  for (const { machine } of machines) tally.translated += machine.machine.linker?.modules ?? 0;
  return tally;
}

function runSst286(file, options) {
  const { limit = Number.POSITIVE_INFINITY, onFailure } = options;
  const machine = new Sst286Machine();
  const tally = new Tally();
  for (const one of sst286Cases(file)) {
    if (tally.passed + tally.failed >= limit) break;
    if (!chosen(options, one)) continue;
    const lines = machine.run(one);
    if (lines.length > 0) onFailure?.(one, 'real', lines);
    tally.add(one.cls, lines.length === 0);
  }
  return tally;
}
