// What scripts/provision has left for the tests, by name. A missing piece skips a test, or fails it where all is required.
// Source: .cache/guest/manifest.json, written by scripts/provision.d/manifest.sh.

import { existsSync, readFileSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { TestContext } from 'vitest';

/** The repository's root. */
export const root = fileURLToPath(new URL('..', import.meta.url));

let manifest: Record<string, string> | undefined;

function readManifest(): Record<string, string> {
  try {
    return JSON.parse(readFileSync(join(root, '.cache/guest/manifest.json'), 'utf8'));
  } catch {
    return {};
  }
}

/** Absolute path of a provisioned piece (`kernel`, `initramfs`, `qemu` ...), or undefined when it is not there. */
export function provisioned(name: string): string | undefined {
  manifest ??= readManifest();
  const path = manifest[name];
  if (path === undefined) return undefined;
  const absolute = isAbsolute(path) ? path : join(root, path);
  return existsSync(absolute) ? absolute : undefined;
}

/**
 * Paths of the pieces that a test cannot do without. Where one is missing the test is skipped,
 * or fails when TABVISOR_REQUIRE_ALL=1 (as .ci/run sets it).
 */
export function needs<Name extends string>(context: TestContext, ...names: Name[]): Record<Name, string> {
  const found = {} as Record<Name, string>;
  for (const name of names) {
    const path = provisioned(name);
    if (path === undefined) missing(context, `${name} is not there: run scripts/provision`);
    found[name] = path;
  }
  return found;
}

/** Skips a test for want of something outside the repository, or fails it when TABVISOR_REQUIRE_ALL=1. */
export function missing(context: TestContext, reason: string): never {
  if (process.env.TABVISOR_REQUIRE_ALL === '1') throw new Error(reason);
  return context.skip(reason);
}
