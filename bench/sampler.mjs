// Repeated measurements of one thing, by the package `benchmark`, behind an interface of our own.
// benchmark 2.1.4 (docs/README.md: Benchmark.options, stats).
import Benchmark from 'benchmark';

/**
 * Calls `measure` once to warm up and then `samples` times; its results of those calls. Whatever `measure` throws is thrown.
 * The package runs its own calibration first: that is the warm-up.
 */
export function sampleRuns(measure, samples) {
  const results = [];
  let failure;
  const bench = new Benchmark({
    fn: () => {
      // the package swallows what its function throws, and would go on
      if (failure) return;
      try {
        results.push(measure());
      } catch (error) {
        failure = error;
      }
    },
    initCount: 1,
    minSamples: samples,
    minTime: 1e-6,
    maxTime: 0,
  });
  bench.run();
  if (failure) throw failure;
  if (bench.error) throw bench.error;
  return results.slice(-samples);
}
