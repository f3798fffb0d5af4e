// The guest's text screen on a terminal, the terminal's keys on its keyboard, pictures of what a terminal cannot show.
// Source: docs/usage.md, "The screen"; test/boot/screen.asm is the guest.

import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { inflateSync } from 'node:zlib';
import { expect, type TestContext, test } from 'vitest';
import { Console } from '../console.js';
import { syslinuxFloppy } from '../boot/images.js';
import { needs, root } from '../provisioned.js';
import { scratch } from '../scratch.js';
import { TerminalScreen } from '../terminal-screen.js';

/** Arguments of a machine that boots test/boot/screen.asm. */
function machine(context: TestContext): string[] {
  const { bios, vgabios, nasm } = needs(context, 'bios', 'vgabios', 'nasm');
  const disk = join(scratch(), 'screen.img');
  execFileSync(nasm, ['-f', 'bin', fileURLToPath(new URL('../boot/screen.asm', import.meta.url)), '-o', disk]);
  const firmware = ['--bios', bios, '--vgabios', vgabios, '--memory', '16M', '--debug-exit', '0xf4'];
  return [...firmware, '--disk', `${disk},ro`];
}

/** The pixels of a PNG that png.ts has written: RGB, filter 0. */
function pixelsOf(file: string): { width: number; height: number; pixel(x: number, y: number): number[] } {
  const bytes = readFileSync(file);
  const [width, height] = [bytes.readUInt32BE(16), bytes.readUInt32BE(20)];
  const data = inflateSync(bytes.subarray(41, 41 + bytes.readUInt32BE(33)));
  return { width, height, pixel: (x, y) => [...data.subarray(y * (1 + 3 * width) + 1 + 3 * x).subarray(0, 3)] };
}

test('a person who boots by a BIOS sees the screen: colours, cursor, keys; the terminal is given back', async (context) => {
  const screen = new TerminalScreen(context, 90, 30, machine(context));
  const { terminal } = screen;
  await screen.shows('READY');
  expect(terminal.styleOf('READY')).toBe('0;93;44');
  await screen.shows("this is the guest's screen; Ctrl-A x leaves, Ctrl-A h helps");
  // each is what int 16h, function 10h, says of the key
  for (const [keys, code] of [
    ['A', '1e41'],
    ['\x1b[A', '48e0'],
    ['\x1bOP', '3b00'],
    ['\x1b[15~', '3f00'],
    ['\x1bx', '2d00'],
    ['\x03', '2e03'],
    ['\x1b', '011b'],
    ['\x1b[1;5D', '73e0'],
    ['\x7f', '0e08'],
    ['\r', '1c0d'],
  ]) {
    screen.send(keys);
    await screen.shows(code);
  }
  await screen.shows('1e41 48e0 3b00 3f00 2d00 2e03 011b 73e0 0e08 1c0d ');
  expect([terminal.row, terminal.column, terminal.cursorShows]).toEqual([1, 50, true]);
  screen.send('\x01h');
  await screen.shows('Ctrl-A d  send Ctrl-Alt-Del');
  screen.send(' ');
  screen.send('\x01p');
  await screen.shows('screenshot tabvisor-');
  screen.send('g');
  await screen.shows('The guest shows a picture of 320 x 200; Ctrl-A p writes it to a file.');
  screen.send('\x01x');
  expect(await screen.exit()).toBe(130);
  expect(terminal).toMatchObject({ alternate: false, cursorShows: true });
  expect(terminal.plain).toMatch(/READY\n1e41 48e0 .*\ntabvisor: screenshot tabvisor-[\d-]+\.png: 720 x 400\n$/);
  const [file] = /tabvisor-[\d-]+\.png/.exec(terminal.plain)!;
  const picture = pixelsOf(join(root, file));
  rmSync(join(root, file));
  expect([picture.width, picture.height]).toEqual([720, 400]);
  // paper, and somewhere in the R of READY its ink
  expect(picture.pixel(8, 0)).toEqual([0, 0, 170]);
  expect(Array.from({ length: 8 }, (_, x) => picture.pixel(x, 7).join())).toContain('255,255,85');
});

