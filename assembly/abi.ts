// The host contract: the memory map of a machine, offsets of the CPU state, exit reasons.
// One wasm memory a machine: state, TLBs, decoded code, then guest RAM. Shared by the core (AssemblyScript) and the host
// (TypeScript), so plain numbers only. Offsets are bytes from 0; sizes in bytes unless said.

// ---- memory map ---------------------------------------------------------------------------------------------------
export const STATE = 1024;
/** String I/O data, little-endian items: filled by the host for INS, by the core for OUTS. One page. */
export const PIO_DATA = 4096;
export const PIO_DATA_SIZE = 4096;
/** Posted MMIO writes of the last instruction: MMIO_QUEUE_MAX entries of {address u32, width u32, value u64}. */
export const MMIO_QUEUE = 8192;
export const MMIO_QUEUE_MAX = 64;
/** Answers to MMIO and port reads of the instruction that is being restarted: same entry shape. */
export const REPLAY = 9216;
export const REPLAY_MAX = 64;
/** Sentinel micro-ops and the one-shot buffer of uncached instructions. */
export const SCRATCH_UOPS = 12288;
/** The VMCS: fields of 8 bytes in the order of vmcs/rows.ts. */
export const VMCS = 16384;
/** Registers of the machine's local APIC at their offsets, as the host keeps them for the core to answer: mmu/apic-access.ts. One page. */
export const APIC_PAGE = 20480;
/** Translations of guest-physical pages through the EPT: EPT_CACHE_SIZE entries of {page number and rights u32, host page u32}. */
export const EPT_CACHE = 32768;
export const EPT_CACHE_SIZE = 4096;
/** AssemblyScript's own static data lives in [STATICS, STATICS_END). asconfig's memoryBase is this number. */
export const STATICS = 65536;
export const STATICS_END = 0x100000;
/** Four flat TLBs of 2^20 u32: read and write, supervisor and user. */
export const TLB_READ_SUPERVISOR = 0x100000;
export const TLB_WRITE_SUPERVISOR = 0x500000;
export const TLB_READ_USER = 0x900000;
export const TLB_WRITE_USER = 0xd00000;
/** Two flat code TLBs of 2^20 u32: linear page -> code page table (0 = not known). */
export const TLB_CODE_SUPERVISOR = 0x1100000;
export const TLB_CODE_USER = 0x1500000;
/** Physical page number -> first code page descriptor (0 = no decoded code). */
export const CODE_PAGE_OF = 0x1900000;
/** Log of filled TLB entries, so that a flush costs what was filled. */
export const TLB_LOG = 0x1d00000;
/** Decoded code: descriptors of code pages, offset tables, micro-ops. mmu/code-area.ts divides it; the host may give another area. */
export const CODE_AREA = 0x1d80000;
export const CODE_AREA_END = 0x5a00000;
/** How it is divided, u32 each: descriptors, offset tables, their number, blocks of micro-ops, their end. */
export const CODE_LAYOUT = 10240;
export const LAYOUT_DESCRIPTORS = 0;
export const LAYOUT_TABLES = 4;
export const LAYOUT_PAGES = 8;
export const LAYOUT_UOPS = 12;
export const LAYOUT_UOPS_END = 16;
/** A descriptor: next one of the same physical page, physical page number; its size. An offset table: 4096 u32. */
export const DESCRIPTOR_NEXT = 0;
export const DESCRIPTOR_NUMBER = 4;
export const DESCRIPTOR_SIZE = 64;
export const OFFSET_TABLE_SIZE = 16384;
/** What the TLB knows of an address space that is not in force, put aside, in bytes: mmu/space-stash.ts. The host gives room for some. */
export const STASH_SIZE = 16384;
/** The translator: entries of regions (32 bytes each), regions by table slot (256 bytes each), its working memory, samples. */
export const REGION_ENTRIES = 0x5a00000;
export const REGION_ENTRY_MAX = 16384;
export const REGION_RECORDS = 0x5a80000;
export const REGION_SLOT_MAX = 8192;
/** Code pages that a region may have code of. */
export const REGION_PAGE_MAX = 31;
/** A region that is called with this target leaves at once, having changed nothing; also the mask of targets in an entry. */
export const NO_TARGET = 0xfff;
export const TRANSLATOR_SCRATCH = 0x5c80000;
/** What is given out, by slot (16 bytes each) and by module (8 bytes each): mmu/region-slots.ts. */
export const REGION_SLOTS = 0x5d00000;
export const REGION_MODULES = 0x5d20000;
export const REGION_MODULE_MAX = 2048;
/** What has become hot: interpreter/samples.ts. */
export const HEAT = 0x5d40000;
export const LINKS = 0x5d50000;
/** Where what lies in a module, for `--dump-wat`: their number, where functions are written, then {where, what}, u32 all. */
export const NOTES = 0x5d60000;
export const NOTES_MAX = 16000;
/** What a note says instead of a micro-op (or an offset table, at the begin of a region). */
export const NOTE_ENTRY = 0;
export const NOTE_DISPATCH = 1;
export const NOTE_BLOCK = 2;
export const NOTE_SLOW = 3;
export const NOTE_EXIT = 4;
/** The module that is handed to the host. */
export const MODULE = 0x5d80000;
export const MODULE_END = 0x6000000;
/** Guest RAM (then ROMs and video memory) from here to the end of the memory. */
export const RAM = 0x6000000;

