// Runs a Linux guest in npm's v86 with its first serial port on stdout, as a process that can be measured.
// v86's v86.d.ts (V86Options); it has no BIOS of its own, so SeaBIOS starts it.
//
//   node bench/engines/v86-process.mjs '{"kernel": F, "initrd": F, "append": S, "memory": MIB, "bios": F, "vgabios": F, "translate": true, "disk": F}'
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { V86 } from 'v86';

const options = JSON.parse(process.argv[2]);
const file = (path) => {
  const bytes = readFileSync(path);
  return { buffer: bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) };
};
const MIB = 1 << 20;

const machine = new V86({
  wasm_path: createRequire(import.meta.url)
    .resolve('v86')
    .replace('libv86.mjs', 'v86.wasm'),
  memory_size: options.memory * MIB,
  vga_memory_size: 2 * MIB,
  bios: file(options.bios),
  vga_bios: file(options.vgabios),
  bzimage: file(options.kernel),
  initrd: file(options.initrd),
  cmdline: options.append,
  disable_jit: !options.translate,
  disable_speaker: true,
  ...(options.disk && { hda: file(options.disk) }),
  autostart: true,
});

let line = '';
machine.add_listener('serial0-output-byte', (byte) => {
  line += String.fromCharCode(byte);
  if (byte !== 10) return;
  process.stdout.write(line);
  line = '';
});
