// `tabvisor vm run`: its options, and what its help says.
// docs/usage.md.
import { Command } from 'commander';
import { epilogue, type Example } from '../help.js';
import type { RawOptions } from '../options.js';
import { vmRun } from '../run-machine.js';

const EXAMPLES: readonly Example[] = [
  { command: 'tabvisor vm run', what: 'our own guest, at its monitor' },
  { command: 'tabvisor vm run --demo', what: 'our own guest runs its workloads; then VM exits by reason' },
  {
    command: 'tabvisor vm run --kernel vmlinuz --initrd initrd.gz --append console=ttyS0',
    what: 'Linux on the serial console',
  },
  {
    command: 'tabvisor vm run --bios bios-256k.bin --disk disk.img,snapshot --memory 512M',
    what: 'a disk by its boot sector; what is written to it is dropped at the end',
  },
  {
    command: 'tabvisor vm run --kernel vmlinuz --append console=ttyS0 --stats boot.json --timeout 60',
    what: 'a run with an end, and its statistics',
  },
  {
    command:
      "tabvisor vm run --kernel vmlinuz --initrd initrd.gz --append console=ttyS0 --send-after '# =make check; echo status $?\\n' --exit-on 'status 0=0' --exit-on 'status 2=1'",
    what: 'a boot, a command and its status',
  },
  {
    command:
      "printf 'uname -r\\npoweroff -f\\n' | tabvisor vm run --kernel vmlinuz --initrd initrd.gz --append console=ttyS0",
    what: 'what is piped in waits until the guest reads',
  },
  { command: 'tabvisor vm run --demo --no-ept', what: 'what extended page tables save' },
  {
    command:
      'tabvisor vm run --mode para --kernel vmlinuz --initrd initrd.gz --disk root.img --append "console=ttyS0 root=/dev/vda"',
    what: 'a guest that knows of the monitor; its disk is /dev/vda',
  },
  {
    command: 'tabvisor vm run --kernel vmlinuz --initrd initrd.gz --append console=ttyS0 --net user,switch=./lan.sock',
    what: 'one of several machines on a switch',
  },
  {
    command:
      'tabvisor vm run --mode para --kernel vmlinuz --initrd initrd.gz --virtio-port org.example.agent.0=./agent.sock',
    what: "the guest's /dev/virtio-ports/org.example.agent.0 is the host's agent.sock",
  },
  {
    command: 'tabvisor vm run --trace exit --append "run=port-io exit=poweroff" --serial none',
    what: 'each exit to the monitor, decoded',
  },
  {
    command: 'tabvisor vm run --kernel vmlinuz --dump-wat 0xc1000000',
    what: 'x86, micro-ops and WebAssembly of a block',
  },
];

const EXIT_STATUS =
  'Exit status: 0 the guest powered off; 96 it halted and nothing can wake it; 97 it reset the machine (--no-reboot); ' +
  '98 it panicked; 99 it crashed (triple fault); 124 the time is over; 125 a wrong option or our error; 130 interrupted; ' +
  'N with --exit-on TEXT=N; (value << 1) | 1 with --debug-exit.';
const KEYS = 'On a terminal, Ctrl-A x leaves and Ctrl-A h helps.';

/** For options that may be repeated. */
export const collect = (value: string, values: string[]): string[] => [...values, value];

