// What the kernel says that it is: the Linux whose interface this is. man 2 uname.

export const RELEASE = '6.1.0-tabvisor';
export const VERSION = '#1 SMP PREEMPT_DYNAMIC tabvisor';