// ---- CPU state (offsets are absolute addresses) -------------------------------------------------------------------
/** 16 general registers, u64 slots, in encoding order: eax ecx edx ebx esp ebp esi edi r8... */
export const REGS = 1024;
export const EAX = 1024;
export const ECX = 1032;
export const EDX = 1040;
export const EBX = 1048;
export const ESP = 1056;
export const EBP = 1064;
export const ESI = 1072;
export const EDI = 1080;
/** A slot that always reads zero: an absent base or index. */
export const ZERO = 1152;
/** Where an EA micro-op leaves the linear address for the op behind it. */
export const EA_TEMP = 1160;
/** Between two regions: what FLAG_RESULT, FLAG_CARRY and FLAG_AUX hold, in the terms of cpu/flag-kinds.ts. Else 0: as cpu/flags.ts has them. */
export const FLAG_KIND = 1168;
export const EIP = 1176;
/** Lazy flags; see cpu/flags.ts. */
export const FLAG_RESULT = 1184;
export const FLAG_CARRY = 1188;
export const FLAG_AUX = 1192;
/** EFLAGS without CF PF AF ZF SF OF (bit 1 always set). */
export const FLAGS_SYSTEM = 1196;
/** Segment registers: SEG + i * SEG_SIZE, i = ES CS SS DS FS GS LDTR TR. */
export const SEG = 1216;
export const SEG_SIZE = 32;
export const SEG_SELECTOR = 0; // u16
export const SEG_ATTRIBUTES = 4; // u32: descriptor bits 40..55 as bits 0..15 (type 0-3, S 4, DPL 5-6, P 7, AVL 12, L 13, D/B 14, G 15); SEG_UNUSABLE
export const SEG_BASE = 8; // u64
export const SEG_LIMIT = 16; // u32, bytes, granularity applied
export const SEG_UNUSABLE = 0x10000;
export const GDTR_BASE = 1472;
export const GDTR_LIMIT = 1480;
export const IDTR_BASE = 1488;
export const IDTR_LIMIT = 1496;
export const CR0 = 1504;
export const CR2 = 1512;
export const CR3 = 1520;
export const CR4 = 1528;
export const EFER = 1536;
export const DR0 = 1544; // 4 u64
export const DR6 = 1576;
export const DR7 = 1584;
export const CPL = 1592;
/** Which decoded form of a page fits now: see cpu/mode.ts. */
export const MODE_KEY = 1596;
/** Non-zero: run one instruction at a time (bits of cpu/mode.ts). */
export const CAREFUL = 1600;
/** 1: the next instruction boundary takes no interrupt (STI, MOV SS, POP SS). */
export const INTERRUPT_SHADOW = 1604;
/** 1: SS is flat, writable, 32-bit: push and pop need no checks. */
export const STACK_FLAT = 1608;
/** Pending fault: FAULT_KIND 0 none, 1 exception, 2 leave to the host. */
export const FAULT_KIND = 1612;
export const FAULT_VECTOR = 1616;
export const FAULT_ERROR = 1620; // error code, or NO_ERROR_CODE
export const NO_ERROR_CODE = -1;
/** Linear address of the page that is executing. */
export const CODE_LINEAR_PAGE = 1624;
/** Bits of ATTENTION_*: something to do at the next instruction boundary. */
export const ATTENTION = 1628;
export const A20_MASK = 1632;
/** PAE page-directory-pointer entries, 4 u64, loaded with CR3. */
export const PDPTE = 1640;
/** Bit 0: an exit is wanted as soon as an interrupt can be taken; bit 1: as soon as an NMI can. */
export const INTERRUPT_WINDOW = 1672;
export const NMI_BLOCKED = 1676;
export const TSC_BASE = 1680; // u64: TSC at entry
export const TSC_PER_INSTRUCTION = 1688; // u32 ticks, fixed point 16.16
export const TSC_LAST = 1696; // u64: highest value handed out
export const TSC_OFFSET = 1704; // u64: written TSC minus machine time
/** The host's own switches, fixed before the first run. */
export const HAS_APIC = 1712;
/** Count of the micro-ops that a debugger or test asked to single-step. */
export const ALIGNMENT_ACTIVE = 1716;
/** VMX_*: does the guest or the monitor run? */
export const VMX_STATE = 1720;
/** 1: the interrupt shadow comes from a load of SS, not from STI. */
export const SHADOW_OF_SS = 1724;
/** Linear address of the #PF that is pending; CR2 gets it when the fault is delivered. */
export const PAGE_FAULT_ADDRESS = 1728;
/** Event that is being delivered, in the format of the IDT-vectoring information; 0: none. */
export const VECTORING = 1732;
export const VECTORING_ERROR = 1736;
/** 1: EPT is in force (non-root, "enable EPT"). */
export const EPT_ACTIVE = 1740;
/** 1: the processor has halted in non-root operation. */
export const VMX_HALTED = 1744;
/** Bit 14 and 0-3 as in DR6: what a #DB that a VM exit reports is about. */
export const DEBUG_CAUSE = 1748;
/** Offset table of the page that is executing; 0 while a one-shot instruction runs. */
export const CODE_PAGE = 1752;
/** Offset of the newest entry in the ring of returns that translated code expects: mmu/returns.ts. */
export const RETURN_TOP = 1756;
/** 1: events from CPL 3 leave with EXIT_SYSCALL and EXIT_TRAP and never look at the IDT. The host's switch, for a kernel of its own. */
export const USER_EXITS = 1760;
/** 1: IGNNE# is up; with CR0.NE = 0 instructions go on in spite of the x87 exception that is pending. The host sets it, the core clears it. */
export const IGNNE = 1764;
/** Physical page of the local APIC whose registers the core answers, NO_APIC: of none. A task priority below APIC_THRESHOLD (class) is the host's. */
export const APIC_PHYSICAL = 1768;
export const APIC_THRESHOLD = 1772;
export const NO_APIC = 0xffffffff;

