// Bodies of requests, bounded: JSON as clients send it.
import { Gathered } from '../base/gathered.js';
import { decodeText } from '../base/text.js';
import type { HttpRequest } from './message.js';

/** Bytes of a body that is read whole, at most. */
const BODY_MAX = 4 << 20;

export class BodyError extends Error {}

/** The body as JSON; undefined when there is none. Throws BodyError. */
export async function readJson(request: HttpRequest): Promise<unknown> {
  const gathered = new Gathered();
  try {
    for await (const piece of request.body) {
      if (gathered.length + piece.length > BODY_MAX) throw new BodyError(`the body is longer than ${BODY_MAX} bytes`);
      gathered.add(piece);
      request.keeps?.(gathered.length);
    }
  } finally {
    request.keeps?.(0);
  }
  const text = decodeText(gathered.bytes);
  if (text === undefined) throw new BodyError('the body is no UTF-8');
  if (text.trim() === '') return undefined;
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new BodyError(`the body is no JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
}
