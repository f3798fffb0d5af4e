// What DHCP tells a machine that boots from the network. RFC 2131 section 2, RFC 2132 section 9.5.
import { expect, test } from 'vitest';
import { BOOT_FILE_MAX, checkBootFile } from '../boot-file.js';
import { FIRST_GUEST, GATEWAY, LAST_GUEST, MASK, NAME_SERVER } from '../private-network.js';
import { DhcpServer } from './dhcp.js';

const DISCOVER = 1;

function reply(bootFile?: string): { file: string; option: string | undefined } {
  const server = new DhcpServer({
    ...{ clock: { now: () => 0 }, server: GATEWAY, mask: MASK, router: GATEWAY, dns: NAME_SERVER, bootFile },
    ...{ first: FIRST_GUEST, last: LAST_GUEST, heardAt: () => undefined },
  });
  const message = new Uint8Array(300);
  message.set([1, 1, 6, 0, 1, 2, 3, 4]);
  message.set([0x63, 0x82, 0x53, 0x63, 53, 1, DISCOVER, 255], 236);
  const bytes = server.answer(message)!;
  const text = (part: Uint8Array): string => String.fromCharCode(...part);
  const options = new Map<number, string>();
  for (let at = 240; bytes[at] !== 255; at += 2 + bytes[at + 1])
    options.set(bytes[at], text(bytes.subarray(at + 2, at + 2 + bytes[at + 1])));
  const file = text(bytes.subarray(108, 236));
  return { file: file.slice(0, file.indexOf('\0')), option: options.get(67) };
}

test('the boot file is in the field and in the option, as long as it may be', () => {
  for (const name of ['http://10.0.2.2:8000/boot.ipxe', 'x'.repeat(BOOT_FILE_MAX)])
    expect(reply(name)).toEqual({ file: name, option: name });
  expect(reply()).toEqual({ file: '', option: undefined });
});

test.each(['', 'x'.repeat(BOOT_FILE_MAX + 1), 'a b', 'ü', 'a\nb'])('%j is no boot file', (name) => {
  expect(() => checkBootFile(name, 'bootfile')).toThrow('bootfile');
});
