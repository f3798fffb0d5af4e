// GET /containers/X/logs. Docker Engine API, ContainerLogs. Headers go out at once, also of a container that says nothing.
import type { Container } from '../engine/container.js';
import type { LogEntry } from '../engine/log.js';
import { InvalidParameter } from '../engine/errors.js';
import { encodeText } from '../base/text.js';
import type { ByteWriter, HttpAnswer, HttpRequest } from '../http/message.js';
import { flagOf, timeOf } from './answers.js';
import { frameOf, MULTIPLEXED, RAW } from './frames.js';

export function logsOf(container: Container, request: HttpRequest): HttpAnswer {
  const wanted = [flagOf(request, 'stdout'), flagOf(request, 'stderr')] as const;
  if (!wanted[0] && !wanted[1]) throw new InvalidParameter('Bad parameters: you must choose at least one stream');
  const since = timeOf(request, 'since') ?? 0;
  const until = timeOf(request, 'until') ?? Number.POSITIVE_INFINITY;
  const times = flagOf(request, 'timestamps');
  const tty = container.config.Tty;
  const passes = ({ stream, milliseconds }: LogEntry): boolean =>
    wanted[stream - 1]! && milliseconds >= since * 1000 && milliseconds <= until * 1000;
  const shown = (entry: LogEntry): Uint8Array => {
    const bytes = times ? stamped(entry) : entry.bytes;
    return tty ? bytes : frameOf(entry.stream, bytes);
  };
  return {
    status: 200,
    headers: { 'Content-Type': tty ? RAW : MULTIPLEXED },
    body: (out) => write(container, out, flagOf(request, 'follow'), tailOf(request), passes, shown),
  };
}

function tailOf(request: HttpRequest): number {
  const text = request.query.get('tail') ?? 'all';
  // what is no number is everything, as with Docker
  return /^\d{1,9}$/.test(text) ? Number(text) : Number.POSITIVE_INFINITY;
}

function stamped({ time, bytes }: LogEntry): Uint8Array {
  const milliseconds = Number(time.slice(0, -6));
  const date = new Date(milliseconds).toISOString();
  const stamp = encodeText(`${date.slice(0, -1)}${time.slice(-6)}Z `);
  const both = new Uint8Array(stamp.length + bytes.length);
  both.set(stamp);
  both.set(bytes, stamp.length);
  return both;
}

async function write(
  container: Container,
  out: ByteWriter,
  follow: boolean,
  tail: number,
  passes: (entry: LogEntry) => boolean,
  shown: (entry: LogEntry) => Uint8Array,
): Promise<void> {
  const queue: LogEntry[] = container.log.read(tail, passes);
  let over = !follow || !container.running;
  let wake = (): void => {};
  const stop = over
    ? () => {}
    : container.log.follow((entry) => {
        if (entry === undefined) over = true;
        else if (passes(entry)) queue.push(entry);
        wake();
      });
  out.onClose(() => {
    over = true;
    wake();
  });
  try {
    for (;;) {
      for (let entry = queue.shift(); entry; entry = queue.shift()) if (!(await out.write(shown(entry)))) return;
      if (over) return;
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  } finally {
    stop();
  }
}