export function vmRunCommand(): Command {
  return new Command('run')
    .description('run a virtual machine; with no kernel and no BIOS, our own small guest')
    .option(
      '--mode <mode>',
      'hw: guest code runs directly, sensitive instructions exit: fast, and any guest runs as it is; ' +
        'para: hw, and the guest helps: fewer exits, but its disks are /dev/vda, so you ask for it; ' +
        'full: every instruction is emulated',
      'hw',
    )
    .option('--no-ept', "no extended page tables: the monitor shadows the guest's page tables")
    .option('--no-apicv', "no APIC virtualization: each access to the local APIC's registers is an exit")
    .option('--no-vmx', 'VT-x switched off in the firmware: modes hw and para then refuse')
    .option('--kernel <file>', 'Linux bzImage or Multiboot kernel')
    .option('--initrd <file>', 'initial RAM disk, or the Multiboot module')
    .option('--append <text>', 'kernel command line')
    .option('--bios <file>', 'BIOS image at the reset vector (64, 128 or 256 KiB)')
    .option('--vgabios <file>', 'VGA option ROM')
    .option('--netrom <file>', "the network card's boot ROM, such as iPXE's, for --boot network")
    .option('--memory <size>', 'RAM, 2M to 3072M', '256M')
    .option(
      '--disk <file[,if=ide|,if=virtio][,ro|,snapshot|,overlay=F]>',
      'raw or qcow2 disk image; may be repeated',
      collect,
      [],
    )
    .option(
      '--floppy <file[,ro|,snapshot]>',
      'floppy disk image, 160K to 2880K, in drive A; a second one in drive B',
      collect,
      [],
    )
    .option('--cdrom <file>', 'ISO 9660 image in a CD-ROM drive')
    .option(
      '--serial <stdio|file:F|socket:PATH|none>',
      'where the first serial port goes; a Unix socket takes one client at a time (default: stdio, but for --display text)',
    )
    .option(
      '--display <text|none>',
      "show the guest's text screen on the terminal, which is then its keyboard (default: text for a person " +
        'who boots by a BIOS without --serial)',
    )
    .option(
      '--screenshot <file>',
      'write a picture of the screen (PNG), as it is at the end or by --screenshot-on; Ctrl-A p writes one at once',
    )
    .option(
      '--screenshot-on <text>',
      'write the picture when the text has come out of the serial port or is on the screen',
    )
    .option(
      '--send-after <text=input>',
      'when the text has come out of the console, type the input (\\n, \\r, \\t, \\e, \\xHH); repeated: one after the other',
      collect,
      [],
    )
    .option('--exit-on <text=status>', 'end with the status when the text has come out; may be repeated', collect, [])
    .option('--no-reboot', 'a reset ends the run (status 97)')
    .option('--debug-exit <port>', 'a write of V to this port ends the run with status (V << 1) | 1')
    .option('--log-port <port=file>', 'append each byte written to the port to the file; may be repeated', collect, [])
    .option('--max-instructions <n>', 'stop after so many guest instructions (status 124)')
    .option('--timeout <seconds>', 'stop after so many seconds (status 124)')
    .option(
      '--stats <file|->',
      'write statistics as JSON; - is standard output, or standard error where the guest has that',
    )
    .option('--trace <topics>', 'print trace lines: exit, io, mmio, irq, insn, boot, device')
    .option('--dump-wat <addr>', 'show the translated block at a linear address (hw); may be repeated', collect, [])
    .option('--clock <real|virtual>', 'machine time follows the host, or counts instructions (repeatable)', 'real')
    .option(
      '--net <none|user[,...]>',
      'network: user, behind it ,allow=ADDR[/BITS][:PORT] ,forward=[HOST]:PORT-[GUEST]:PORT ' +
        ',switch=SOCKET ,mac=ADDR ,card=ne2000|virtio',
      'none',
    )
    .option('--share <tag=folder[,ro]>', 'folder of the host that the guest mounts by 9p; may be repeated', collect, [])
    .option(
      '--virtio-port <name=socket|name=file:F>',
      'port /dev/virtio-ports/NAME of the guest, a Unix socket or file of the host; may be repeated',
      collect,
      [],
    )
    .option('--balloon <size>', 'memory that the guest is asked to give back (para)')
    .option(
      '--snapshot-on <text-and-file...>',
      'when the text has come out of the serial port, write a snapshot: "login:" F',
    )
    .option('--boot <order>', 'what a BIOS tries first: some of cd,disk,floppy,network (disk,floppy,cd,network)')
    .option('--entry <protected|real>', 'entry of a Linux kernel: 32-bit, or its 16-bit setup code', 'protected')
    .option('--demo', 'our own guest runs its workloads; then a summary')
    .addHelpText('after', epilogue(EXAMPLES, EXIT_STATUS, KEYS))
    .action(async (raw: RawOptions) => {
      process.exitCode = await vmRun(raw);
    });
}
