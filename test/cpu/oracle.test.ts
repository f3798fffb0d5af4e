// The privileged half of the CPU: small programs that log what happens to them, run here and in QEMU; the logs must be equal.
// Source: the programs beside this file, each with its chapters of the SDM; stricter.txt was read against the manual.

import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, type TestContext, test } from 'vitest';
import { Console } from '../console.js';
import { needs } from '../provisioned.js';
import { scratch } from '../scratch.js';

const folder = dirname(fileURLToPath(import.meta.url));
const DEADLINE = 120;
/** What isa-debug-exit makes of the programs' final 0. */
const DONE = 1;
const ALL_MODES = [['full'], ['hw'], ['hw', '--no-ept'], ['para']];

function assemble(nasm: string, program: string, to: string): string {
  const image = join(to, `${program}.bin`);
  execFileSync(nasm, ['-f', 'bin', '-I', `${folder}/`, join(folder, `${program}.asm`), '-o', image], { stdio: 'pipe' });
  return image;
}

async function ours(image: string, to: string, mode: readonly string[] = ['full']): Promise<string[]> {
  const log = join(to, `ours-${mode.join('')}.log`);
  const args = ['--mode', ...mode, '--kernel', image, '--memory', '64M', '--serial', 'none'];
  const console = Console.machine([...args, '--debug-exit', '0xf4', '--log-port', `0xe9=${log}`], {
    deadline: DEADLINE,
  });
  expect(await console.exit(), console.output).toBe(DONE);
  return lines(log);
}

function oracle(qemu: string, image: string, to: string): string[] {
  const log = join(to, 'oracle.log');
  const machine = ['-accel', 'tcg', '-cpu', 'max', '-nodefaults', '-display', 'none', '-no-reboot', '-m', '64M'];
  const devices = ['-debugcon', `file:${log}`, '-device', 'isa-debug-exit,iobase=0xf4,iosize=4'];
  const end = spawnSync(qemu, [...machine, ...devices, '-kernel', image], { timeout: DEADLINE * 1000, stdio: 'pipe' });
  expect(end.status, end.stderr?.toString()).toBe(DONE);
  return lines(log);
}

function lines(file: string): string[] {
  return existsSync(file) ? readFileSync(file, 'latin1').split('\n') : [];
}

async function agrees(
  context: TestContext,
  program: string,
  least: number,
  modes: readonly (readonly string[])[] = [['full']],
): Promise<void> {
  const tools = needs(context, 'nasm', 'qemu');
  const to = scratch();
  const image = assemble(tools.nasm, program, to);
  const expected = oracle(tools.qemu, image, to);
  expect(expected.length).toBeGreaterThan(least);
  for (const mode of modes) expect(await ours(image, to, mode), mode.join(' ')).toEqual(expected);
}

test('selectors: loads, LAR, LSL, VERR, LLDT, LTR of every kind of descriptor', (context) =>
  agrees(context, 'selectors', 3000));
test('gates: far calls, jumps and returns, interrupt gates, inner stacks', (context) => agrees(context, 'gates', 250));
test('tasks: the hardware task switch and its refusals', (context) => agrees(context, 'tasks', 100));
test('v86: virtual-8086 mode, IOPL, the I/O bitmap', (context) => agrees(context, 'v86', 70));
test('paging: rights, accessed and dirty bits, PSE, PAE, NX, double faults', (context) =>
  agrees(context, 'paging', 1000));
test('debug: breakpoints, single step, control registers, SYSENTER', (context) => agrees(context, 'debug', 30));

test('nmi: NMIs from within the handler of one, in all modes', (context) => agrees(context, 'nmi', 6, ALL_MODES));

test('irq13: x87 errors by FERR# to IRQ 13, in all modes', async (context) => {
  const tools = needs(context, 'nasm');
  const to = scratch();
  const image = assemble(tools.nasm, 'irq13', to);
  const expected = lines(join(folder, 'irq13.txt'));
  for (const mode of ALL_MODES) {
    expect(await ours(image, to, [...mode, '--clock', 'virtual']), mode.join(' ')).toEqual(expected);
  }
});

test('stricter: where the manual asks for more than the oracle does', async (context) => {
  const tools = needs(context, 'nasm');
  const to = scratch();
  expect(await ours(assemble(tools.nasm, 'stricter', to), to)).toEqual(lines(join(folder, 'stricter.txt')));
});
