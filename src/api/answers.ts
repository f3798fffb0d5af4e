// Answers of the API: JSON, errors as Docker words them, and parameters of a query. Docker Engine API, "Errors".
import { InputError } from '../base/errors.js';
import { encodeText } from '../base/text.js';
import {
  Conflict,
  EngineError,
  Forbidden,
  InvalidParameter,
  NodeFailure,
  NotFound,
  NotImplemented,
  NotModified,
  StartFailed,
  Unauthorized,
  Unavailable,
} from '../engine/errors.js';
import { BodyError } from '../http/body.js';
import type { HttpAnswer, HttpRequest } from '../http/message.js';

export const json = (body: unknown, status = 200): HttpAnswer => ({
  status,
  headers: { 'Content-Type': 'application/json' },
  body: `${JSON.stringify(body)}\n`,
});

/** Without members that are null: the description does not know of them, and to clients they are as absent ones. */
export function present(object: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== null && value !== undefined));
}

export const nothing = (status = 204): HttpAnswer => ({ status });

export const line = (value: unknown): Uint8Array => encodeText(`${JSON.stringify(value)}\n`);

const OF_NODE: Readonly<Record<NodeFailure['kind'], number>> = {
  missing: 404,
  conflict: 409,
  invalid: 400,
  unsupported: 500,
  'not-found': 400,
  'not-executable': 400,
  bug: 500,
};

/** Is it ours that a handler has thrown this? */
export const isBug = (error: unknown): boolean =>
  statusOf(error) === 500 && !(error instanceof NodeFailure && error.kind === 'unsupported');

/** The status of what a handler has thrown. */
export function statusOf(error: unknown): number {
  if (error instanceof NotFound) return 404;
  if (error instanceof Conflict) return 409;
  if (error instanceof Unauthorized) return 401;
  if (error instanceof Forbidden) return 403;
  if (error instanceof InvalidParameter || error instanceof BodyError || error instanceof StartFailed) return 400;
  if (error instanceof NotModified) return 304;
  if (error instanceof NotImplemented) return 501;
  if (error instanceof Unavailable) return 503;
  if (error instanceof NodeFailure) return OF_NODE[error.kind];
  return 500;
}

export function failed(error: unknown): HttpAnswer {
  const status = statusOf(error);
  if (status === 304) return nothing(304);
  const known =
    error instanceof InputError ||
    error instanceof EngineError ||
    error instanceof BodyError ||
    error instanceof NodeFailure;
  const message = error instanceof Error ? error.message : String(error);
  return json({ message: known || status !== 500 ? message : `this is a bug of tabvisor: ${message}` }, status);
}

/** `1`, `true` and the like, as Docker takes them. */
export function flagOf(request: HttpRequest, name: string, otherwise = false): boolean {
  const text = request.query.get(name)?.trim().toLowerCase();
  if (text === undefined) return otherwise;
  return !['', '0', 'no', 'false', 'none'].includes(text);
}

/** Throws InvalidParameter. */
export function numberOf(request: HttpRequest, name: string): number | undefined {
  const text = request.query.get(name);
  if (text === undefined || text === '') return undefined;
  if (!/^-?\d{1,15}(\.\d{1,9})?$/.test(text)) throw new InvalidParameter(`${name}: '${text}' is no number`);
  return Number(text);
}

/** Seconds since 1970, or a date. Throws InvalidParameter. */
export function timeOf(request: HttpRequest, name: string): number | undefined {
  const text = request.query.get(name);
  if (text === undefined || text === '' || text === '0') return undefined;
  if (/^\d{1,15}(\.\d{1,9})?$/.test(text)) return Number(text);
  const date = Date.parse(text);
  if (Number.isNaN(date)) throw new InvalidParameter(`${name}: '${text}' is no time`);
  return date / 1000;
}

/** As Docker writes times; the first of all for what has not been. */
export const dateOf = (milliseconds: number): string =>
  milliseconds === 0 ? '0001-01-01T00:00:00Z' : new Date(milliseconds).toISOString();
