// Terminals of containers and what their logs say, side by side: each with its end said, and a button that closes it.
// Ours. Docker Engine API: attach, exec, logs.
import { messageOf } from '../../../src/base/errors.js';
import type { Connection } from '../../../src/http/carried-client.js';
import type { Docker, Size } from '../../containers/docker.js';
import { unframed } from '../../containers/docker.js';
import { ConsoleView } from '../console-view.js';
import { element } from '../element.js';

interface Opened {
  connection: Connection;
  resize(size: Size): void;
  /** How it has ended, when it has. */
  ended(): Promise<string>;
}

/** Bytes that may be on their way into the terminal before more are taken. */
function written(view: ConsoleView, bytes: Uint8Array): Promise<void> {
  return new Promise((resolve) => view.write(bytes, resolve));
}

export class Terminals {
  constructor(
    readonly place: HTMLElement,
    private readonly docker: Docker,
  ) {}

  /** A container that is about to start: attached before it is, so that nothing is missed. */
  async run(id: string, name: string, start: () => Promise<void>): Promise<void> {
    await this.open(`${name}`, `container ${name}`, async (size) => {
      const opened = await this.attached(id);
      try {
        await start();
      } catch (error) {
        opened.connection.close();
        throw error;
      }
      opened.resize(size);
      return opened;
    });
  }

  async attach(id: string, name: string): Promise<void> {
    await this.open(`${name}`, `container ${name}`, async (size) => {
      const opened = await this.attached(id);
      opened.resize(size);
      return opened;
    });
  }

  private async attached(id: string): Promise<Opened> {
    const { docker } = this;
    return {
      connection: await docker.attach(id),
      resize: (size) => docker.resize('containers', id, size),
      ended: async () => {
        const code = await docker.exitCode('containers', id).catch(() => undefined);
        return code === undefined ? 'ended, and is removed' : `ended with status ${code}`;
      },
    };
  }

  async exec(id: string, name: string, command: string[]): Promise<void> {
    const { docker } = this;
    await this.open(`${name}: ${command.join(' ')}`, `exec in ${name}`, async (size) => {
      const { exec, connection } = await docker.exec(id, command, size);
      return {
        connection,
        resize: (next) => docker.resize('exec', exec, next),
        ended: async () => `ended with status ${(await docker.exitCode('exec', exec).catch(() => undefined)) ?? '?'}`,
      };
    });
  }

  /** Rejects, and leaves nothing, when it can't be opened. */
  private async open(title: string, label: string, make: (size: Size) => Promise<Opened>): Promise<void> {
    let opened: Opened | undefined;
    const { view, figure, close } = this.figure(title, label, (text) => {
      void opened?.connection.write(new TextEncoder().encode(text));
    });
    view.live = true;
    try {
      opened = await make(view.size);
    } catch (error) {
      close();
      throw error;
    }
    const { connection, resize, ended } = opened;
    close.before = () => connection.close();
    view.onResize(resize);
    figure.scrollIntoView({ block: 'nearest' });
    view.focus();
    void this.show(view, connection.incoming, ended);
  }

  async logs(id: string, name: string): Promise<void> {
    const tty = await this.docker.hasTerminal(id);
    const answer = await this.docker.logs(id);
    const { view, figure, close } = this.figure(`${name}: logs`, `logs of ${name}`, () => {});
    close.before = () => answer.cancel();
    figure.scrollIntoView({ block: 'nearest' });
    void this.show(view, tty ? answer.body : lined(unframed(answer.body)), async () => 'the container does not run');
  }

  private async show(view: ConsoleView, body: AsyncIterable<Uint8Array>, ended: () => Promise<string>): Promise<void> {
    let how: string;
    try {
      for await (const bytes of body) await written(view, bytes);
      how = await ended();
    } catch (error) {
      how = messageOf(error);
    }
    view.live = false;
    view.say(how);
  }

  private figure(title: string, label: string, typed: (text: string) => void) {
    const button = element('button', { type: 'button', 'aria-label': `Close ${label}` }, '×');
    const place = element('div', { class: 'console' });
    const caption = element('figcaption', {}, element('span', {}, title), button);
    const figure = element('figure', { class: 'terminal' }, caption, place);
    this.place.append(figure);
    const view = new ConsoleView(place, `Terminal: ${label}`, typed, () => button);
    const close = Object.assign(
      () => {
        close.before();
        view.close();
        figure.remove();
      },
      { before: () => {} },
    );
    button.onclick = () => close();
    return { view, figure, close };
  }
}

/** Lines as a terminal wants them. */
async function* lined(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const bytes of body) {
    const all: number[] = [];
    for (const byte of bytes) {
      if (byte === 10) all.push(13);
      all.push(byte);
    }
    yield Uint8Array.from(all);
  }
}
