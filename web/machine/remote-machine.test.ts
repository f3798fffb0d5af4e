// The page's end of a machine against a worker that answers in an awkward order.
import * as Comlink from 'comlink';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Ending, MachineEvent, MachineRequest } from './contract.js';
import { RemoteMachine } from './remote-machine.js';

const ENDED = { kind: 'ended', outcome: { kind: 'power-off' } } as Ending;
const REQUEST = {} as Omit<MachineRequest, 'shared'>;

/** A worker in this thread: `run` is its machine. */
function worker(run: (events: MessagePort) => Promise<Ending>): void {
  class Here {
    private readonly channel = new MessageChannel();
    readonly addEventListener = this.channel.port1.addEventListener.bind(this.channel.port1);
    readonly removeEventListener = this.channel.port1.removeEventListener.bind(this.channel.port1);
    readonly postMessage = this.channel.port1.postMessage.bind(this.channel.port1);

    constructor() {
      const machine = { run: (_: unknown, events: MessagePort) => run(events), shown: () => {} };
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
  const output = (bytes: Uint8Array): void => {
    text += new TextDecoder().decode(bytes);
  };
  return { text: () => text, machine: new RemoteMachine({ output, loading: () => {}, warning: () => {} }) };
}

describe('RemoteMachine without shared memory', () => {
  afterEach(() => void vi.unstubAllGlobals());

  it('shows the last output even when the answer overtakes it', async () => {
    worker(async (events) => {
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
