// Help keeps to the terminal's width, whatever that is, and loses nothing by it.
// Source: docs/usage.md.
import { Command } from 'commander';
import { expect, test } from 'vitest';
import { epilogue, helpLayout } from './help.js';

const LONG = '--net <user[,allow=ADDR][,forward=[HOST]:PORT-[GUEST]:PORT][,switch=SOCKET]>';

function help(columns: number): string {
  const command = new Command('run')
    .configureHelp({ ...helpLayout, helpWidth: columns })
    .description('run a virtual machine; with no kernel and no BIOS, our own small guest')
    .option('--mode <mode>', 'hw: guest code runs directly, sensitive instructions exit', 'hw')
    .option(LONG, `network ${'x'.repeat(100)}`, (value, all: string[]) => [...all, value], []);
  return command.helpInformation();
}

test.each([40, 60, 80, 132])('%i columns', (columns) => {
  const lines = help(columns).split('\n');
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(columns);
  const words = lines.join('').replace(/\s+/g, '');
  for (const part of [LONG, 'x'.repeat(100), 'sensitive instructions exit (default: hw)'])
    expect(words).toContain(part.replace(/\s+/g, ''));
  expect(words).not.toContain('default:[]');
});

test('an example can be copied: what a shell joins is the command', () => {
  const command = `tabvisor vm run --kernel vmlinuz --memory 512M --append "console=ttyS0 root=/dev/vda" --exit-on 'a b=1' --demo`;
  const text = epilogue([{ command, what: 'one' }], 'The end.')();
  const shown = /^ {2}# one\n([\s\S]*?)\n\nThe end\.$/m.exec(text)![1];
  expect(shown.split('\n').length).toBeGreaterThan(1);
  expect(shown.replace(/ \\\n */g, ' ').trim()).toBe(command);
  expect(shown).not.toMatch(/--memory \\/);
});
