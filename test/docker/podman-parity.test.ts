// The same commands of docker's client on our daemon and on Podman with runc, which runs them natively: what is printed is equal, after
// ids and times are masked. Oracle: Podman's socket (man 1 podman-system-service) and the host's kernel; where Podman differs from Docker,
// the session says how and holds Docker's words.
import { execFile, execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { startPodman } from '../../bench/podman.mjs';
import { busyboxRoot } from '../kernel/busybox-root.js';
import { needs, provisioned } from '../provisioned.js';
import { Daemon, needsDocker, type Ran } from './daemon-fixture.js';
import { EQUAL, OTHER_WORDS, OTHERWISE } from './podman-parity-session.js';

let daemon: Daemon | undefined;
let podman: Awaited<ReturnType<typeof startPodman>>;

afterAll(async () => {
  podman?.stop();
  await daemon?.stop();
});

test('a session of docker’s client prints the same on both', async (context) => {
  needsDocker(context);
  needs(context, 'podman', 'runc', 'busybox');
  daemon = await Daemon.start(context);
  podman = await startPodman(join(daemon.folder, 'podman'));
  const tar = join(daemon.folder, 'busybox.tar');
  writeFileSync(tar, busyboxRoot(provisioned('busybox')!));
  execFileSync('docker', ['-H', podman!.host, 'import', tar, 'busybox'], { stdio: 'pipe' });
  mkdirSync(join(daemon.folder, 'shared'));
  writeFileSync(join(daemon.folder, 'shared/file'), 'a text\n');

  const different: object[] = [];
  for (const line of EQUAL.split('\n').filter((each) => each !== '' && !each.startsWith('#'))) {
    const [here, natively] = await onBoth(line);
    // Podman forgets the status of who is removed at once
    if (line.startsWith('docker run') && line.includes('--rm') && here.status < 125) natively.status = here.status;
    if (JSON.stringify(here) !== JSON.stringify(natively)) different.push({ line, here, natively });
  }
  for (const [line, words] of OTHER_WORDS) {
    const [here, natively] = await onBoth(line);
    if (here.status !== natively.status || !here.stderr.includes(words))
      different.push({ line, here, natively, words });
  }
  for (const [line, , status, output] of OTHERWISE) {
    const here = await said(line, daemon.host, 'ours');
    if (here.status !== status || !output.test(here.stdout + here.stderr)) different.push({ line, here, output });
  }
  expect(different).toEqual([]);
  // statuses that Docker refuses with, and that its description has not
  expect(daemon.problems.filter((problem) => !/ 4\d\d: the description has/.test(problem))).toEqual([]);
}, 300_000);

async function onBoth(line: string): Promise<[Ran, Ran]> {
  return Promise.all([said(line, daemon!.host, 'ours'), said(line, podman!.host, 'podman')]);
}

function said(line: string, host: string, engine: string): Promise<Ran> {
  const env = { ...daemon!.environment, DOCKER_HOST: host, ENGINE: engine };
  return new Promise((resolve) => {
    const child = execFile('sh', ['-c', line, 'sh', join(daemon!.folder, 'shared')], { env }, (error, stdout, stderr) =>
      resolve({ status: Number(error?.code ?? 0), stdout: masked(stdout), stderr: masked(stderr) }),
    );
    child.stdin!.end();
  });
}

const masked = (text: string): string =>
  text.replace(/sha256:[0-9a-f]{64}/g, 'SHA').replace(/\b([0-9a-f]{64}|[0-9a-f]{12})\b/g, 'ID');
