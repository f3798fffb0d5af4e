// What a machine that has printed nothing yet is doing, in words; and how long it has been on.
// SDM vol. 3A section 2.5 (CR0.PE, CR0.PG): a PC comes up in real mode, its loader leaves it, its kernel turns paging on.

const PROTECTION = 1;
const PAGING = 0x80000000;

/** By the guest's CR0. */
export function phaseOf(cr0: number): string {
  if (cr0 & PAGING) return 'the kernel has turned paging on';
  if (cr0 & PROTECTION) return 'in protected mode: a loader, or a kernel that unpacks itself';
  return 'in real mode: firmware or a boot loader';
}

/** `0:07`, `12:30`, `1:02:03`. */
export function elapsed(milliseconds: number): string {
  const seconds = Math.floor(milliseconds / 1000);
  const two = (value: number): string => String(value).padStart(2, '0');
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  return hours > 0 ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
}
