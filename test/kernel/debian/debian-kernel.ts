// A script in Debian's own kernel, with programs of Debian's root: what it prints there is how Linux has it.
import { readdirSync, readFileSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'vitest';
import { Console } from '../../console.js';
import { initramfsWith } from '../../linux/para-machine.js';
import { needs } from '../../provisioned.js';

const LIBRARIES = 'lib/i386-linux-gnu';
const INTERPRETER = 'lib/ld-linux.so.2';

/** Libraries that iproute2 is linked with. */
export const IPROUTE_LIBRARIES =
  'bpf.so.1 elf.so.1 mnl.so.0 bsd.so.0 cap.so.2 m.so.6 xtables.so.12 c.so.6 z.so.1 md.so.0'
    .split(' ')
    .map((name) => `lib${name}`);

export interface DebianKernelOptions {
  /** Paths in Debian's root, without the first slash: of programs, and names of libraries that they are linked with. */
  programs: readonly string[];
  libraries: readonly string[];
  /** Further programs. */
  files: Record<string, Uint8Array>;
  /** Modules of the kernel, in the folder kernel/. */
  modules: readonly string[];
}

/** What the script prints, as dash runs it; its own programs come first. */
export async function inDebiansKernel(
  context: TestContext,
  script: string,
  { programs, libraries, files, modules }: DebianKernelOptions,
): Promise<string> {
  const { kernel, debian, modules: all } = needs(context, 'kernel', 'debian', 'modules');
  const releases = join(all, 'lib/modules');
  const tree = join(releases, readdirSync(releases)[0]!);
  const content: Record<string, Uint8Array | string> = {
    [INTERPRETER]: readFileSync(realpathSync(join(debian, INTERPRETER))),
    'etc/tv/script': script,
    'etc/tv/go': `#!/bin/busybox sh
dmesg -n 1
for module in ${modules.map((path) => path.slice(path.lastIndexOf('/') + 1)).join(' ')}; do insmod /mnt/$module.ko; done
ip link set lo up
echo =====
PATH=/mnt:$PATH dash /etc/tv/script 2>&1
`,
  };
  for (const path of programs)
    content[`mnt/${path.slice(path.lastIndexOf('/') + 1)}`] = readFileSync(join(debian, path));
  for (const name of libraries) content[`lib/${name}`] = readFileSync(realpathSync(join(debian, LIBRARIES, name)));
  for (const path of modules)
    content[`mnt/${path.slice(path.lastIndexOf('/') + 1)}.ko`] = readFileSync(join(tree, `kernel/${path}.ko`));
  for (const [name, bytes] of Object.entries(files)) content[`mnt/${name}`] = bytes;
  const initrd = initramfsWith(context, content, 'initramfsIde');
  const append = 'console=ttyS0 cryptomgr.notests quiet tv.run="go"';
  const machine = ['--mode', 'hw', '--kernel', kernel, '--initrd', initrd, '--memory', '256M', '--append', append];
  const run = Console.machine(machine, { deadline: 300 });
  await run.exit();
  const { output } = run;
  return output.slice(output.indexOf('=====\n') + 6, output.indexOf('TV-EXIT'));
}
