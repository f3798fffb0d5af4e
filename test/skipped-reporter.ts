// Says at the end of a run what was skipped for want of something, and the command that would get it.
// Source: vitest's reporter interface; the reasons come from test/provisioned.ts.
import type { Reporter, TestModule } from 'vitest/node';

export default class SkippedReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const reasons = new Map<string, number>();
    for (const module of modules) {
      for (const test of module.children.allTests('skipped')) {
        const result = test.result();
        // without a reason it was left out by the command line
        if (result.state !== 'skipped' || !result.note) continue;
        reasons.set(result.note, (reasons.get(result.note) ?? 0) + 1);
      }
    }
    for (const [reason, count] of reasons)
      console.log(` skipped ${count} ${count === 1 ? 'test' : 'tests'}: ${reason}`);
  }
}
