// Runtimes that ask what they may use find the limits that were set: Debian's unmodified openjdk-17 and nodejs (i386), and a probe that goes
// the way of Go's automaxprocs (/proc/self/cgroup, /proc/self/mountinfo, cpu.max), as Go's own runtime does since 1.25.
// docs/kernel-run.md, "What it may use".
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect, type TestContext, test } from 'vitest';
import { needs, root } from '../provisioned.js';

const JAVA = '/usr/lib/jvm/java-17-openjdk-i386/bin/java';
const MIB = 1 << 20;

/** What a script prints in Debian's root with the probes on it; its memory is limited to 200 MiB, its processors to 2, its tasks to 100. */
async function probe(context: TestContext, script: string): Promise<string> {
  const { debian, probes } = needs(context, 'debian', 'probes');
  const limits = ['--node-memory', '512M', '--memory', '200M', '--cpus', '2', '--pids', '100'];
  const args = ['kernel', 'run', '--rootfs', debian, '--rootfs', probes, ...limits, '--', 'sh', '-c', script];
  const child = spawn(process.execPath, [join(root, 'bin/tabvisor.mjs'), ...args]);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (bytes) => (output += bytes));
  await once(child, 'close');
  return output;
}

test('the JVM: quota, memory and tasks of its group, and a heap that fits', async (context) => {
  const output = await probe(
    context,
    `${JAVA} -XX:+PrintFlagsFinal -XshowSettings:system -version 2>&1; echo status $?`,
  );
  expect(output).toContain('Provider: cgroupv2');
  expect(output).toContain('CPU Period: 100000us');
  expect(output).toContain('CPU Quota: 200000us');
  expect(output).toContain('Effective CPU Count: 1\n');
  expect(output).toContain('Memory Limit: 200.00M');
  expect(output).toContain('Maximum Processes Limit: 100');
  expect(output).toMatch(/ bool UseContainerSupport += true /);
  // of so little it takes half at most
  const heap = Number(/ MaxHeapSize += (\d+) /.exec(output)?.[1]);
  expect(heap).toBeGreaterThan(32 * MIB);
  expect(heap).toBeLessThanOrEqual(100 * MIB);
  expect(output).toMatch(/openjdk version "17[\s\S]*status 0\n$/);
});

test('the JVM in a group that a program has made below: the tighter limit', async (context) => {
  const group =
    'cd /sys/fs/cgroup; mkdir main sub; echo $$ > main/cgroup.procs; echo +memory +cpu > cgroup.subtree_control';
  const limits =
    'echo 96M > sub/memory.max; echo 50000 > sub/cpu.max; echo $$ > sub/cgroup.procs; cat /proc/self/cgroup';
  const output = await probe(context, `${group}; ${limits}; ${JAVA} -Xlog:os+container=trace -version 2>&1`);
  expect(output).toContain('0::/sub\n');
  expect(output).toContain('Path to /memory.max is /sys/fs/cgroup/sub/memory.max');
  expect(output).toContain(`Memory Limit is: ${96 * MIB}`);
  expect(output).toContain('CPU Quota is: 50000');
  expect(output).toContain('CPU Quota count based on quota/period: 1');
});

test("node, and a probe in Go's manner; what is over the limit is killed, and its shell is not", async (context) => {
  // libuv 1.44 knows the files of cgroup v1 alone: on any Linux with v2 it tells what the whole node has
  const figures = 'JSON.stringify([os.totalmem(), os.cpus().length, v8.getHeapStatistics().heap_size_limit >> 20])';
  const node = `node -e "console.log(${figures}); for (const all = [];;) all.push(Buffer.alloc(8 << 20, 1))"; echo status $?`;
  const perl = String.raw`perl -e '
    open F, "/proc/self/cgroup"; my ($group) = <F> =~ /^0::(.*)$/ or die;
    open F, "/proc/self/mountinfo"; my ($at, $top);
    for (<F>) { ($top, $at) = ($1, $2) if /^\d+ \d+ \S+ (\S+) (\S+) .* - cgroup2 /; }
    $group =~ s/^\Q$top\E//;
    for my $file ("cpu.max", "memory.max") { open F, "$at/$group/$file"; print "$file ", <F>; }'`;
  const output = await probe(context, `${perl}; ${node}; grep ^oom_kill /sys/fs/cgroup/memory.events`);
  const [cpu, memory, told, status, kills] = output.replace(/^Killed\n/m, '').split('\n');
  const [total, processors, heap] = JSON.parse(told!);
  expect([total, processors]).toEqual([512 * MIB, 1]);
  expect(heap).toBeGreaterThan(64);
  expect([cpu, memory]).toEqual(['cpu.max 200000 100000', `memory.max ${200 * MIB}`]);
  expect([status, kills]).toEqual(['status 137', 'oom_kill 1']);
});
