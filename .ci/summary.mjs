// Counts the tests of a run and prints "N passed, N failed" as the last line; a skipped test counts as failed.
// Source: vitest's JSON reporter, which has Jest's shape.

import { existsSync, readFileSync } from 'node:fs';

const [file] = process.argv.slice(2);
if (!existsSync(file)) {
  console.log(`no test results in ${file}: the build or the test runner failed, see above`);
  console.log('0 passed, 1 failed');
  process.exit(1);
}

const { testResults } = JSON.parse(readFileSync(file, 'utf8'));
const tests = testResults.flatMap((suite) => suite.assertionResults);
const count = (...states) => tests.filter((test) => states.includes(test.status)).length;
const unloaded = testResults.filter((suite) => suite.status === 'failed' && suite.assertionResults.length === 0);
const skipped = tests.filter((test) => !['passed', 'failed'].includes(test.status));

for (const suite of unloaded) console.log(`not loaded: ${suite.name}: ${suite.message}`);
for (const test of skipped) console.log(`skipped, which is not allowed here: ${test.fullName}`);
const passed = count('passed');
const failed = count('failed') + unloaded.length + skipped.length;
console.log(`${passed} passed, ${failed} failed`);
process.exit(passed > 0 && failed === 0 ? 0 : 1);
