// Times as Docker's client prints them. Go's time.Time and time.ParseInLocation; docs of `docker container logs`, --since.
import { Complaint } from './complaint.js';
import { parseDuration } from './flags.js';

const two = (value: number): string => String(value).padStart(2, '0');

/** The zone's short name, as `date +%Z` has it. */
function zoneOf(date: Date): string {
  const name = new Intl.DateTimeFormat('en-US', { timeZoneName: 'short' })
    .formatToParts(date)
    .find(({ type }) => type === 'timeZoneName');
  return name?.value.replace(/^GMT$/, 'UTC') ?? 'UTC';
}

function offsetOf(date: Date, colon: string): string {
  const minutes = -date.getTimezoneOffset();
  const size = Math.abs(minutes);
  return `${minutes < 0 ? '-' : '+'}${two(Math.floor(size / 60))}${colon}${two(size % 60)}`;
}

const dayOf = (date: Date): string => `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
const clockOf = (date: Date): string => `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;

/** `2026-11-30 07:02:44 +0000 UTC`, of seconds since 1970. */
export function localTime(seconds: number): string {
  const date = new Date(seconds * 1000);
  return `${dayOf(date)} ${clockOf(date)} ${offsetOf(date, '')} ${zoneOf(date)}`;
}

/** As the engine writes it, in Go's words: `2026-11-30 07:01:07.109 +0000 UTC`. */
export function goTime(text: string): string {
  const match = /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(\.\d+)?(Z|[+-]\d\d:\d\d)$/.exec(text);
  if (!match) return text;
  const [, day, clock, fraction = '', zone = 'Z'] = match;
  const digits = fraction.replace(/\.?0+$/, '');
  return `${day} ${clock}${digits} ${zone === 'Z' ? '+0000 UTC' : zone.replace(':', '')}${zone === 'Z' ? '' : ` ${zone.replace(':', '')}`}`;
}

/** RFC 3339 in our zone, of seconds since 1970. */
export function localRfc3339(seconds: number): string {
  const date = new Date(seconds * 1000);
  const offset = offsetOf(date, ':');
  return `${dayOf(date)}T${clockOf(date)}${offset === '+00:00' ? 'Z' : offset}`;
}

/** With nine digits of fraction. */
export function eventTime(nanoseconds: bigint): string {
  const whole = localRfc3339(Number(nanoseconds / 1_000_000_000n));
  const fraction = String(nanoseconds % 1_000_000_000n).padStart(9, '0');
  return whole.replace(/(Z|[+-]\d\d:\d\d)$/, `.${fraction}$1`);
}

/** Seconds since 1970 of a date, of such seconds, or of how long ago. Throws Complaint. */
export function timestamp(text: string): string | undefined {
  if (text === '') return undefined;
  if (/^\d+(\.\d{1,9})?$/.test(text)) return text;
  const ago = parseDuration(text);
  if (ago !== undefined) return ((Date.now() * 1e6 - ago) / 1e9).toFixed(9);
  // without a zone it is ours
  const time = Date.parse(/T\d\d$/.test(text) ? `${text}:00` : /^\d{4}-\d\d-\d\d$/.test(text) ? `${text}T00:00` : text);
  if (Number.isNaN(time)) throw new Complaint(`failed to parse value as time or duration: "${text}"`);
  return (time / 1000).toFixed(9);
}
