// What happens, told to whoever listens, with the newest of the past for those who ask since when. Docker Engine API, GET /events.

export interface EngineEvent {
  Type: string;
  Action: string;
  Actor: { ID: string; Attributes: Record<string, string> };
  scope: 'local';
  /** Seconds and nanoseconds since 1970. */
  time: number;
  timeNano: number;
}

/** As Docker: so many are remembered, but of their bytes no more than these. */
const REMEMBERED = 256;
const REMEMBERED_BYTES = 4 << 20;

/** `size`: bytes that it takes, about. */
export type EventListener = (event: EngineEvent, size: number) => void;

export class Events {
  private readonly past: { event: EngineEvent; size: number }[] = [];
  private bytes = 0;
  private readonly listeners = new Set<EventListener>();

  /** `now`: milliseconds since 1970. */
  constructor(private readonly now: () => number) {}

  tell(type: string, action: string, id: string, attributes: Record<string, string>): void {
    const milliseconds = this.now();
    const event: EngineEvent = {
      Type: type,
      Action: action,
      Actor: { ID: id, Attributes: attributes },
      scope: 'local',
      time: Math.floor(milliseconds / 1000),
      timeNano: Math.round(milliseconds * 1e6),
    };
    let size = id.length;
    for (const name in attributes) size += name.length + attributes[name]!.length;
    this.past.push({ event, size });
    this.bytes += size;
    while (this.past.length > REMEMBERED || this.bytes > REMEMBERED_BYTES) this.bytes -= this.past.shift()!.size;
    for (const listener of [...this.listeners]) listener(event, size);
  }

  /** Those of the past from `since` (seconds) on. */
  after(since: number): EngineEvent[] {
    return this.past.filter(({ event }) => event.timeNano / 1e9 >= since).map(({ event }) => event);
  }

  /** Calls `listener` for each from now on; what is returned ends it. */
  listen(listener: EventListener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }
}
