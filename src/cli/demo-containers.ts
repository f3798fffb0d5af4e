// The demo's second half: two containers of the image that the package brings, on one node. What each sees, and what its limits did.
import { basename, dirname } from 'node:path';
import pc from 'picocolors';
import { decodeText } from '../base/text.js';
import { parseConfig, parseHostConfig } from '../engine/container-config.js';
import { specOf } from '../engine/container-spec.js';
import { Members } from '../engine/json-members.js';
import { OWN_ROOT } from '../hosts/node/package-root.js';
import type { NodeClient } from '../runtime/node-client.js';
import { startNode } from './node-thread.js';
import { columns } from './report.js';

const MIB = 1 << 20;
const NODE_MEMORY = 256 * MIB;
const IMAGES = dirname(OWN_ROOT);
const IMAGE = basename(OWN_ROOT);
/** Seconds that both use the processor at once. */
const SPIN = 2;

interface Example {
  name: string;
  memory: number;
  cpus: number;
  pids: number;
}
const CONTAINERS: readonly Example[] = [
  { name: 'red', memory: 16 * MIB, cpus: 0.4, pids: 8 },
  { name: 'blue', memory: 48 * MIB, cpus: 0.2, pids: 20 },
];

interface DemoRow {
  name: string;
  /** What is done in each container. */
  commands: string;
  /** What of its output is shown. */
  shown(output: string, of: Example): string;
  why: string;
}

const lastLine = (output: string): string => output.trim().split('\n').at(-1) ?? '';
const ROWS: readonly DemoRow[] = [
  {
    name: 'host name',
    commands: 'hostname',
    shown: lastLine,
    why: 'each has a uts namespace: a name of its own',
  },
  {
    name: 'processes',
    commands: 'ps',
    shown: (output) => `${output.trim().split('\n').length - 1}, the first is ${/^ +1 .*kB (.*)$/m.exec(output)?.[1]}`,
    why: "a pid namespace: its own program is process 1, and the other's are not there",
  },
  {
    name: 'file /tmp/note',
    commands: 'echo written by $(hostname) > /tmp/note; cat /tmp/note',
    shown: lastLine,
    why: 'one image below, a layer of changes for each: both wrote the same name',
  },
  {
    name: 'memory',
    commands: 'eat 100 > /tmp/eaten; echo $? $(tail -n 1 /tmp/eaten)',
    shown(output, { memory }) {
      const [status, had] = lastLine(output).split(' ');
      return `${status === '137' ? 'killed' : `status ${status}`} at ${had} of ${memory / MIB} MiB`;
    },
    why: 'a program that takes 100 MiB, a page after the other: at memory.max the kernel kills it, and nobody else',
  },
  {
    name: 'processes, at most',
    commands: 'forks 100',
    shown: (output, { pids }) => `${/after (\d+)/.exec(output)?.[1] ?? 'all'} more, of ${pids}`,
    why: 'a program that starts 100 others: fork fails at pids.max',
  },
  {
    name: 'the processor',
    commands: `spin ${SPIN}`,
    shown: (output, { cpus }) => `${lastLine(output).split(' ')[0]} of ${cpus * 100}%`,
    why: 'both at once for two seconds: each is stopped when the part of its period that cpu.max gives is over',
  },
];

/** Runs it, and says it. False: something was not as it should be. */
export async function demoContainers(): Promise<boolean> {
  process.stdout.write(
    `\n${pc.bold('Two containers')} of one image, on a kernel of our own: programs are processes, not machines\n`,
  );
  let lost: Error | undefined;
  const { node, stop } = startNode({ memory: NODE_MEMORY, storage: IMAGES, hostname: 'node', allowed: [] }, (error) => {
    lost = error;
  });
  try {
    for (const container of CONTAINERS) await create(node, container);
    const cells: string[][] = [];
    for (const [i, row] of ROWS.entries()) {
      const outputs = await Promise.all(CONTAINERS.map(({ name }) => execute(node, name, `demo${i}`, row.commands)));
      cells.push(CONTAINERS.map((of, k) => row.shown(outputs[k]!, of)));
    }
    const lines = [['', ...CONTAINERS.map(({ name }) => name)], ...ROWS.map(({ name }, i) => [name, ...cells[i]!])];
    const [title, ...body] = columns(lines);
    process.stdout.write(`\n${pc.bold(title!)}\n${body.join('\n')}\n\n`);
    for (const { name, why } of ROWS) process.stdout.write(`${pc.bold(name)}\n  ${why}\n`);
    process.stdout.write('\nTo look around in one: npx tabvisor kernel run -t -i\n');
    for (const { name } of CONTAINERS) await node.call('delete', { id: name, force: true });
    return !cells.flat().some((cell) => cell.includes('undefined'));
  } catch (error) {
    throw lost ?? error;
  } finally {
    await stop();
  }
}

async function create(node: NodeClient, { name, memory, cpus, pids }: Example): Promise<void> {
  await node.call('addRoot', { id: name, layers: [{ id: IMAGE, blob: IMAGE }] });
  const host = { Memory: memory, NanoCpus: cpus * 1e9, PidsLimit: pids };
  const spec = specOf({
    ...{ id: name, args: ['sleep', '1000'], mounts: [], joined: {} },
    config: parseConfig({ Hostname: name, Env: ['PATH=/bin'] }),
    host: parseHostConfig(new Members(host, 'the demo')),
  });
  node.listen({ id: name }, { output: () => {}, exited: () => {} });
  await node.call('create', { id: name, root: name, spec });
  await node.call('start', { id: name });
}

/** What a shell's commands in a container say, to their end. */
function execute(node: NodeClient, id: string, exec: string, commands: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let output = '';
    node.listen(
      { id, exec },
      {
        output: (_stream, bytes) => {
          output += decodeText(bytes);
        },
        exited: () => resolve(output),
      },
    );
    const process = { args: ['sh', '-c', commands], env: ['PATH=/bin'], cwd: '/' };
    node.call('exec', { id, exec, process }).then(() => node.endInput({ id, exec }), reject);
  });
}