test('GRUB’s rescue floppy in a terminal: the menu by arrows, the prompt, its files', async (context) => {
  const { bios256k, vgabios, grubFloppy } = needs(context, 'bios256k', 'vgabios', 'grubFloppy');
  const firmware = ['--bios', bios256k, '--vgabios', vgabios, '--memory', '64M'];
  const screen = new TerminalScreen(context, 80, 25, [...firmware, '--floppy', `${grubFloppy},snapshot`]);
  await screen.shows('*GNU/Linux');
  await screen.shows('┌──────');
  screen.send('\x1b[B\x1b[B');
  await screen.shows('*FreeBSD (or GNU/kFreeBSD), direct boot');
  screen.send('c');
  await screen.shows('grub>');
  screen.send('ls\r');
  await screen.shows(/\ngrub> ls *\n *\(fd0\).*\n(.*\n)*grub>/);
  screen.send('\x01x');
  expect(await screen.exit()).toBe(130);
  expect(screen.terminal.plain).toMatch(/\ngrub> ls\n\(fd0\).*\ngrub>\n$/);
});

test('syslinux at its prompt in a terminal: what is typed, and an answer', async (context) => {
  const { bios256k, vgabios } = needs(context, 'bios256k', 'vgabios');
  const image = join(scratch(), 'syslinux.img');
  syslinuxFloppy(image, 1440, 'a floppy', needs(context, 'syslinux', 'mformat', 'mcopy'));
  const firmware = ['--bios', bios256k, '--vgabios', vgabios, '--memory', '32M'];
  const screen = new TerminalScreen(context, 80, 25, [...firmware, '--floppy', `${image},snapshot`]);
  await screen.shows('boot:');
  screen.send('not-there\r');
  await screen.shows('boot: not-there');
  await screen.shows('Loading not-there... failed: No such file or directory');
  screen.send('\x01x');
  expect(await screen.exit()).toBe(130);
});

test('a small terminal shows what is around the cursor', async (context) => {
  const screen = new TerminalScreen(context, 40, 12, machine(context));
  await screen.shows('READY');
  screen.send(`${'\t'.repeat(200)}q`);
  expect(await screen.exit()).toBe((0x15 << 1) | 1);
  // the last screen as a whole is left behind
  expect(screen.terminal.plain).toMatch(/READY\n(?:(?:0f09 ){15}0f09\n){12}(?:0f09 ){7}0f09\n$/);
});

test('without a terminal the screen is text that goes by, and a script types; a picture at the end', async (context) => {
  const file = join(scratch(), 'screen.png');
  const typed = ['--send-after', 'READY=\\e[Bx', '--send-after', '2d78 =g', '--exit-on', 'never=1'];
  const args = [...machine(context), '--display', 'text', ...typed, '--screenshot', file, '--timeout', '25'];
  const console = Console.machine(args, { deadline: 100 });
  await console.expect(/^READY\n50e0 2d78 $/m);
  expect(await console.exit()).toBe(124);
  expect(console.output).toContain(`screenshot ${file}: 320 x 200`);
  expect(pixelsOf(file).pixel(160, 100)).toEqual([170, 0, 0]);
});

test('--screenshot-on: the picture of that moment', async (context) => {
  const file = join(scratch(), 'ready.png');
  const args = [...machine(context), '--serial', 'none', '--screenshot', file, '--screenshot-on', 'READY'];
  const console = Console.machine([...args, '--timeout', '20'], { deadline: 100 });
  await console.expect(`screenshot ${file}: 720 x 400`);
  console.kill('SIGTERM');
  expect(await console.exit()).toBe(130);
  expect(pixelsOf(file).pixel(8, 0)).toEqual([0, 0, 170]);
});

test.each([
  [['--display', 'text', '--serial', 'stdio'], 'the terminal shows one of them'],
  [['--display', 'sdl'], '--display sdl: unknown'],
  [['--screenshot', '/no/dir/x.png'], '--screenshot /no/dir/x.png: no such file'],
])('refuses %j', async (args, message) => {
  const console = Console.machine(args, { deadline: 60 });
  expect(await console.exit()).toBe(125);
  expect(console.output).toContain(message);
});
