// Addresses of the web as far as a registry's answers have them, by the parser that every JavaScript host has.
// WHATWG URL; declared here because src sees neither the DOM's types nor Node's.

interface Url {
  readonly protocol: string;
  readonly host: string;
  readonly origin: string;
  readonly username: string;
  readonly password: string;
  readonly href: string;
  readonly searchParams: { append(name: string, value: string): void };
}
declare const URL: new (address: string, base?: string) => Url;

/** Undefined when it is no address of the web, or has a name and a password in it. */
export function parseUrl(address: string, base?: string): Url | undefined {
  try {
    const url = new URL(address, base);
    const isWeb = url.protocol === 'https:' || url.protocol === 'http:';
    return isWeb && url.username === '' && url.password === '' ? url : undefined;
  } catch {
    return undefined;
  }
}

export const isTls = (url: { protocol: string }): boolean => url.protocol === 'https:';
