// The prompt: docker's commands, which are those of tabvisor's own command line, and a few for the tab's folder.
// POSIX.1-2017, utilities ls, cat, cd, mkdir, rm, as far as a small folder wants them.
import { messageOf } from '../../src/base/errors.js';
import { Complaint } from '../../src/cli/docker/complaint.js';
import { begin } from '../../src/cli/docker/host.js';
import { dockerMain, isDockers } from '../../src/cli/docker/main.js';
import { commandsOf, wordsOf } from '../containers/words.js';
import { inColumns } from './line-editor.js';
import type { TabHost } from './tab-host.js';

/** What the page does when it is asked to. */
export interface PageFiles {
  edit(path: string): void;
  download(path: string): void;
}

const COMPOSE = `docker compose is not in this tab: it is a program of its own that looks for an engine's socket, and a tab has none.
Here: docker network create, docker run --network. Elsewhere: tabvisor daemon, then docker compose up.`;

const HELP = `docker COMMAND        all of docker's commands, on the engine in this tab: docker run -it --rm tabvisor sh
docker run -d -p 8080:80 tabvisor httpd /       a web server, to open from its container's card
docker build -t hello . && docker run --rm hello
docker --help         what there is; docker COMMAND --help says more
ls, cat, cd, mkdir    the tab's folder, which docker build, cp, save and load use
edit FILE             opens the editor; download FILE gives it to you; Upload… or a drop on the list takes files
clear, history        Tab completes, Ctrl-C ends, the arrows find what was typed before
`;

/** Milliseconds for a command that was interrupted to end. */
const GRACE = 3000;
const INTERRUPTED = 130;

/** Names of what is done here, with what their words are. */
export const OWN: Readonly<Record<string, 'files' | 'none'>> = {
  ...{ ls: 'files', cat: 'files', cd: 'files', mkdir: 'files', rm: 'files', edit: 'files', download: 'files' },
  ...{ pwd: 'none', clear: 'none', history: 'none', help: 'none' },
};

const usage = (line: string): Complaint => new Complaint(`usage: ${line}`);

export class Shell {
  private interrupt = (): void => {};

  constructor(
    readonly host: TabHost,
    private readonly page: PageFiles,
    private readonly history: () => readonly string[],
  ) {
    begin(host);
  }

  get prompt(): string {
    return `${this.host.files.current} $ `;
  }

  /** Of the command that runs. */
  interrupted(): void {
    this.interrupt();
  }

  /** What was typed meanwhile and nobody has read. */
  async run(line: string): Promise<string> {
    const { host } = this;
    let rest = '';
    let status = 0;
    for (const { after, text } of commandsOf(line) ?? []) {
      if (after === '&&' && status !== 0) continue;
      rest += host.reset();
      try {
        status = await this.perform(text);
      } catch (error) {
        host.stderr.write(`${messageOf(error)}\n`);
        status = 1;
      }
      if (status === INTERRUPTED) break;
    }
    if (!commandsOf(line))
      host.stderr.write('no pipes and no > here: a prompt for docker, not a shell (; and && work)\n');
    return rest + host.reset();
  }

  /** The exit status. */
  private async perform(line: string): Promise<number> {
    const words = wordsOf(line);
    if (!words) throw new Complaint('a quote is not closed');
    const [name, ...args] = words;
    if (name === undefined || name.startsWith('#')) return 0;
    if (name === 'docker' || name === 'tabvisor') return this.docker(args);
    if (name === 'docker-compose') throw new Complaint(COMPOSE);
    else if (Object.hasOwn(OWN, name)) this.own(name, args);
    else if (isDockers([name])) throw new Complaint(`${name}: not found; docker ${name} is`);
    else throw new Complaint(`${name}: not found; help says what there is`);
    return 0;
  }

  private async docker(words: readonly string[]): Promise<number> {
    const { host } = this;
    if (words[0] === 'compose') throw new Complaint(COMPOSE);
    if (words.length === 0 || ['--help', '-h', 'help'].includes(words[0]!)) {
      const { overview } = await import('../../src/cli/docker/overview.js');
      host.stdout.write(overview(host.stdout.columns));
      return 0;
    }
    if (['--version', '-v'].includes(words[0]!)) {
      host.stdout.write(`tabvisor ${host.version.own}\n`);
      return 0;
    }
    if (!isDockers(words)) throw new Complaint(`docker: '${words[0]}' is not a command; docker --help says what is`);
    const over = dockerMain(words, host.version.own);
    const stopped = new Promise<'interrupted'>((resolve) => {
      this.interrupt = () => resolve('interrupted');
    });
    const status = await Promise.race([over, stopped]);
    if (status !== 'interrupted') return status;
    // what it still says is of no interest
    host.muted = true;
    host.cut();
    await Promise.race([over.catch(() => {}), new Promise((resolve) => void setTimeout(resolve, GRACE))]);
    return INTERRUPTED;
  }

  private own(name: string, args: readonly string[]): void {
    const { files, stdout } = this.host;
    const each = (act: (path: string) => void): void => {
      if (args.length === 0) throw usage(`${name} FILE...`);
      for (const path of args) act(path);
    };
    const file = (path: string): string => {
      if (files.about(path, true)?.kind !== 'file') throw new Complaint(`${name}: ${path}: is no file`);
      return files.resolve(path);
    };
    if (name === 'help') stdout.write(HELP);
    else if (name === 'clear') stdout.write('\x1b[2J\x1b[H');
    else if (name === 'pwd') stdout.write(`${files.current}\n`);
    else if (name === 'history')
      stdout.write(
        this.history()
          .map((line, i) => `${String(i + 1).padStart(4)}  ${line}\n`)
          .join(''),
      );
    else if (name === 'cd') {
      const path = files.real(args[0] ?? '/');
      if (files.about(path)?.kind !== 'folder') throw new Complaint(`cd: ${args[0]}: is no folder`);
      files.current = path;
    } else if (name === 'ls') this.list(args.find((one) => !one.startsWith('-')) ?? '.', args.includes('-l'));
    else if (name === 'cat') each((path) => stdout.write(files.bytes(file(path))));
    else if (name === 'mkdir') each((path) => path !== '-p' && files.makeFolder(path));
    else if (name === 'rm')
      each((path) => {
        if (path.startsWith('-')) return;
        if (!files.about(path)) throw new Complaint(`rm: ${path}: is not there`);
        if (files.about(path)!.kind === 'folder' && !args.some((one) => /^-\w*r/.test(one)))
          throw new Complaint(`rm: ${path}: is a folder; rm -r removes it`);
        files.remove(path);
      });
    else if (name === 'edit') {
      if (args.length !== 1) throw usage('edit FILE');
      this.page.edit(files.resolve(args[0]!));
    } else each((path) => this.page.download(file(path)));
  }

  private list(path: string, long: boolean): void {
    const { files, stdout } = this.host;
    const about = files.about(path, true);
    if (!about) throw new Complaint(`ls: ${path}: is not there`);
    const names = about.kind === 'folder' ? files.names(path).sort() : [path];
    const shown = names.map((name) => {
      const one = files.about(about.kind === 'folder' ? `${files.real(path)}/${name}` : name, true);
      return { name: one?.kind === 'folder' ? `${name}/` : name, size: one?.size ?? 0 };
    });
    if (long) stdout.write(shown.map(({ name, size }) => `${String(size).padStart(10)} ${name}\n`).join(''));
    else if (shown.length > 0)
      stdout.write(
        inColumns(
          shown.map(({ name }) => name),
          stdout.columns,
        ).replaceAll('\r', ''),
      );
  }
}
