// GET /events: what happens, as it does, to who reads it. Docker Engine API, SystemEvents.
import type { Engine } from '../engine/engine.js';
import type { EngineEvent } from '../engine/events.js';
import { type Filters, matchesLabels, parseFilters } from '../engine/filters.js';
import type { HttpAnswer, HttpRequest } from '../http/message.js';
import { line, timeOf } from './answers.js';

/** Events, and bytes of them, that wait for who does not read; with Docker as many events, and those behind them are lost. */
const WAITING_MAX = 1024;
const WAITING_BYTES = 4 << 20;

export function eventsOf(engine: Engine, request: HttpRequest): HttpAnswer {
  const filters = parseFilters(request.query.get('filters'));
  const since = timeOf(request, 'since');
  const until = timeOf(request, 'until');
  const passes = (event: EngineEvent): boolean =>
    matches(event, filters) && (until === undefined || event.timeNano / 1e9 <= until);
  return {
    status: 200,
    headers: { 'Content-Type': 'application/json' },
    async body(out) {
      const queue = since === undefined ? [] : engine.events.after(since).filter(passes);
      let bytes = 0;
      let over = false;
      let wake = (): void => {};
      const end = (): void => {
        over = true;
        stop();
        wake();
      };
      const stop = engine.events.listen((event, size) => {
        if (!passes(event)) return;
        bytes += size;
        // who does not read hears of no more, and sees that: a gap he would not see
        if (queue.length >= WAITING_MAX || bytes > WAITING_BYTES) return end();
        queue.push(event);
        wake();
      });
      out.onClose(end);
      const cancel =
        until === undefined ? () => {} : engine.host.after(Math.max(0, until * 1000 - engine.host.date()), end);
      try {
        for (;;) {
          for (let event = queue.shift(); event; event = queue.shift())
            if (!(await out.write(line(legacy(event))))) return;
          bytes = 0;
          if (over) return;
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
        }
      } finally {
        stop();
        cancel();
      }
    },
  };
}

/** With the names that events had before 1.22, which old clients still read. */
const legacy = (event: EngineEvent) =>
  event.Type === 'container'
    ? { status: event.Action, id: event.Actor.ID, from: event.Actor.Attributes.image, ...event }
    : event;

function matches({ Type, Action, Actor, scope }: EngineEvent, filters: Filters): boolean {
  const any = (name: string, test: (value: string) => boolean): boolean =>
    !filters.has(name) || filters.get(name)!.some(test);
  const { name, image } = Actor.Attributes;
  const isIt =
    (type: string) =>
    (value: string): boolean =>
      Type === type && (Actor.ID.startsWith(value) || name === value.replace(/^\//, ''));
  return (
    any('type', (value) => Type === value) &&
    any('event', (value) => Action === value || Action.startsWith(`${value}:`)) &&
    any('scope', (value) => scope === value) &&
    any('container', isIt('container')) &&
    any('volume', isIt('volume')) &&
    any('network', isIt('network')) &&
    any('image', (value) => (Type === 'image' ? name === value || Actor.ID === value : image === value)) &&
    matchesLabels(filters.get('label'), Actor.Attributes)
  );
}
