// Podman with runc behind a socket that docker's client can speak to: a native engine beside ours. man 1 podman-system-service.
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const FORWARDS = '/proc/sys/net/ipv4/ip_forward';

/** {host, stop}: of docker's client; its state is in `folder`. Undefined where Podman or runc is not there. Needs root. */
export async function startPodman(folder) {
  if (spawnSync('podman', ['--version']).status !== 0 || spawnSync('runc', ['--version']).status !== 0)
    return undefined;
  mkdirSync(folder, { recursive: true });
  const config = join(folder, 'containers.conf');
  // a host with low limits, and without systemd
  writeFileSync(
    config,
    '[containers]\ndefault_ulimits = ["nofile=1024:1024","nproc=1000:1000"]\n[engine]\nruntime = "runc"\ncgroup_manager = "cgroupfs"\nevents_logger = "file"\n',
  );
  const globals = ['--root', join(folder, 'podman'), '--runroot', join(folder, 'podman-run')];
  const host = `unix://${join(folder, 'podman.sock')}`;
  const env = { ...process.env, CONTAINERS_CONF: config };
  const forwards = readFileSync(FORWARDS, 'utf8');
  const child = spawn('podman', ['--storage-driver', 'overlay', ...globals, 'system', 'service', '-t', '0', host], {
    env,
    stdio: 'ignore',
  });
  for (let tries = 0; spawnSync('docker', ['-H', host, 'version']).status !== 0; tries++) {
    if (tries > 200 || child.exitCode !== null) throw new Error("Podman's service does not answer");
  }
  return {
    host,
    stop() {
      child.kill();
      spawnSync('podman', ['--storage-driver', 'overlay', ...globals, 'system', 'reset', '--force'], { env });
      // its networks have made the host a router
      writeFileSync(FORWARDS, forwards);
    },
  };
}
