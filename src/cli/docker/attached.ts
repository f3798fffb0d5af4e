// A container's streams and ours, from its start or from where it is, until it ends or the person leaves it; its end is ours.
// Docker docs, "docker container attach", "docker container run": its order of requests: wait, attach, start.
import { type ApiClient, jsonLines } from './api-client.js';
import { Complaint, Ended } from './complaint.js';
import { followSize, proxySignals, session } from './session.js';

/** A container's end, from now on: the request is there before what it waits for. */
export async function waitFor(api: ApiClient, id: string, condition: string): Promise<{ ended: Promise<number> }> {
  const response = await api.send('POST', `/containers/${id}/wait`, { condition });
  const ended = (async () => {
    for await (const { StatusCode, Error: error } of jsonLines(response.body)) {
      if (error?.Message) throw new Complaint(error.Message, 125);
      return StatusCode as number;
    }
    return 125;
  })();
  // a failure is told where it is waited for
  ended.catch(() => {});
  return { ended };
}

export interface Attached {
  streams: { stdin: boolean; stdout: boolean; stderr: boolean };
  tty: boolean;
  detachKeys: string;
  /** Our signals are its. */
  proxies: boolean;
  condition: 'removed' | 'next-exit' | 'not-running';
  /** What is to be done once its output has somewhere to go. */
  begin(): Promise<unknown>;
}

/** Rejects with Ended when it did not end with 0. */
export async function attached(
  api: ApiClient,
  id: string,
  { streams, tty, detachKeys, proxies, condition, begin }: Attached,
): Promise<'ended' | 'detached'> {
  const path = `/containers/${id}`;
  const { ended } = await waitFor(api, id, condition);
  const connection = await api.hijack(`${path}/attach`, { stream: true, ...streams, detachKeys });
  const unproxy = proxies ? proxySignals(api, id) : () => {};
  let unfollow = (): void => {};
  try {
    const io = session(connection, { stdin: streams.stdin, tty, detachKeys });
    try {
      await begin();
    } catch (error) {
      connection.close();
      await io.catch(() => {});
      throw error;
    }
    if (tty) unfollow = followSize(api, `${path}/resize`);
    if ((await io) === 'detached') return 'detached';
    const status = await ended;
    if (status !== 0) throw new Ended(status);
    return 'ended';
  } finally {
    unfollow();
    unproxy();
  }
}
