// The filesystems that mount(2) can make, by their names in /proc/filesystems.

export const FILE_SYSTEM_TYPES = ['tmpfs', 'proc', 'devpts'] as const;