// x87, MMX, SSE
/** 8 physical x87 registers, 16 bytes each: significand u64, then sign and exponent u16. MM registers alias them. */
export const FPR = 2048;
export const FPU_CONTROL = 2176; // u16
export const FPU_STATUS = 2180; // u16, TOP in bits 11-13 kept current
export const FPU_TAG = 2184; // u16, two bits a register: 3 empty, else in use (FNSTENV works the full tags out)
export const FPU_OPCODE = 2188; // u16
export const FPU_IP = 2192; // u64
export const FPU_IP_SELECTOR = 2200; // u16
export const FPU_DP = 2208; // u64
export const FPU_DP_SELECTOR = 2216; // u16
/** 16 XMM registers of 16 bytes. */
export const XMM = 2304;
export const MXCSR = 2560;
/** What saveTask() copies from STATE on: a field of a saved task lies at the same distance from the begin of its area. */
export const TASK_SIZE = 1552;

// MSRs that are plain storage
export const MSR_SYSENTER_CS = 2576; // u64 each
export const MSR_SYSENTER_ESP = 2584;
export const MSR_SYSENTER_EIP = 2592;
export const MSR_APIC_BASE = 2600;
export const MSR_PAT = 2608;
export const MSR_MISC_ENABLE = 2616;
export const MSR_MTRR_DEF_TYPE = 2624;
export const MSR_MTRR = 2632; // 16 variable (base, mask), then 11 fixed: 27 u64 -> 2848

