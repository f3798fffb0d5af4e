// Writes src/kernel/snapshot/modules.ts: all modules of the kernel that have classes, and those whose functions or tables hang in its objects.
// Run it when a module with a class comes or goes: a class that is not in it can't be written into a snapshot.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { argv } from 'node:process';
import { fileURLToPath } from 'node:url';

const kernel = fileURLToPath(new URL('../src/kernel/', import.meta.url));
/** No classes, but functions and tables that objects refer to. */
const TABLES = ['abi/i386/i386', 'fs/pipe', 'fs/procfs/system-directory', 'fs/sysfs/tree', 'syscalls/table'];

/** Of src/net, what sockets and interfaces are made of. */
const NET = [
  '../net/reassembly',
  ...['byte-queue', 'connection', 'receiver', 'sender'].map((name) => `../net/tcp/${name}`),
];

const identifier = (name) => {
  const words = name.replace('../net/', 'packets/');
  return words.replace(/[^a-zA-Z0-9]+(.)/g, (_, letter) => letter.toUpperCase());
};
const key = (name) => (/^\w+$/.test(name) ? name : `'${name}'`);

export const file = `${kernel}snapshot/modules.ts`;

/** What the file is to say. */
export function modulesText() {
  const modules = readdirSync(kernel, { recursive: true })
    .map((name) => String(name).replaceAll('\\', '/'))
    .filter((name) => /(?<!\.test)\.ts$/.test(name) && !name.startsWith('snapshot/'))
    .filter((name) => /^export (abstract )?class /m.test(readFileSync(kernel + name, 'utf8')))
    .map((name) => name.slice(0, -3));
  const names = [...new Set([...modules, ...TABLES])].sort().concat(NET);
  return `// Made by scripts/gen-snapshot-modules.mjs: the modules whose classes, functions and constants a node's state may be made of.
// A class that is not here can't be written, which is said.
${names.map((name) => `import * as ${identifier(name)} from '../${name}.js';\n`).join('')}import type { Modules } from './names.js';

export const MODULES: Modules = {
${names.map((name) => `  ${key(name) === identifier(name) ? key(name) : `${key(name)}: ${identifier(name)}`},\n`).join('')}};
`;
}

if (argv[1] === fileURLToPath(import.meta.url)) writeFileSync(file, modulesText());
