// Builds the vDSO from its source into src/kernel/abi/i386/vdso-image.ts: `node guest/vdso/build.mjs [FILE]`.
// The same compiler gives the same bytes anywhere; test/guest-image.test.ts holds the image to its source.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const output = process.argv[2] ?? join(here, '../../src/kernel/abi/i386/vdso-image.ts');

const flags = [
  ...[
    '-m32',
    '-march=i686',
    '-mtune=generic',
    '-O2',
    '-fPIC',
    '-fno-stack-protector',
    '-fcf-protection=none',
    '-fomit-frame-pointer',
  ],
  ...['-fno-ident', '-nostdlib', '-shared', '-s', '-Wall', '-Wextra', `-ffile-prefix-map=${here}=vdso`],
];
const linking = [
  '-Bsymbolic',
  '--hash-style=sysv',
  '-soname=linux-gate.so.1',
  '--build-id=none',
  '--eh-frame-hdr',
  '-z',
  'max-page-size=4096',
];

const folder = mkdtempSync(join(tmpdir(), 'vdso-'));
try {
  const image = join(folder, 'vdso.so');
  const passed = linking.map((flag) => `-Wl,${flag}`);
  execFileSync('gcc', [...flags, ...passed, `-Wl,-T,${join(here, 'i386.lds')}`, '-o', image, join(here, 'i386.c')], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const hex = readFileSync(image).toString('hex');
  const lines = hex.match(/.{1,120}/g).map((line) => `  '${line}',`);
  writeFileSync(
    output,
    `// The vDSO of i386 programs, an ELF image in hexadecimal.\n// Made by guest/vdso/build.mjs from guest/vdso/i386.c: do not edit.\nexport const VDSO_I386 = [\n${lines.join('\n')}\n].join('');\n`,
  );
} finally {
  rmSync(folder, { recursive: true });
}
