// Debian's installer in text mode, on the VGA's text screen and the PS/2 keyboard: to its first questions.
// Source: debian-installer-12-netboot-i386; its own words.

import { test } from 'vitest';
import { needs } from '../provisioned.js';
import { VmScreen } from '../vm-screen.js';

test('asks for the language, and then where one is', async (context) => {
  const { installerKernel: kernel, installerInitrd: initrd } = needs(context, 'installerKernel', 'installerInitrd');
  // Without a frame buffer, which would draw the text.
  const commandLine = 'vga=normal nomodeset fb=false quiet cryptomgr.notests';
  const screen = await VmScreen.start({ kernel, initrd, memory: '512M', commandLine });
  await screen.expect(/Select a language[\s\S]*English +- {2}English/, 500);
  screen.press('\r');
  await screen.expect(/Select your location[\s\S]*Country, territory or area/, 500);
});
