// The same commands of docker's client on our daemon and on Podman with runc, which runs them natively: what is printed is equal, after
// ids and times are masked.
// Oracle: Podman's socket (man 1 podman-system-service) and the host's kernel. Where Podman differs from Docker nothing is compared:
// statuses with --rm, sentences of errors, names with docker.io before them.
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { startPodman } from '../../bench/podman.mjs';
import { busyboxRoot } from '../kernel/busybox-root.js';
import { needs, provisioned } from '../provisioned.js';
import { Daemon, needsDocker, type Ran } from './daemon-fixture.js';

const shell = (text: string): string[] => ['busybox', 'sh', '-c', text];
const run = (...args: string[]): string[] => ['run', '--rm', ...args];

/** Each is a line of a session: what one leaves the next ones find. */
const COMMANDS: string[][] = [
  run(...shell('echo out; echo err >&2; pwd; umask; echo $PATH')),
  run('-e', 'A=1', '-e', 'B=two words', '-w', '/tmp', '-u', '5:6', ...shell('id -u; id -g; pwd; echo $A $B')),
  run(
    '-u',
    'bob',
    ...shell('id -un; echo $HOME; touch /etc/x; touch /home/bob/x; ls -l /home/bob | tail -n 1 | cut -c1-10'),
  ),
  run('--cap-drop', 'ALL', '--cap-add', 'CHOWN', ...shell('grep Cap /proc/self/status')),
  run('--security-opt', 'no-new-privileges', ...shell('grep -E "NoNewPrivs|Seccomp:" /proc/self/status')),
  run('--privileged', ...shell('grep -E "NoNewPrivs|Seccomp:" /proc/self/status')),
  run('--read-only', ...shell('touch /x; echo $?; touch /dev/shm/x; echo $?')),
  run(
    '--tmpfs',
    '/t:size=1m',
    ...shell('grep " /t " /proc/mounts | cut -d" " -f1-3; dd if=/dev/zero of=/t/x bs=1M count=2'),
  ),
  run(...shell('ls -l /dev | tail -n +2 | awk "{print \\$1,\\$NF}"')),
  run(...shell('cat /proc/1/comm; ls -l /proc/self/ns | wc -l; readlink /proc/self/root; ls /sys/firmware')),
  run(...shell('echo x >/proc/sys/kernel/hostname; mount -t tmpfs x /tmp; mknod /tmp/d b 8 0; echo $?')),
  run('--network', 'none', ...shell('ls /sys/class/net; ip -4 addr show lo | grep inet; ip route')),
  run('--add-host', 'h:1.2.3.4', ...shell('grep 1.2.3.4 /etc/hosts')),
  run('--hostname', 'box', ...shell('hostname; grep -c box /etc/hosts')),
  run('--shm-size', '2m', ...shell('df -k /dev/shm | tail -n 1 | awk "{print \\$2}"')),
  run('--entrypoint', 'echo', 'busybox', 'a', 'b'),
  run('-v', 'vol:/v', ...shell('echo kept >/v/a; chown 7:8 /v/a; ln -s a /v/l; mkdir -m 1777 /v/d')),
  run(
    '-v',
    'vol:/v:ro',
    ...shell('ls -ln /v | tail -n +2 | awk "{print \\$1,\\$2,\\$3,\\$4,\\$9,\\$10,\\$11}"; cat /v/l; touch /v/b'),
  ),
  ['volume', 'ls', '-q'],
  ['volume', 'rm', 'vol'],
  [
    'run',
    '-d',
    '--name',
    'web',
    '--label',
    'a=b',
    ...shell('trap "exit 4" TERM; echo up; while :; do sleep 0.1; done'),
  ],
  ['exec', 'web', 'sh', '-c', 'echo said; exit 6'],
  ['exec', '-u', '3', '-e', 'X=1', '-w', '/tmp', 'web', 'sh', '-c', 'id -u; echo $X; pwd; echo made >/made'],
  ['ps', '--format', '{{.Names}} {{.State}} {{.Labels}}'],
  run('--pid', 'container:web', 'busybox', 'cat', '/proc/1/comm'),
  ['pause', 'web'],
  ['inspect', 'web', '--format', '{{.State.Status}} {{.State.Paused}} {{.State.Running}}'],
  ['unpause', 'web'],
  ['kill', '-s', 'TERM', 'web'],
  ['wait', 'web'],
  ['logs', '--tail', '1', 'web'],
  [
    'inspect',
    'web',
    '--format',
    '{{.State.Status}} {{.State.ExitCode}} {{.Name}} {{json .Config.Cmd}} {{.Path}} {{.HostConfig.NetworkMode}}',
  ],
  ['start', 'web'],
  ['exec', 'web', 'cat', '/made'],
  ['rm', '-f', 'web'],
  ['ps', '-aq'],
  ['create', '--name', 'made', 'busybox', 'echo', 'created'],
  ['start', '-a', 'made'],
  ['rename', 'made', 'other'],
  ['rm', '-v', 'other'],
  ['network', 'create', 'front'],
  ['run', '-d', '--name', 'server', '--network', 'front', ...shell('nc -l -p 80 -e cat & wait')],
  run('--network', 'front', ...shell('ip -4 addr show eth0 | grep -c inet; ip route | grep -c default')),
  ['rm', '-f', 'server'],
  ['network', 'rm', 'front'],
];

let daemon: Daemon | undefined;
let podman: Awaited<ReturnType<typeof startPodman>>;
let folder: string;

afterAll(async () => {
  podman?.stop();
  await daemon?.stop();
});

test('a session of docker’s client prints the same on both', async (context) => {
  needsDocker(context);
  needs(context, 'podman', 'runc', 'busybox');
  daemon = await Daemon.start(context);
  folder = daemon.folder;
  podman = await startPodman(join(folder, 'podman'));
  const tar = join(folder, 'busybox.tar');
  writeFileSync(tar, busyboxRoot(provisioned('busybox')!));
  execFileSync('docker', ['-H', podman!.host, 'import', tar, 'busybox'], { stdio: 'pipe' });
  const different: object[] = [];
  for (const command of COMMANDS) {
    const [here, natively] = await Promise.all([daemon.docker(...command), daemon.dockerOf(podman!.host, ...command)]);
    const one = masked(here, command);
    const other = masked(natively, command);
    if (JSON.stringify(one) !== JSON.stringify(other))
      different.push({ command: command.join(' '), here: one, natively: other });
  }
  expect(different).toEqual([]);
}, 180_000);

function masked({ status, stdout, stderr }: Ran, command: readonly string[]): object {
  const mask = (text: string): string => text.replace(/\b[0-9a-f]{64}\b/g, 'ID').replace(/\b[0-9a-f]{12}\b/g, 'ID');
  // Podman forgets the status of who is removed at once
  return { ...(!command.includes('--rm') && { status }), stdout: mask(stdout), stderr: mask(stderr) };
}
