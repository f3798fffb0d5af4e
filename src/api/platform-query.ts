// The platform of which something is asked: OS/ARCHITECTURE in the query, or since API 1.48 JSON. Docker Engine API; image-spec, image-index.md.
import { InvalidParameter } from '../engine/errors.js';
import { Members } from '../engine/json-members.js';
import type { HttpRequest } from '../http/message.js';

/** Each as linux/386. Throws InvalidParameter. */
export function platformsOf(request: HttpRequest, name = 'platform'): string[] {
  return request.queryAll
    .filter(([key, value]) => key === name && value !== '')
    .flatMap(([, value]) => parse(value, name));
}

/** One, or a list of them, each perhaps JSON in JSON. */
function parse(text: string, name: string): string[] {
  if (!/^[[{"]/.test(text)) return [text];
  let given: unknown;
  try {
    given = JSON.parse(text);
  } catch (error) {
    throw new InvalidParameter(`${name} ${text.slice(0, 100)}: is no JSON`, { cause: error });
  }
  return (Array.isArray(given) ? given : [given]).map((one) =>
    typeof one === 'string' ? parse(one, name)[0]! : textOf(new Members(one, name), name),
  );
}

function textOf(platform: Members, name: string): string {
  const [os, architecture, variant] = ['os', 'architecture', 'variant'].map((part) => platform.text(part));
  if (!os || !architecture) throw new InvalidParameter(`${name}: os and architecture are needed`);
  return [os, architecture, variant].filter(Boolean).join('/');
}
