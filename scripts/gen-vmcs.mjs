// Turns the field table of the VMCS into addresses that the core compiles.
// Reads build/js/assembly/vmcs/rows.js; writes assembly/generated/vmcs.ts.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const load = (path) => import(pathToFileURL(join(root, 'build/js/assembly', path)));
const { VMCS_ROWS, VMCS_SLOT } = await load('vmcs/rows.js');
const { VMCS } = await load('abi.js');

const encodings = new Set(VMCS_ROWS.map(([, encoding]) => encoding));
if (encodings.size !== VMCS_ROWS.length) throw new Error('gen-vmcs: two fields have one encoding');

const text = `// Addresses of the VMCS fields.
// Made by scripts/gen-vmcs.mjs from assembly/vmcs/rows.ts: do not edit.
${VMCS_ROWS.map(([name], i) => `export const ${name}: usize = ${VMCS + i * VMCS_SLOT};`).join('\n')}
`;
const path = join(root, 'assembly/generated/vmcs.ts');
if (!existsSync(path) || readFileSync(path, 'utf8') !== text) writeFileSync(path, text);
