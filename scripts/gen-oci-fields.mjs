// Writes the table of docs/oci-runtime.md from the fields of config.json: `node scripts/gen-oci-fields.mjs`, after a build.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const { fieldTable } = await import(new URL('../build/js/src/node/spec-fields.js', import.meta.url).href);
const page = fileURLToPath(new URL('../docs/oci-runtime.md', import.meta.url));
writeFileSync(page, readFileSync(page, 'utf8').replace(/\| Field \|[\s\S]*?\n(?=\n|$)/, `${fieldTable()}\n`));
