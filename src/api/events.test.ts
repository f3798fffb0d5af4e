// Who asks for events and reads none of them. Docker Engine API, SystemEvents.
import { expect, test } from 'vitest';
import type { Engine } from '../engine/engine.js';
import { Events } from '../engine/events.js';
import { parseTarget } from '../http/message.js';
import { eventsOf } from './events.js';

function reading(events: Events) {
  const engine = { events, host: { date: () => 0, after: () => () => {} } } as unknown as Engine;
  const { body } = eventsOf(engine, {
    ...{ method: 'GET', ...parseTarget('/events'), headers: new Map() },
    body: (async function* () {})(),
  });
  let take: ((room: boolean) => void) | undefined;
  let told = 0;
  const over = (body as (out: object) => Promise<void>)({
    closed: false,
    onClose: () => {},
    write: () => {
      told++;
      return new Promise((resolve) => {
        take = resolve;
      });
    },
  });
  const next = async (): Promise<void> => {
    take?.(true);
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { over, next, told: () => told };
}

test.each([
  ['many', 5000, 10, 1024],
  ['long ones', 100, 1 << 17, 31],
])('%s wait up to a bound; then the answer ends behind those that have waited', async (_what, count, size, most) => {
  const events = new Events(() => 1);
  const one = reading(events);
  const tell = (): void => events.tell('container', 'create', 'c', { label: 'x'.repeat(size) });
  tell();
  await one.next();
  for (let i = 0; i < count; i++) tell();
  for (let i = 0; i < most + 5; i++) await one.next();
  await one.over;
  expect(one.told()).toBeGreaterThan(most - 3);
  expect(one.told()).toBeLessThanOrEqual(most + 1);
  // of the past no more is remembered than that
  expect(events.after(0).reduce((sum, event) => sum + event.Actor.Attributes.label!.length, 0)).toBeLessThanOrEqual(
    4 << 20,
  );
});
