// System V IPC's numbers. Linux uapi/linux/{ipc,sem,shm,msg}.h.
export const IPC_PRIVATE = 0;
export const IPC_CREAT = 0o1000;
export const IPC_EXCL = 0o2000;
export const IPC_NOWAIT = 0o4000;
export const IPC_RMID = 0;
export const IPC_SET = 1;
export const IPC_STAT = 2;
export const IPC_INFO = 3;
/** Of a command: its struct is the newer one. */
export const IPC_64 = 0x100;

export const SEM_GETPID = 11;
export const SEM_GETVAL = 12;
export const SEM_GETALL = 13;
export const SEM_GETNCNT = 14;
export const SEM_GETZCNT = 15;
export const SEM_SETVAL = 16;
export const SEM_SETALL = 17;
export const SEM_STAT = 18;
export const SEM_INFO = 19;
export const SEM_STAT_ANY = 20;
export const SEM_UNDO = 0x1000;
/** The largest value of a semaphore, and of what undoes an operation. */
export const SEMVMX = 32767;

export const SHM_LOCK = 11;
export const SHM_UNLOCK = 12;
export const SHM_STAT = 13;
export const SHM_INFO = 14;
export const SHM_STAT_ANY = 15;
export const SHM_RDONLY = 0o10000;
export const SHM_RND = 0o20000;
export const SHM_REMAP = 0o40000;
export const SHM_EXEC = 0o100000;
export const SHM_HUGETLB = 0o4000;
/** Of a segment's mode: it goes with its last map; it is kept in memory. */
export const SHM_DEST = 0o1000;
export const SHM_LOCKED = 0o2000;

export const MSG_STAT = 11;
export const MSG_INFO = 12;
export const MSG_STAT_ANY = 13;
export const MSG_NOERROR = 0o10000;
export const MSG_EXCEPT = 0o20000;
export const MSG_COPY = 0o40000;
