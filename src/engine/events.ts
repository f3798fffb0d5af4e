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

/** As Docker: so many are remembered. */
const REMEMBERED = 256;

export class Events {
  private readonly past: EngineEvent[] = [];
  private readonly listeners = new Set<(event: EngineEvent) => void>();

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
    this.past.push(event);
    if (this.past.length > REMEMBERED) this.past.shift();
    for (const listener of [...this.listeners]) listener(event);
  }

  /** Those of the past from `since` (seconds) on. */
  after(since: number): EngineEvent[] {
    return this.past.filter((event) => event.timeNano / 1e9 >= since);
  }

  /** Calls `listener` for each from now on; what is returned ends it. */
  listen(listener: (event: EngineEvent) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }
}
