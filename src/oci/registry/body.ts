// Answers of a registry as documents: all of a small one, and what an error says.
// OCI distribution-spec, "Error Codes".
import { InputError } from '../../base/errors.js';
import type { HttpResponse } from '../../base/http.js';
import { isObject, parseJson } from '../json.js';

const ERROR_MAX = 65536;
const SHOWN_MAX = 300;

/** Rejects with InputError when it is longer than `most`, with HttpError when it breaks off. */
export async function bodyOf(response: HttpResponse, most: number): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const piece of response.body) {
    size += piece.length;
    if (size > most) {
      response.cancel();
      throw new InputError(`the registry's answer is longer than ${most} bytes`);
    }
    pieces.push(piece);
  }
  const all = new Uint8Array(size);
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}

/** What a registry says of its refusal, on one line, fit for a terminal. Never rejects. */
export async function errorOf(response: HttpResponse): Promise<string> {
  try {
    const { errors } = parseJson(await bodyOf(response, ERROR_MAX), 'error');
    const first = Array.isArray(errors) ? errors[0] : undefined;
    if (!isObject(first)) return `status ${response.status}`;
    const words = [first.code, first.message].filter((word) => typeof word === 'string' && word !== '');
    const code = typeof first.code === 'string' ? first.code.toLowerCase().replace(/_/g, ' ') : '';
    const text = words.length > 1 ? `${code}: ${first.message}` : String(words[0] ?? `status ${response.status}`);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
    return text.replace(/[\x00-\x1f\x7f-\x9f]+/g, ' ').slice(0, SHOWN_MAX);
  } catch {
    return `status ${response.status}`;
  }
}
