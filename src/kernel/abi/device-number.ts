// Device numbers, as stat(2) shows them. Linux include/linux/kdev_t.h, new_encode_dev: 12 bits of major, 20 of minor.

export function makedev(major: number, minor: number): number {
  return ((minor & 0xff) | ((major & 0xfff) << 8) | ((minor & 0xfff00) << 12)) >>> 0;
}
export function majorOf(device: number): number {
  return (device >>> 8) & 0xfff;
}
export function minorOf(device: number): number {
  return (device & 0xff) | ((device >>> 12) & 0xfff00);
}
