// personality(2): flags. Linux uapi/linux/personality.h.

export const READ_IMPLIES_EXEC = 0x400000;
/** What a program that gains rights does not keep. */
export const PER_CLEAR_ON_SETID = READ_IMPLIES_EXEC | 0x40000 | 0x200000 | 0x100000;
