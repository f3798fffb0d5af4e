// What `tabvisor oci` prints of containers: events, processes, the list. runc-events(8), runc-ps(8), runc-list(8).
import { InputError } from '../../base/errors.js';
import type { ProcessRow, Statistics } from '../../node/contract.js';
import { columns } from '../report.js';
import { ask, statusOf } from './client.js';
import { StateFolder } from './state-folder.js';
import * as verbs from './verbs.js';

export const printJson = (value: unknown): void =>
  void process.stdout.write(`${JSON.stringify(value, undefined, 2)}\n`);

export async function events(folder: StateFolder, seconds: number | undefined): Promise<void> {
  for (let turn = 0; ; turn++) {
    const isOver = (await statusOf(folder)) === 'stopped';
    if (isOver && turn > 0) return;
    if (isOver) throw new InputError('container not running', 'Statistics are those of a container that runs.');
    const of = (await ask(folder, { ask: 'stats' })) as Statistics;
    const data = {
      cpu: {
        usage: { total: of.cpu, kernel: of.kernelCpu, user: of.cpu - of.kernelCpu },
        throttling: {
          periods: of.periods,
          throttledPeriods: of.throttledPeriods,
          throttledTime: of.throttledNanoseconds,
        },
      },
      memory: {
        usage: { usage: of.memory, max: of.memoryPeak, limit: of.memoryLimit, failcnt: of.failures },
        raw: of.memoryStat,
      },
      pids: { current: of.pids, limit: of.pidsLimit },
      blkio: {
        ioServiceBytesRecursive: of.disks.flatMap(({ major, minor, readBytes, writtenBytes }) => [
          { major, minor, op: 'Read', value: readBytes },
          { major, minor, op: 'Write', value: writtenBytes },
        ]),
        ioServicedRecursive: of.disks.flatMap(({ major, minor, readOperations, writtenOperations }) => [
          { major, minor, op: 'Read', value: readOperations },
          { major, minor, op: 'Write', value: writtenOperations },
        ]),
      },
    };
    process.stdout.write(`${JSON.stringify({ type: 'stats', id: folder.id, data })}\n`);
    if (seconds === undefined || !(seconds > 0)) return;
    await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  }
}

export async function processes(folder: StateFolder, words: readonly string[], format: string): Promise<void> {
  if (words.length > 0 && words.join(' ') !== '-ef')
    throw new InputError(`ps ${words.join(' ')}: options are those of the host's ps, which knows of no process here`);
  const isOver = (await statusOf(folder)) === 'stopped';
  if (isOver) folder.read();
  const rows = isOver ? [] : ((await ask(folder, { ask: 'processes' })) as ProcessRow[]);
  if (format === 'json') return printJson(rows.map(({ pid }) => pid));
  const line = (uid: string, pid: string, parent: string, command: string): string =>
    `${uid.padEnd(8)}${pid.padStart(6)}${parent.padStart(7)}  ${command}\n`;
  const lines = rows.map(({ uid, pid, parent, command }) => line(`${uid}`, `${pid}`, `${parent}`, command));
  process.stdout.write(`${line('UID', 'PID', 'PPID', 'CMD')}${lines.join('')}`);
}

export async function list(root: string, { format, quiet }: { format: string; quiet?: boolean }): Promise<void> {
  const all = await Promise.all(StateFolder.all(root).map(verbs.state));
  if (quiet) process.stdout.write(all.map(({ id }) => `${id}\n`).join(''));
  else if (format === 'json') printJson(all);
  else {
    const lines = all.map((each) =>
      ['id', 'pid', 'status', 'bundle', 'created', 'owner'].map((name) => String(each[name])),
    );
    process.stdout.write(`${columns([['ID', 'PID', 'STATUS', 'BUNDLE', 'CREATED', 'OWNER'], ...lines]).join('\n')}\n`);
  }
}
