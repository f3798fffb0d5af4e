// The WebAssembly programs of a container: which of its limits hold for them, and which can't.
// OCI runtime-spec, config-linux.md, "Control groups": memory is the maximum of a program's memories; nothing measures a worker's time.
import type { RuntimeSpec } from '../../base/runtime-spec.js';
import type { Kernel } from '../../kernel/kernel.js';
import { PAGE_SIZE } from '../../kernel/mm/frames.js';
import type { ProgramOptions } from '../../kernel/task/new-process.js';
import type { Task } from '../../kernel/task/task.js';
import type { Path } from '../../kernel/vfs/path.js';
import type { Running } from '../container.js';
import { Refusal } from '../refusal.js';
import { loadWasm, type WasiProcess, wasmAt } from './launch.js';
import type { WasiHost } from './worker-host.js';

export class WasiPrograms {
  private readonly running = new Map<Task, WasiProcess>();
  /** By those that are no more. */
  private spent = 0;

  constructor(
    private readonly kernel: Kernel,
    private readonly spec: RuntimeSpec,
    private readonly host: WasiHost | undefined,
  ) {}

  find(task: Task, path: string, options: ProgramOptions): Path | undefined {
    return wasmAt(task, path, options);
  }

  /** 0, or a negated errno. Throws Refusal. */
  load({ task, spec }: Running, path: Path, options: ProgramOptions): number {
    const { host, kernel } = this;
    const { memory, cpu } = this.spec.linux?.resources ?? {};
    if (!host) throw new Refusal('not-executable', 'WebAssembly programs: this host has no worker that runs them');
    if (cpu && Object.values(cpu).some(Boolean))
      throw new Refusal('unsupported', `limits of CPU time do not hold for a WebAssembly program: ${WHY}`);
    const loaded = loadWasm(task, path, spec.args ?? [], spec.env ?? [], options, {
      host,
      memory: memory?.limit && memory.limit > 0 ? memory.limit : kernel.frames.count * PAGE_SIZE,
      cwd: spec.cwd ?? '/',
      mounts: (this.spec.mounts ?? []).filter(({ type }) => type === 'bind').map(({ destination }) => destination),
    });
    if (typeof loaded === 'number') return loaded;
    // those that have ended go
    void this.usage;
    this.running.set(task, loaded);
    return 0;
  }

  /** Bytes that the memories of those that run have, and nanoseconds that all have run. */
  get usage(): { memory: number; cpu: number } {
    let memory = 0;
    let cpu = 0;
    for (const [task, process] of this.running)
      if (hasEnded(task)) {
        this.spent += process.cpu;
        this.running.delete(task);
      } else {
        memory += process.memory;
        cpu += process.cpu;
      }
    return { memory, cpu: cpu + this.spent };
  }

  /** Throws Refusal where one runs. */
  refuse(why: string): void {
    for (const task of this.running.keys())
      if (!hasEnded(task)) throw new Refusal('unsupported', `the container's program is WebAssembly: ${why}`);
  }
}

const hasEnded = (task: Task): boolean => task.state === 'dead' || task.process.isZombie;

const WHY = 'it runs in a worker of its own, whose time is the host’s to share out';
