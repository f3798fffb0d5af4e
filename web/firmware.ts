// The BIOS and video BIOS that machines without a kernel start with. They are not ours: the visitor drops them, once, or whoever serves the
// page puts them into its folder firmware/.
// Fetch; Service Workers 5.4 (Cache, which keeps what was dropped).
import { BIOS_SIZES, OPTION_ROM_MAX } from '../src/vmm/layout.js';
import type { NamedFile } from './machine/named-file.js';

export const FIRMWARE = ['bios', 'vgabios'] as const;
export type FirmwareKind = (typeof FIRMWARE)[number];
export type Firmware = Partial<Record<FirmwareKind, NamedFile>>;

const CACHE = 'tabvisor-firmware';
/** The header that has the name of a file that was dropped. */
const NAME = 'X-Name';

const addressOf = (kind: FirmwareKind): string => new URL(`./firmware/${kind}.bin`, document.baseURI).href;

/** What was dropped before. */
export function keptFirmware(): Promise<Firmware> {
  return collect(kept);
}

/** What lies beside the page. */
export function servedFirmware(): Promise<Firmware> {
  return collect(served);
}

async function collect(find: (kind: FirmwareKind) => Promise<NamedFile | undefined>): Promise<Firmware> {
  const found: Firmware = {};
  for (const kind of FIRMWARE) found[kind] = await find(kind);
  return found;
}

/** Keeps a dropped image for the next visit; a browser that keeps nothing does not. */
export async function keepFirmware(kind: FirmwareKind, file: File): Promise<void> {
  try {
    const headers = { [NAME]: encodeURIComponent(file.name) };
    await (await caches.open(CACHE)).put(addressOf(kind), new Response(file, { headers }));
  } catch {
    // it has to be dropped again
  }
}

export async function forgetFirmware(kind: FirmwareKind): Promise<void> {
  try {
    await (await caches.open(CACHE)).delete(addressOf(kind));
  } catch {
    // nothing was kept
  }
}

async function kept(kind: FirmwareKind): Promise<NamedFile | undefined> {
  try {
    const response = await (await caches.open(CACHE)).match(addressOf(kind));
    const name = response?.headers.get(NAME);
    return response && name ? { name: decodeURIComponent(name), blob: await response.blob() } : undefined;
  } catch {
    return undefined;
  }
}

async function served(kind: FirmwareKind): Promise<NamedFile | undefined> {
  try {
    const response = await fetch(addressOf(kind));
    const blob = await response.blob();
    // a host may answer with a page of its own
    const plausible =
      kind === 'bios' ? BIOS_SIZES.some((size) => size === blob.size) : blob.size <= OPTION_ROM_MAX && blob.size > 0;
    return response.ok && plausible ? { name: `${kind}.bin`, blob } : undefined;
  } catch {
    return undefined;
  }
}
