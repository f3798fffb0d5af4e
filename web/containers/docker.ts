// What the page does with containers, in the Engine API's words. Docker Engine API 1.51.
import { InputError } from '../../src/base/errors.js';
import { type Asked, type CarriedClient, type Connection, linesOf } from '../../src/http/carried-client.js';
import type { RunAsked } from './run-line.js';
import { quoted } from './words.js';

export interface ImageRow {
  Id: string;
  RepoTags: string[];
  Size: number;
}

export interface ContainerRow {
  Id: string;
  Names: string[];
  Image: string;
  Command: string;
  State: string;
  Status: string;
  /** Docker Engine API, PortSummary. */
  Ports: { PrivatePort: number; PublicPort?: number; Type: string }[];
  HostConfig: { NetworkMode: string };
  NetworkSettings: { Networks: Record<string, { IPAddress: string }> };
}

export interface Stats {
  cpu_stats: { cpu_usage: { total_usage: number }; system_cpu_usage?: number };
  precpu_stats: { cpu_usage: { total_usage: number }; system_cpu_usage?: number };
  memory_stats: { usage?: number; limit?: number };
  pids_stats: { current?: number };
}

/** What `docker run` is given. */
export interface RunRequest {
  image: string;
  command: string[];
  name: string;
  /** As docker has them: 64m, 0.5. Empty: none. */
  memory: string;
  cpus: string;
  pids: string;
  network: string;
  /** NAME:/PATH. */
  volume: string;
  /** TAB:CONTAINER. */
  publish: string;
  tty: boolean;
  remove: boolean;
}

/** The same as a line of docker's. */
export function lineOf({
  image,
  command,
  name,
  memory,
  cpus,
  pids,
  network,
  volume,
  publish,
  tty,
  remove,
}: RunRequest): string {
  const option = (flag: string, value: string): string[] => (value === '' ? [] : [flag, value]);
  const words = [
    ...['docker', 'run', tty ? '-it' : '-d', ...(remove ? ['--rm'] : [])],
    ...option('--name', name),
    ...option('--memory', memory),
    ...option('--cpus', cpus),
    ...option('--pids-limit', pids),
    ...option('--network', network === 'bridge' ? '' : network),
    ...option('-v', volume),
    ...option('-p', publish),
    ...[image, ...command],
  ];
  return words.map(quoted).join(' ');
}

/** What long work says while it lasts. Docker Engine API, JSONMessage. */
interface Told {
  id?: string;
  status?: string;
  stream?: string;
  error?: string;
  progressDetail?: { current?: number; total?: number };
}

export interface Watcher {
  /** What is being done, and how many bytes of how many. */
  told(phase: string, current: number, total: number): void;
  signal?: AbortSignal;
}

/** Somebody wanted no more of it. */
export class GivenUp extends Error {}

export interface Size {
  columns: number;
  rows: number;
}

export class Docker {
  constructor(readonly api: CarriedClient) {}

  images(): Promise<ImageRow[]> {
    return this.api.json('GET', '/images/json');
  }

  containers(): Promise<ContainerRow[]> {
    return this.api.json('GET', '/containers/json?all=1');
  }

  /** Rejects with AnswerError. */
  async create({ name, body }: RunAsked): Promise<string> {
    const query = name === '' ? '' : `?name=${encodeURIComponent(name)}`;
    return (await this.api.json<{ Id: string }>('POST', `/containers/create${query}`, body)).Id;
  }

  /** `what`: start, stop, kill and the like, with its query. */
  act(id: string, what: string): Promise<void> {
    return this.api.json('POST', `/containers/${id}/${what}`);
  }

  remove(id: string): Promise<void> {
    return this.api.json('DELETE', `/containers/${id}?force=1&v=1`);
  }

  attach(id: string): Promise<Connection> {
    return this.api.connect(`/containers/${id}/attach?stream=1&stdin=1&stdout=1&stderr=1`);
  }

  resize(what: 'containers' | 'exec', id: string, { rows, columns }: Size): void {
    // one that has ended has no size
    void this.api.json('POST', `/${what}/${id}/resize?h=${rows}&w=${columns}`).catch(() => {});
  }

  async exec(
    id: string,
    command: string[],
    { rows, columns }: Size,
  ): Promise<{ exec: string; connection: Connection }> {
    const { Id } = await this.api.json<{ Id: string }>('POST', `/containers/${id}/exec`, {
      ...{ AttachStdin: true, AttachStdout: true, AttachStderr: true, Tty: true, Cmd: command },
      Env: ['TERM=xterm-256color'],
    });
    const connection = await this.api.connect(`/exec/${Id}/start`, { Tty: true, ConsoleSize: [rows, columns] });
    return { exec: Id, connection };
  }

