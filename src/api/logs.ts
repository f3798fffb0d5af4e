// GET /containers/X/logs. Docker Engine API, ContainerLogs. Headers go out at once, also of a container that says nothing.
import type { Container } from '../engine/container.js';
import type { LogEntry } from '../engine/log.js';
import { joined } from '../base/bytes.js';
import { logDetails } from '../engine/log-options.js';
import { InvalidParameter, NotImplemented } from '../engine/errors.js';
import { encodeText } from '../base/text.js';
import type { ByteWriter, HttpAnswer, HttpRequest } from '../http/message.js';
import { flagOf, timeOf } from './answers.js';
import { frameOf, MULTIPLEXED, RAW } from './frames.js';

export function logsOf(container: Container, request: HttpRequest): HttpAnswer {
  const wanted = [flagOf(request, 'stdout'), flagOf(request, 'stderr')] as const;
  if (!wanted[0] && !wanted[1]) throw new InvalidParameter('Bad parameters: you must choose at least one stream');
  if (container.host.LogConfig.Type === 'none')
    throw new NotImplemented('configured logging driver does not support reading');
  const since = timeOf(request, 'since') ?? 0;
  const until = timeOf(request, 'until') ?? Number.POSITIVE_INFINITY;
  const times = flagOf(request, 'timestamps');
  const tty = container.config.Tty;
  const passes = ({ stream, milliseconds }: LogEntry): boolean =>
    wanted[stream - 1]! && milliseconds >= since * 1000 && milliseconds <= until * 1000;
  const { id, name, config, host } = container;
  const details = flagOf(request, 'details')
    ? `${logDetails(host.LogConfig, config, { id, name, image: config.Image })} `
    : '';
  const shown = (entry: LogEntry): Uint8Array => {
    const before = `${times ? `${entry.time} ` : ''}${details}`;
    const bytes = before === '' ? entry.bytes : joined([encodeText(before), entry.bytes]);
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

/** The last `tail` lines of all, and of them those that pass; then what follows, as long as it runs. */
async function write(
  container: Container,
  out: ByteWriter,
  follow: boolean,
  tail: number,
  passes: (entry: LogEntry) => boolean,
  shown: (entry: LogEntry) => Uint8Array,
): Promise<void> {
  let wake = (): void => {};
  let news = false;
  let closed = false;
  const hear = (): void => {
    news = true;
    wake();
  };
  const stop = container.log.onChange(hear);
  const cancel = container.wait('not-running', hear);
  out.onClose(() => {
    closed = true;
    wake();
  });
  try {
    const reader = await container.log.reader(tail);
    while (!closed) {
      const over = !follow || !container.running;
      news = false;
      const entries = await reader.next();
      if (entries) {
        for (const bytes of together(entries.filter(passes), shown)) if (!(await out.write(bytes))) return;
        continue;
      }
      if (over) return;
      if (!news && !closed)
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
    }
  } finally {
    stop();
    cancel();
  }
}

/** Bytes that are written at once, but for a long line. */
const PIECE = 1 << 15;

/** Entries as they are shown, some at a time: what is shown of a line may be longer than the line. */
function* together(entries: LogEntry[], shown: (entry: LogEntry) => Uint8Array): Generator<Uint8Array> {
  let pieces: Uint8Array[] = [];
  let length = 0;
  for (const entry of entries) {
    const bytes = shown(entry);
    pieces.push(bytes);
    length += bytes.length;
    if (length < PIECE) continue;
    yield joined(pieces);
    [pieces, length] = [[], 0];
  }
  if (length > 0) yield joined(pieces);
}
