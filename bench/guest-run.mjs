// One run of the guest in one engine: the boot, then program after program, timed from outside by its serial lines.
// Ours. CPU seconds are the engine's whole process, read when a line arrives; the guest's own clock is only reported.
import { spawn } from 'node:child_process';
import { meter } from './process-meter.mjs';

/** The self-tests of the kernel's ciphers would be more than half of the boot. */
export const KERNEL_OPTIONS = 'console=ttyS0 nokaslr cryptomgr.notests';
const DONE = 'TV-EXIT ';
const TAIL = 2000;

/**
 * `plan`: {programs: names, run: a command that prints their lines, in place of them, percent, until: text that ends the boot, timeout: seconds}. Resolves to
 * {boot: {cpu, wall}, programs: {NAME: {cpu, wall, checksum, seconds}}, peak: bytes}; rejects when the guest
 * fails, stops early or takes too long.
 */
export function runGuest(engine, guest, plan, progress = () => {}) {
  const run = plan.run ?? (plan.programs.length > 0 ? `programs ${plan.percent} ${plan.programs.join(' ')}` : 'true');
  const append = `${KERNEL_OPTIONS} tv.run="${run}"`;
  const [file, ...args] = engine.command({ ...guest, append });
  return new Promise((resolve, reject) => {
    const started = performance.now();
    const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    const found = { boot: undefined, programs: {}, peak: 0 };
    let text = '';
    let begun;
    let last = '';
    const now = () => {
      const { cpu, peak } = meter(child.pid);
      found.peak = Math.max(found.peak, peak);
      return { cpu, wall: (performance.now() - started) / 1000 };
    };
    const finish = (settle, value) => {
      clearTimeout(timer);
      child.kill('SIGKILL');
      settle(value);
    };
    const fail = (why) => finish(reject, new Error(`${engine.title}: ${why}; its last output:\n${last.slice(-TAIL)}`));
    const timer = setTimeout(() => fail(`not done after ${plan.timeout} seconds`), plan.timeout * 1000);

    const line = (content) => {
      if (!found.boot && content.includes(plan.until)) {
        found.boot = now();
        progress('boot', found.boot);
        if (plan.programs.length === 0) return finish(resolve, found);
      }
      const begin = /BEGIN name=(\S+)/.exec(content);
      if (begin) begun = { name: begin[1], ...now() };
      const result = /RESULT name=(\S+) checksum=([0-9a-f]+) seconds=([\d.]+)/.exec(content);
      if (result && begun?.name === result[1]) {
        const { cpu, wall } = now();
        const measured = {
          cpu: cpu - begun.cpu,
          wall: wall - begun.wall,
          checksum: result[2],
          seconds: Number(result[3]),
        };
        found.programs[result[1]] = measured;
        progress(result[1], measured);
      }
      if (content.includes('FAILED name=')) fail(content);
      else if (content.includes(DONE)) {
        const missing = plan.programs.filter((name) => !found.programs[name]);
        if (missing.length > 0) fail(`no result of ${missing.join(', ')}`);
        else finish(resolve, found);
      }
    };
    const read = (chunk) => {
      last = (last + chunk).slice(-2 * TAIL);
      text += chunk;
      const lines = text.split('\n');
      text = lines.pop();
      lines.forEach(line);
    };
    child.stdout.setEncoding('latin1').on('data', read);
    child.stderr.setEncoding('latin1').on('data', (chunk) => {
      last = (last + chunk).slice(-2 * TAIL);
    });
    child.on('error', (error) => fail(error.message));
    child.on('close', (code) => fail(`ended with status ${code}`));
  });
}
