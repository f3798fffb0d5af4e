// WASI programs for tests: our own, built by AssemblyScript.
import { execFileSync } from 'node:child_process';
import { copyFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../provisioned.js';

/** The module of preview 1 that does what its first argument says, built in `folder`. */
export function wasiProgram(folder: string): Uint8Array {
  // its compiler wants this name, ours must not see it
  const source = join(folder, 'program.ts');
  const module = join(folder, 'program.wasm');
  copyFileSync(join(root, 'test/docker/wasi-program.as'), source);
  const asc = join(root, 'node_modules/assemblyscript/bin/asc.js');
  const options = ['--runtime', 'incremental', '--use', 'abort=', '--debug', '-O'];
  execFileSync(process.execPath, [asc, 'program.ts', '-o', 'program.wasm', ...options], { cwd: folder });
  return readFileSync(module);
}
