// Who may ask a server on a port of loopback: programs of this machine, and no web page. A page's requests have an Origin, or a Host that is
// a name which its owner has made to mean loopback (DNS rebinding). RFC 6454 section 7; Fetch, "Sec-Fetch-Site".
import type { Handler } from './message.js';

const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d{1,5})?$/i;

function refusal(headers: ReadonlyMap<string, string>): string | undefined {
  const host = headers.get('host') ?? '';
  if (!LOOPBACK.test(host)) return `Host is '${host.slice(0, 100)}', which is no name of loopback`;
  if (headers.has('origin') || headers.has('sec-fetch-site')) return 'web pages may not ask this server';
  return undefined;
}

/** Answers 403 to whoever may be a web page. */
export function localOnly(handler: Handler): Handler {
  return async (request) => {
    const why = refusal(request.headers);
    if (why === undefined) return handler(request);
    return { status: 403, headers: { 'content-type': 'application/json' }, body: JSON.stringify({ message: why }) };
  };
}
