// Writes docs/SYSCALLS.md from the table of system calls: `node scripts/gen-syscalls-page.mjs`, after a build.
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const load = (path) => import(new URL(`../build/js/src/kernel/syscalls/${path}`, import.meta.url).href);
const [{ SYSCALLS }, { syscallPage }] = await Promise.all([load('table.js'), load('page.js')]);
writeFileSync(fileURLToPath(new URL('../docs/SYSCALLS.md', import.meta.url)), syscallPage(SYSCALLS));
