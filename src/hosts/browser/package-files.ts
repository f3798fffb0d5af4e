// The package's own files in a browser: the core, fetched and compiled once, and our own guest.
// WebAssembly JavaScript Interface 5.1. Bundlers find `new URL(…, import.meta.url)`; src and dist/hosts are equally deep.
import { InputError, messageOf } from '../../base/errors.js';

let compiled: Promise<WebAssembly.Module> | undefined;

/** Throws InputError when it cannot be fetched, or not compiled by this browser. */
export function core(): Promise<WebAssembly.Module> {
  compiled ??= load().catch((error: unknown) => {
    compiled = undefined;
    throw error;
  });
  return compiled;
}

async function load(): Promise<WebAssembly.Module> {
  if (!('WebAssembly' in globalThis))
    throw new InputError('This browser has no WebAssembly.', 'Allow it in the settings, or take a current browser.');
  const bytes = await (await fetched(new URL('../../../build/core.wasm', import.meta.url))).arrayBuffer();
  try {
    return await WebAssembly.compile(bytes);
  } catch (error) {
    throw new InputError(
      `This browser cannot run the machine: ${messageOf(error)}.`,
      'Take Chrome 114, Firefox 121, Safari 18.2 or later.',
      { cause: error },
    );
  }
}

/** Throws InputError. */
export async function ownGuest(): Promise<Blob> {
  return (await fetched(new URL('../../../guest/build/tabvisor-guest.elf', import.meta.url))).blob();
}

/** The root of our own image, as a tar. Throws InputError. */
export async function ownRoot(): Promise<Blob> {
  return (await fetched(new URL('../../../guest/build/tabvisor-image.tar', import.meta.url))).blob();
}

async function fetched(url: URL): Promise<Response> {
  const failed = (why: string, cause?: unknown) =>
    new InputError(`${url.pathname} could not be loaded: ${why}.`, 'Check the connection and try again.', { cause });
  let response: Response;
  try {
    response = await fetch(url);
  } catch (error) {
    throw failed(messageOf(error), error);
  }
  if (!response.ok) throw failed(`${response.status} ${response.statusText}`);
  return response;
}
