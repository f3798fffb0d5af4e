// The page's end of a machine against a worker that answers in an awkward order.
import * as Comlink from 'comlink';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { ByteRing } from './byte-ring.js';
import { type Ending, type MachineEvent, type MachineRequest, UNSHOWN_MOST } from './contract.js';
import { PIECE, RemoteMachine } from './remote-machine.js';

const ENDED = { kind: 'ended', outcome: { kind: 'power-off' } } as Ending;
const REQUEST = {} as Omit<MachineRequest, 'shared'>;

/** A worker in this thread: `run` is its machine. */
function worker(run: (request: MachineRequest, events: MessagePort) => Promise<Ending>): void {
  class Here {
    private readonly channel = new MessageChannel();
    readonly addEventListener = this.channel.port1.addEventListener.bind(this.channel.port1);
    readonly removeEventListener = this.channel.port1.removeEventListener.bind(this.channel.port1);
    readonly postMessage = this.channel.port1.postMessage.bind(this.channel.port1);

    constructor() {
      const machine = { run, shown: () => {} };
      Comlink.expose(machine, this.channel.port2);
      this.channel.port1.start();
    }

    terminate(): void {
      this.channel.port1.close();
    }
  }
  vi.stubGlobal('Worker', Here);
}

function listen(): { text: () => string; machine: RemoteMachine } {
  let text = '';
  const output = (bytes: Uint8Array, shown: () => void): void => {
    text += new TextDecoder().decode(bytes);
    shown();
  };
  return { text: () => text, machine: new RemoteMachine({ output, loading: () => {}, warning: () => {} }) };
}

describe('RemoteMachine without shared memory', () => {
  afterEach(() => void vi.unstubAllGlobals());

  it('shows the last output even when the answer overtakes it', async () => {
    worker(async (_, events) => {
      setTimeout(() => {
        const said: MachineEvent = { kind: 'output', bytes: new TextEncoder().encode('last words') };
        const end: MachineEvent = { kind: 'end' };
        events.postMessage(said);
        events.postMessage(end);
        events.close();
      }, 20);
      return ENDED;
    });
    const { text, machine } = listen();
    expect(await machine.run(REQUEST)).toEqual(ENDED);
    expect(text()).toBe('last words');
  });

  it('ends without a last word when the worker throws or is stopped', async () => {
    worker(() => Promise.reject(new Error('no room')));
    expect(await listen().machine.run(REQUEST)).toMatchObject({
      kind: 'refused',
      what: expect.stringMatching('no room'),
    });
    worker(() => new Promise(() => {}));
    const { machine } = listen();
    const running = machine.run(REQUEST);
    machine.stop();
    expect(await running).toEqual({ kind: 'stopped' });
  });
});

describe('RemoteMachine with shared memory', () => {
  afterEach(() => void vi.unstubAllGlobals());

  it('hands over pieces of a bounded size, and no more than may be unshown, until some is shown', async () => {
    vi.stubGlobal('crossOriginIsolated', true);
    let ring: ByteRing | undefined;
    worker(({ shared }) => {
      ring = new ByteRing(shared!.output);
      return new Promise(() => {});
    });
    const pieces: { length: number; shown: () => void }[] = [];
    const output = ({ length }: Uint8Array, shown: () => void): void => void pieces.push({ length, shown });
    const machine = new RemoteMachine({ output, loading: () => {}, warning: () => {} });
    void machine.run(REQUEST);
    await vi.waitFor(() => expect(ring).toBeDefined());
    const written = ring!.write(new Uint8Array(1 << 20));
    const unshown = (): number => pieces.reduce((sum, { length }) => sum + length, 0);
    for (let turn = 0; turn < 3; turn++) machine.poll();
    expect(unshown()).toBe(UNSHOWN_MOST);
    let shown = 0;
    while (shown < written) {
      for (const piece of pieces.splice(0, 3)) {
        expect(piece.length).toBeLessThanOrEqual(PIECE);
        shown += piece.length;
        piece.shown();
      }
      machine.poll();
      expect(unshown()).toBeLessThanOrEqual(UNSHOWN_MOST);
    }
    machine.stop();
  });
});