  /** Of a container or an exec that has ended. */
  async exitCode(what: 'containers' | 'exec', id: string): Promise<number | undefined> {
    if (what === 'exec')
      return (await this.api.json<{ ExitCode: number | null }>('GET', `/exec/${id}/json`)).ExitCode ?? undefined;
    return (await this.api.json<{ State: { ExitCode: number } }>('GET', `/containers/${id}/json`)).State.ExitCode;
  }

  /** Where its programs begin. */
  async workingFolder(id: string): Promise<string> {
    return (
      (await this.api.json<{ Config: { WorkingDir: string } }>('GET', `/containers/${id}/json`)).Config.WorkingDir ||
      '/'
    );
  }

  async hasTerminal(id: string): Promise<boolean> {
    return (await this.api.json<{ Config: { Tty: boolean } }>('GET', `/containers/${id}/json`)).Config.Tty;
  }

  logs(id: string) {
    return this.api.ask({ method: 'GET', target: `/containers/${id}/logs?stdout=1&stderr=1&follow=1&tail=1000` });
  }

  /** The command that an image has of its own. */
  async commandOf(image: string): Promise<string[]> {
    const { Config } = await this.api.json<{ Config: { Cmd: string[] | null; Entrypoint: string[] | null } }>(
      'GET',
      `/images/${image}/json`,
    );
    return [...(Config.Entrypoint ?? []), ...(Config.Cmd ?? [])];
  }

  /** What its programs are for, as linux/386. */
  async platform(): Promise<string> {
    const { Os, Arch } = await this.api.json<{ Os: string; Arch: string }>('GET', '/version');
    return `${Os}/${Arch}`;
  }

  /** `docker load` of images for a platform. Rejects with InputError; GivenUp when `signal` says so. */
  async load(file: Blob, platform: string, { told, signal }: Watcher): Promise<string[]> {
    const target = `/images/load?platform=${encodeURIComponent(platform)}`;
    const loaded: string[] = [];
    for await (const { stream, id, progressDetail } of this.take(target, file, { told, signal })) {
      const { current, total } = progressDetail ?? {};
      if (id !== undefined && current !== undefined && total !== undefined) told(`layer ${id}`, current, total);
      const name = stream && /^Loaded image(?: ID)?: (.+)$/.exec(stream.trim())?.[1];
      if (name) loaded.push(name);
    }
    return loaded;
  }

  /** `docker import`. Rejects as `load` does. */
  async importRoot(name: string, file: Blob, watcher: Watcher = { told: () => {} }): Promise<void> {
    const target = `/images/create?fromSrc=-&repo=${encodeURIComponent(name)}&tag=latest`;
    for await (const _ of this.take(target, file, watcher));
  }

  private async *take(target: string, file: Blob, { told, signal }: Watcher): AsyncGenerator<Told> {
    const progress = (read: number): void => told('reading', read, file.size);
    yield* this.told({ method: 'POST', target, body: { blob: file }, progress }, signal);
  }

  /** What long work says. Rejects with InputError; with GivenUp when `signal` says so. */
  private async *told(asked: Asked, signal?: AbortSignal): AsyncGenerator<Told> {
    const { body, cancel } = await this.api.ask(asked);
    signal?.addEventListener('abort', cancel);
    if (signal?.aborted) cancel();
    for await (const told of linesOf<Told>(body)) {
      if (told.error !== undefined) throw new InputError(told.error);
      yield told;
    }
    if (signal?.aborted) throw new GivenUp();
  }

  /** `docker pull`. Rejects as `load` does. */
  async pull(name: string, { told, signal }: Watcher): Promise<void> {
    const target = `/images/create?fromImage=${encodeURIComponent(name)}`;
    const layers = new Map<string, { current: number; total: number }>();
    for await (const { id = '', progressDetail } of this.told({ method: 'POST', target }, signal)) {
      const { current, total } = progressDetail ?? {};
      if (current === undefined || !total) continue;
      // one that is unpacked has come before
      layers.set(id, { current: Math.max(current, layers.get(id)?.current ?? 0), total });
      const all = [...layers.values()];
      const sum = (of: 'current' | 'total'): number => all.reduce((before, layer) => before + layer[of], 0);
      told(`${all.length} ${all.length === 1 ? 'layer' : 'layers'}`, sum('current'), sum('total'));
    }
  }
}

const HEADER = 8;

/** The bytes of both streams of a body of frames, as they came. Docker Engine API, "Stream format". */
export async function* unframed(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let header = new Uint8Array(0);
  let left = 0;
  for await (const bytes of body) {
    for (let at = 0; at < bytes.length; ) {
      if (left > 0) {
        const piece = bytes.subarray(at, at + left);
        yield piece;
        left -= piece.length;
        at += piece.length;
        continue;
      }
      const more = bytes.subarray(at, at + HEADER - header.length);
      header = Uint8Array.from([...header, ...more]);
      at += more.length;
      if (header.length < HEADER) continue;
      left = new DataView(header.buffer).getUint32(4);
      header = new Uint8Array(0);
    }
  }
}
