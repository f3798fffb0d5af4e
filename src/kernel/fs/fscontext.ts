// What fsopen(2) and fspick(2) give: a filesystem that is being made or changed, parameter by parameter, and what has been said of it.
// Linux fs/fsopen.c, fs/fs_context.c.
import { EBUSY, EINVAL, EMSGSIZE, ENODATA, EPERM } from '../abi/errno.js';
import { O_RDWR } from '../abi/fcntl.js';
import { CAP_SYS_ADMIN } from '../security/capability.js';
import type { Task } from '../task/task.js';
import { type Io, transferred } from '../vfs/io.js';
import type { Mount } from '../vfs/mount.js';
import { newDetached, reconfigure } from '../vfs/mounting.js';
import { OpenFile } from '../vfs/open-file.js';
import type { Path } from '../vfs/path.js';
import { checkParameter, makeFileSystem } from './file-system-types.js';

/** Messages that are kept: the oldest go. */
const LOG_MAX = 8;
/** Parameters that count, as in mount(2)'s page. */
const PARAMETERS_MAX = 256;

/** What a flag of the whole filesystem does to `readOnly`; those that are undefined are known, and mean nothing here. */
const FLAGS = new Map<string, boolean | undefined>([
  ['ro', true],
  ['rw', false],
  ...['dirsync', 'lazytime', 'mand', 'sync', 'async', 'nolazytime', 'nomand'].map((name) => [name, undefined] as const),
]);

type Phase = 'creating' | 'created' | 'changing' | 'failed';

export class FsContextFile extends OpenFile {
  private phase: Phase = 'creating';
  private readonly log: string[] = [];
  private source?: string;
  private readOnly?: boolean;
  private parameters = new Map<string, string | undefined>();
  /** Keeps the filesystem; it is in no tree. */
  private held?: Mount;

  constructor(
    task: Task,
    /** Of the filesystem. */
    private readonly type: string,
  ) {
    super(task, task.kernel.anonymous.make(task, 0), O_RDWR);
  }

  /** Of the filesystem at `place`: fspick(2). */
  static of(task: Task, { mount, dentry }: Path): FsContextFile {
    const context = new FsContextFile(task, mount.fs.type);
    context.phase = 'changing';
    context.held = task.kernel.newMount(mount.fs, dentry, 0);
    return context;
  }

  override get label(): string {
    return 'anon_inode:[fscontext]';
  }

  protected override close(): void {
    this.held?.discard();
  }

  /** The oldest message, whole. */
  override read(_task: Task, io: Io): number {
    const message = this.log[0];
    if (message === undefined) return -ENODATA;
    if (message.length > io.left) return -EMSGSIZE;
    this.log.shift();
    const bytes = Uint8Array.from(message, (character) => character.charCodeAt(0));
    return transferred(io.give(bytes, 0, bytes.length), bytes.length);
  }

  private refuse(message: string): number {
    this.log.push(`e ${message}\n`);
    if (this.log.length > LOG_MAX) this.log.shift();
    return -EINVAL;
  }

  /** FSCONFIG_SET_FLAG (no value) and FSCONFIG_SET_STRING. */
  set(key: string, value: string | undefined): number {
    if (this.phase !== 'creating' && this.phase !== 'changing') return -EBUSY;
    if (FLAGS.has(key)) {
      this.readOnly = FLAGS.get(key) ?? this.readOnly;
      return 0;
    }
    if (key === 'source') {
      if (value === undefined) return this.refuse('Non-string source');
      if (this.source !== undefined) return this.refuse('Multiple sources');
      this.source = value;
      return 0;
    }
    const wrong = checkParameter(this.type, key, value);
    if (wrong === 'unknown') return this.refuse(`${this.type}: Unknown parameter '${key}'`);
    if (wrong === 'value') return this.refuse(`${this.type}: Bad value for '${key}'`);
    if (this.parameters.size >= PARAMETERS_MAX) return -EINVAL;
    this.parameters.set(key, value);
    return 0;
  }

  /** FSCONFIG_SET_BINARY, _PATH, _FD: no filesystem here has such parameters. */
  refuseKind(key: string): number {
    if (this.phase !== 'creating' && this.phase !== 'changing') return -EBUSY;
    const known = checkParameter(this.type, key, '0') !== 'unknown';
    return this.refuse(`${this.type}: ${known ? 'Bad value for' : 'Unknown parameter'} '${key}'`);
  }

  private get options(): string {
    return [...this.parameters].map(([key, value]) => (value === undefined ? key : `${key}=${value}`)).join(',');
  }

  /** FSCONFIG_CMD_CREATE. */
  create(task: Task): number {
    if (this.phase !== 'creating') return -EBUSY;
    const fs = makeFileSystem(task, this.type, this.options);
    if (fs === -EPERM) return -EPERM;
    if (fs === undefined || typeof fs === 'number') {
      this.phase = 'failed';
      return fs ?? -EINVAL;
    }
    fs.source = this.source || 'none';
    fs.readOnly ||= this.readOnly === true;
    this.held = task.kernel.newMount(fs, fs.rootDentry, 0);
    this.phase = 'created';
    return 0;
  }

  /** FSCONFIG_CMD_RECONFIGURE. */
  reconfigure(task: Task): number {
    if (this.phase !== 'changing') return -EBUSY;
    const { fs } = this.held!;
    if (!task.credentials.capable(fs.owner ?? task.kernel.userNamespace, CAP_SYS_ADMIN)) {
      this.phase = 'failed';
      return -EPERM;
    }
    const failed = reconfigure(fs, this.options, this.readOnly ?? fs.readOnly);
    this.begin(failed === 0 ? 'changing' : 'failed');
    return failed;
  }

  private begin(phase: Phase): void {
    this.phase = phase;
    this.parameters = new Map();
    this.readOnly = undefined;
    this.source = undefined;
  }

  /** fsmount(2): a mount of it that is in no tree, with the MS_* `flags`; the descriptor changes the filesystem from then on. */
  mount(task: Task, flags: number): Mount | number {
    if (!this.held) return -EINVAL;
    if (this.phase !== 'created') return -EBUSY;
    const mount = newDetached(task, this.held.fs, flags);
    if (typeof mount !== 'number') this.begin('changing');
    return mount;
  }
}
