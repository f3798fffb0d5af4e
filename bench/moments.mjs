// A process that stops at moments of its own: it says `MOMENT name` and goes on when it is sent a line. What it has used by then.
// kernel/row.h, containers-node.mjs.
import { spawn } from 'node:child_process';
import { meter } from './process-meter.mjs';

const TAIL = 2000;

/**
 * Runs it to its end. {at: moment's name to {cpu, resident} (CPU seconds with those of children that were waited for, bytes), told: what it
 * has said in lines `TELL json`}; rejects when it fails. `timeout`: seconds.
 */
export function moments([file, ...args], timeout) {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { stdio: ['pipe', 'pipe', 'pipe'] });
    const at = {};
    const told = [];
    let text = '';
    let errors = '';
    const timer = setTimeout(() => child.kill('SIGKILL'), timeout * 1000);
    child.stdin.on('error', () => {});
    child.stderr.setEncoding('latin1').on('data', (chunk) => {
      errors = (errors + chunk).slice(-TAIL);
    });
    child.stdout.setEncoding('latin1').on('data', (chunk) => {
      text += chunk;
      const lines = text.split('\n');
      text = lines.pop();
      for (const line of lines) {
        if (line.startsWith('TELL ')) told.push(JSON.parse(line.slice(5)));
        const name = /^MOMENT (\S+)$/.exec(line)?.[1];
        if (!name) continue;
        const { cpu, children, resident } = meter(child.pid);
        at[name] = { cpu: cpu + children, resident };
        child.stdin.write('\n');
      }
    });
    child.on('error', reject);
    child.on('close', (status) => {
      clearTimeout(timer);
      if (status === 0) resolve({ at, told, order: Object.keys(at) });
      else reject(new Error(`ended with ${status}; it said ${errors || text}`));
    });
  });
}
