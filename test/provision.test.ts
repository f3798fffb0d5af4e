// scripts/provision mends a cache of its own that is old, or has lost a piece, without being told.
// Source: scripts/provision.d/guest-packages.sh, run with a cache of empty files.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { root } from './provisioned.js';
import { scratch } from './scratch.js';

const parts = join(root, 'scripts/provision.d');

test('what is unpacked is looked at piece by piece, and the recipe with it', () => {
  const cache = scratch();
  const bash = (script: string) =>
    spawnSync('bash', ['-euc', `cache=$1; source "$2"; ${script}`, 'bash', cache, join(parts, 'guest-packages.sh')], {
      encoding: 'utf8',
    });
  const unpacked = (before = ':') => bash(`${before}; all_unpacked`).status === 0;
  mkdirSync(join(cache, 'debs'));
  writeFileSync(join(cache, 'debs/one_1_all.deb'), '');
  const pieces = bash('printf "%s\\n" "$' + '{UNPACKED_PIECES[@]}"')
    .stdout.trim()
    .split('\n');
  expect(pieces).toContain('grub-rescue-floppy.img');
  for (const piece of pieces) writeFileSync(join(cache, piece), '');

  writeFileSync(join(cache, '.unpacked'), 'one_1_all.deb\n'); // as it was before the recipe was in it
  expect(unpacked()).toBe(false);
  bash('unpacking_recipe > "$cache/.unpacked"');
  expect(unpacked()).toBe(true);
  expect(unpacked('unpack_guest_packages() { :; }')).toBe(false);
  for (const piece of pieces) {
    rmSync(join(cache, piece));
    expect(unpacked(), piece).toBe(false);
    writeFileSync(join(cache, piece), '');
  }
  writeFileSync(join(cache, 'debs/one_2_all.deb'), '');
  expect(unpacked()).toBe(false);
});

test('every piece of the manifest that comes out of a package is one that is looked at', () => {
  const script = `cache=/; source "$1/guest-packages.sh"; source "$1/manifest.sh"; printf '%s\\n' "$CACHE_PIECES" "$${'{UNPACKED_PIECES[*]}'}"`;
  const [manifest, looked] = execFileSync('bash', ['-euc', script, 'bash', parts], { encoding: 'utf8' }).split('\n');
  const elsewhere = /^(initramfs.*\.gz|debian(-probes)?|esbuild-ia32|docker-(compose|buildx)|dockerode\/.*)$/;
  const files = manifest.split('|').map((piece) => piece.split(' ')[1]);
  expect(files.filter((file) => !elsewhere.test(file)).sort()).toEqual(
    looked
      .split(' ')
      .filter((file) => file !== 'release')
      .sort(),
  );
});
