// reboot(2): what must be said, and what is asked. include/uapi/linux/reboot.h.
export const LINUX_REBOOT_MAGIC1 = 0xfee1dead;
/** Any of them. */
export const LINUX_REBOOT_MAGIC2: readonly number[] = [0x28121969, 0x05121996, 0x16041998, 0x20112000];

export const LINUX_REBOOT_CMD_RESTART = 0x01234567;
export const LINUX_REBOOT_CMD_RESTART2 = 0xa1b2c3d4;
export const LINUX_REBOOT_CMD_HALT = 0xcdef0123;
export const LINUX_REBOOT_CMD_POWER_OFF = 0x4321fedc;
export const LINUX_REBOOT_CMD_CAD_ON = 0x89abcdef;
export const LINUX_REBOOT_CMD_CAD_OFF = 0;
