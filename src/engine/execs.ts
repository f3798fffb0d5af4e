// Further processes in containers, by id: those that run, and the newest of those that have ended or not begun, to be asked about.
// Docker Engine API, "Exec".
import type { NodeClient } from '../runtime/node-client.js';
import type { Container } from './container.js';
import { NotFound } from './errors.js';
import { Exec, type ExecConfig } from './exec.js';
import { type EngineHost, randomHex } from './host.js';

/** So many are known that do not run, and letters of their words and variables. */
const KNOWN_MAX = 1000;
const LETTERS_MAX = 16 << 20;

export class Execs {
  /** In the order in which they came, or ended. */
  private readonly known = new Map<string, Exec>();
  private letters = 0;

  constructor(
    private readonly node: NodeClient,
    private readonly host: EngineHost,
  ) {}

  add(container: Container, config: ExecConfig): Exec {
    const exec = new Exec(randomHex(this.host, 32), container, config, this.node, () => this.ended(exec));
    this.keep(exec);
    container.execIds.add(exec.id);
    container.tell(`exec_create: ${config.Cmd.join(' ')}`, { execID: exec.id });
    return exec;
  }

  /** Throws NotFound. */
  find(id: string): Exec {
    const exec = this.known.get(id);
    if (!exec) throw new NotFound(`No such exec instance: ${id}`);
    return exec;
  }

  /** All of a container that is there no more. */
  forget(container: Container): void {
    for (const exec of this.known.values()) if (exec.container === container) this.drop(exec);
  }

  private ended(exec: Exec): void {
    exec.container.execIds.delete(exec.id);
    if (this.drop(exec)) this.keep(exec);
  }

  private keep(exec: Exec): void {
    this.known.set(exec.id, exec);
    this.letters += lettersOf(exec);
    for (const oldest of this.known.values()) {
      if (this.known.size <= KNOWN_MAX && this.letters <= LETTERS_MAX) return;
      if (oldest !== exec && oldest.state !== 'running') this.drop(oldest);
    }
  }

  private drop(exec: Exec): boolean {
    if (!this.known.delete(exec.id)) return false;
    exec.container.execIds.delete(exec.id);
    this.letters -= lettersOf(exec);
    return true;
  }
}

const lettersOf = ({ config }: Exec): number =>
  [...config.Cmd, ...config.Env].reduce((sum, { length }) => sum + length, 0);