// exit information
export const EXIT_REASON = 2880;
export const EXIT_PORT = 2884; // port of an I/O exit
export const EXIT_WIDTH = 2888; // bytes of one item
export const EXIT_COUNT = 2892; // items of a string I/O exit (data in PIO_DATA), 0 for a single IN or OUT
export const EXIT_DATA = 2896; // u64: value of OUT or of an MMIO write; u32: error code of EXIT_TRAP, 0 when it has none
export const EXIT_ADDRESS = 2904; // physical address of an MMIO exit
export const EXIT_MSR = 2912;
export const REPLAY_COUNT = 2916; // entries that the host has filled
export const REPLAY_NEXT = 2920; // entries that the instruction has consumed
export const MMIO_QUEUE_COUNT = 2924;
/** Of EXIT_TRAP: the exception (its error code in EXIT_DATA). Of EXIT_TRIPLE_FAULT, for a crash report: the first fault. */
export const EXIT_VECTOR = 2928;

// counters, u64
export const COUNT_INSTRUCTIONS = 2944;
export const COUNT_TLB_MISSES = 2952;
export const COUNT_PAGE_FAULTS = 2960;
export const COUNT_EXCEPTIONS = 2968;
export const COUNT_INTERRUPTS = 2976;
export const COUNT_DECODED = 2984; // instructions decoded into the pool
export const COUNT_CODE_INVALIDATIONS = 2992;
export const COUNT_CODE_FLUSHES = 3000;
export const COUNT_TLB_FLUSHES = 3008;
export const COUNT_CODE_EVICTIONS = 3016; // code pages whose decoded code made room for others

/** Physical memory regions: REGION_MAX entries of {start, size, host address, kind}, all u32. The first match wins. */
export const REGIONS = 3072;
export const REGION_MAX = 32;
export const REGION_SIZE = 16;
export const REGION_COUNT = 3584;
export const REGION_RAM = 1;
/** Reads and fetches hit memory, writes leave as MMIO. */
export const REGION_ROM = 2;

// ---- exit reasons of the core ----------------------------------------------------------------------------------------
export const EXIT_BUDGET = 0; // the budget ran out
export const EXIT_HLT = 1; // HLT retired; wait for an interrupt
export const EXIT_IO_IN = 2; // answer in REPLAY (or PIO_DATA when EXIT_COUNT > 0), then run again
export const EXIT_IO_OUT = 3; // EXIT_DATA or PIO_DATA holds the value; the instruction (or its part) has retired
export const EXIT_MMIO_READ = 4; // answer in REPLAY, then run again
export const EXIT_MMIO_WRITE = 5; // entries wait in MMIO_QUEUE
export const EXIT_INTERRUPT_WINDOW = 6; // an interrupt can be injected now
export const EXIT_TRIPLE_FAULT = 7;
export const EXIT_APIC_BASE = 8; // MSR_APIC_BASE was written
export const EXIT_STEP = 9; // single step asked for by the host
export const EXIT_VM = 10; // a VM exit: the VMCS says why
export const EXIT_SYSCALL = 11; // under USER_EXITS: INT 80h retired, EIP is behind it
export const EXIT_TRAP = 12; // under USER_EXITS: exception EXIT_VECTOR; EIP as its handler would find it
export const EXIT_FROZEN = 13; // FERR# is up: an instruction waits for an interrupt or IGNNE# (cpu/numeric-error.ts)
export const EXIT_NAMES =
  'BUDGET HLT IO_IN IO_OUT MMIO_READ MMIO_WRITE INTERRUPT_WINDOW TRIPLE_FAULT APIC_BASE STEP VM SYSCALL TRAP FROZEN';

// ---- VMX_STATE ---------------------------------------------------------------------------------------------------------
export const VMX_OFF = 0;
export const VMX_ROOT = 1; // the monitor runs
export const VMX_NON_ROOT = 2; // the guest runs
export const VMX_EMULATING = 3; // the monitor lets the interpreter do an instruction of the guest

export const ATTENTION_MMIO = 1;
export const ATTENTION_CODE = 2;
export const ATTENTION_WATCH = 4;
export const ATTENTION_APIC = 8;
