// Our command line said to QEMU, so that a test of ours can be tried on a machine that is known to be right.
// Source: qemu-system-i386(1). Set TABVISOR_MACHINE=qemu to run the tests of test/linux and test/boot there.

import { provisioned } from './provisioned.js';

export const onOracle = process.env.TABVISOR_MACHINE === 'qemu';

const same: Record<string, string> = {
  '--kernel': '-kernel',
  '--initrd': '-initrd',
  '--append': '-append',
  '--bios': '-bios',
  '--memory': '-m',
};

/** The command and arguments of QEMU that do what `tabvisor vm run ...args` does. */
export function qemuCommand(args: string[]): { command: string; args: string[] } {
  const command = provisioned('qemu');
  if (command === undefined) throw new Error('qemu is not there: run scripts/provision');
  const said = ['-accel', 'tcg', '-nodefaults', '-display', 'none', '-vga', 'std', '-serial', 'stdio'];
  const drives = { disk: 0 };
  for (let i = 0; i < args.length; i += 2) {
    const [name, value] = [args[i]!, args[i + 1]!];
    if (same[name] !== undefined) said.push(same[name], value);
    else if (name === '--disk') said.push('-drive', drive(value, drives.disk++));
    else if (name === '--cdrom') said.push('-drive', `file=${value},media=cdrom,if=ide,index=2,readonly=on`);
    else if (name === '--debug-exit') said.push('-device', `isa-debug-exit,iobase=${value},iosize=4`);
    else if (!['--mode', '--serial', '--timeout'].includes(name)) throw new Error(`QEMU knows nothing like ${name}`);
  }
  return { command, args: said };
}

function drive(value: string, index: number): string {
  const [file, ...options] = value.split(',');
  const flags = options.map((option) => ({ ro: ',readonly=on', snapshot: ',snapshot=on' })[option] ?? `,${option}`);
  const kind = options.some((option) => option.startsWith('if=')) ? '' : ',if=ide';
  return `file=${file},format=raw,index=${index},cache=unsafe${kind}${flags.join('')}`;
}
