// Which flags an instruction leaves undefined. SDM vol. 1 appendix A.

export const CF = 1;
export const PF = 4;
export const AF = 0x10;
export const ZF = 0x40;
export const SF = 0x80;
export const OF = 0x800;
export const ALL = CF | PF | AF | ZF | SF | OF;
/** What is compared besides: IF, DF, IOPL, NT, AC, ID. */
export const SYSTEM = 0x247600;
