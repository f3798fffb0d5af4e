// The few BIOS services that Linux's 16-bit setup code cannot do without, when there is no BIOS: INT 15h E820h.
// ACPI 6.4 section 15.1; every other interrupt returns with carry set, "not supported".
import { viewOf } from '../../base/bytes.js';
import type { BootMemory } from './boot-memory.js';
import { type E820Entry, encodeMap } from './e820.js';

const SERVICES = 0x600;
const INT15 = SERVICES + 9;
const COUNT_AT = 0x64;
const VECTORS = 256;

/** Listing: org 600h, 16-bit. */
const CODE = [
  '55 89E5 804E0601 5D CF', //            unsupported: push bp; mov bp,sp; or byte [bp+6],1; pop bp; iret
  '55 89E5 663D20E80000 7547', //         int15: push bp; mov bp,sp; cmp eax,0E820h; jne fail
  '2E3B1E6406 7340 56 57 51 53', //       cmp bx,[cs:count]; jae fail; push si, di, cx, bx
  '6BF314 81C66606 B90A00', //            imul si,bx,20; add si,table; mov cx,10
  '2E8B1C 26891D 83C602 83C702 E2F2', //  copy: mov bx,[cs:si]; mov [es:di],bx; add si,2; add di,2; loop copy
  '5B 59 5F 5E 43 2E3B1E6406 7202 31DB', // pop bx, cx, di, si; inc bx; cmp bx,[cs:count]; jb more; xor bx,bx
  '660FB7DB 66B914000000 66B850414D53', // more: movzx ebx,bx; mov ecx,20; mov eax,'SMAP'
  '806606FE 5D CF', //                    and byte [bp+6],0FEh; pop bp; iret
  '804E0601 B486 5D CF 90', //            fail: or byte [bp+6],1; mov ah,86h; pop bp; iret; nop
  '0000', //                              count: dw 0, then the table
].join('');

export function installRealModeServices(memory: BootMemory, map: readonly E820Entry[]): void {
  const vectors = memory.view(0, VECTORS * 4);
  for (let vector = 0; vector < VECTORS; vector++) vectors.setUint32(vector * 4, SERVICES, true);
  vectors.setUint32(0x15 * 4, INT15, true);
  const code = Uint8Array.from(CODE.replaceAll(' ', '').match(/../g)!, (byte) => Number.parseInt(byte, 16));
  viewOf(code).setUint16(COUNT_AT, map.length, true);
  memory.write(SERVICES, code);
  memory.write(SERVICES + code.length, encodeMap(map));
}
