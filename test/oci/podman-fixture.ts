// Debian's podman with a store of its own, on one runtime or another.
// man 1 podman.
import { execFile, execFileSync, type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { busyboxRoot } from '../kernel/busybox-root.js';
import { provisioned, root } from '../provisioned.js';

export const OURS = join(root, 'bin/tabvisor-oci.mjs');

export class Podman {
  readonly folder = mkdtempSync(join(tmpdir(), 'tabvisor-podman-'));
  private readonly env: NodeJS.ProcessEnv;

  constructor(private readonly globals: readonly string[] = []) {
    const config = join(this.folder, 'containers.conf');
    // a host with low limits
    const limits = 'default_ulimits = ["nofile=1024:1024","nproc=1000:1000"]';
    writeFileSync(config, `[containers]\n${limits}\n[engine]\ncgroup_manager = "cgroupfs"\n`);
    this.env = { ...process.env, CONTAINERS_CONF: config };
  }

  words(runtime = OURS): string[] {
    const places = ['--root', join(this.folder, 'root'), '--runroot', join(this.folder, 'run')];
    return ['--storage-driver', 'vfs', ...places, '--runtime', runtime, '--log-level', 'error', ...this.globals];
  }

  /** busybox's root as the image `name`. */
  importBusybox(name: string): void {
    const tar = join(this.folder, 'box.tar');
    writeFileSync(tar, busyboxRoot(provisioned('busybox')!));
    execFileSync('podman', [...this.words(), 'import', '--arch', '386', tar, name], { stdio: 'pipe', env: this.env });
  }

  /** As `on`, while others go on. */
  async beside(runtime: string, ...args: string[]): Promise<{ status: number; stdout: string; stderr: string }> {
    return new Promise((resolve) => {
      const options = { timeout: 60_000, env: this.env };
      const child = execFile('podman', [...this.words(runtime), ...args], options, (error, stdout, stderr) =>
        resolve({ status: Number(error?.code ?? 0), stdout, stderr }),
      );
      child.stdin!.end();
    });
  }

  on(runtime: string, ...args: string[]): SpawnSyncReturns<string> {
    const options = { encoding: 'utf8', input: '', timeout: 60_000, env: this.env } as const;
    return spawnSync('podman', [...this.words(runtime), ...args], options);
  }

  run(...args: string[]): SpawnSyncReturns<string> {
    return this.on(OURS, ...args);
  }

  close(): void {
    this.run('pod', 'rm', '--all', '--force', '--time', '0');
    this.run('rm', '--all', '--force', '--time', '0');
    rmSync(this.folder, { recursive: true, force: true });
  }
}
