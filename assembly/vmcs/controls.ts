// Bits of the VMX control fields, of event information and of guest state that are not register bits.
// SDM vol. 3C 24.6-24.9, 24.4.2; names as in Linux's vmx.h. Plain numbers: shared by the core and the host.

// pin-based
export const PIN_BASED_EXT_INTR_MASK = 0x1;
export const PIN_BASED_NMI_EXITING = 0x8;
export const PIN_BASED_VIRTUAL_NMIS = 0x20;
export const PIN_BASED_VMX_PREEMPTION_TIMER = 0x40;

// primary processor-based
export const CPU_BASED_INTR_WINDOW_EXITING = 0x4;
export const CPU_BASED_USE_TSC_OFFSETTING = 0x8;
export const CPU_BASED_HLT_EXITING = 0x80;
export const CPU_BASED_INVLPG_EXITING = 0x200;
export const CPU_BASED_RDPMC_EXITING = 0x800;
export const CPU_BASED_RDTSC_EXITING = 0x1000;
export const CPU_BASED_CR3_LOAD_EXITING = 0x8000;
export const CPU_BASED_CR3_STORE_EXITING = 0x10000;
export const CPU_BASED_TPR_SHADOW = 0x200000;
export const CPU_BASED_NMI_WINDOW_EXITING = 0x400000;
export const CPU_BASED_MOV_DR_EXITING = 0x800000;
export const CPU_BASED_UNCOND_IO_EXITING = 0x1000000;
export const CPU_BASED_USE_IO_BITMAPS = 0x2000000;
export const CPU_BASED_USE_MSR_BITMAPS = 0x10000000;
export const CPU_BASED_PAUSE_EXITING = 0x40000000;
export const CPU_BASED_ACTIVATE_SECONDARY_CONTROLS = -0x80000000;

// secondary processor-based
export const SECONDARY_EXEC_VIRTUALIZE_APIC_ACCESSES = 0x1;
export const SECONDARY_EXEC_ENABLE_EPT = 0x2;
export const SECONDARY_EXEC_DESC = 0x4;
export const SECONDARY_EXEC_ENABLE_VPID = 0x20;
export const SECONDARY_EXEC_WBINVD_EXITING = 0x40;
export const SECONDARY_EXEC_UNRESTRICTED_GUEST = 0x80;
export const SECONDARY_EXEC_APIC_REGISTER_VIRT = 0x100;

// exit
export const VM_EXIT_SAVE_DEBUG_CONTROLS = 0x4;
export const VM_EXIT_HOST_ADDR_SPACE_SIZE = 0x200;
export const VM_EXIT_ACK_INTR_ON_EXIT = 0x8000;
export const VM_EXIT_SAVE_IA32_PAT = 0x40000;
export const VM_EXIT_LOAD_IA32_PAT = 0x80000;
export const VM_EXIT_SAVE_IA32_EFER = 0x100000;
export const VM_EXIT_LOAD_IA32_EFER = 0x200000;
export const VM_EXIT_SAVE_VMX_PREEMPTION_TIMER = 0x400000;

// entry
export const VM_ENTRY_LOAD_DEBUG_CONTROLS = 0x4;
export const VM_ENTRY_LOAD_IA32_PAT = 0x4000;
export const VM_ENTRY_LOAD_IA32_EFER = 0x8000;

// What each control field allows (the capability MSRs IA32_VMX_*_CTLS): bits that must be 1, and bits that may be 1.
// The bits that must be 1 are the SDM's default1 classes but for what the "true" capability MSRs let a monitor clear:
// "save debug controls", "load debug controls" and the CR3 controls.
export const PIN_BASED_MUST = 0x16;
export const PIN_BASED_MAY = 0x7f;
export const CPU_BASED_MUST = 0x4006172;
export const CPU_BASED_MAY = -0x281e0402; // 0xd7e1fbfe
export const SECONDARY_MAY = 0x1e7;
export const VM_EXIT_MUST = 0x36dfb;
export const VM_EXIT_MAY = 0x7fedff;
export const VM_ENTRY_MUST = 0x11fb;
export const VM_ENTRY_MAY = 0xd1ff;

// CR0 and CR4 in VMX operation: bits that must be 1 (IA32_VMX_CR0_FIXED0, CR4_FIXED0). Unrestricted guests may clear PE and PG.
export const VMX_CR0_FIXED0 = -0x7fffffdf; // 0x80000021: PG NE PE
export const VMX_CR4_FIXED0 = 0x2000; // VMXE
/** Ticks of the TSC for one of the preemption timer, as a power of two (IA32_VMX_MISC bits 4-0). */
export const PREEMPTION_TIMER_SHIFT = 0;

// Event information: VM-entry interruption information, VM-exit interruption information, IDT-vectoring information.
export const INTR_INFO_VECTOR_MASK = 0xff;
export const INTR_INFO_DELIVER_CODE_MASK = 0x800;
export const INTR_INFO_UNBLOCK_NMI = 0x1000;
export const INTR_INFO_VALID_MASK = -0x80000000;
export const INTR_TYPE_EXT_INTR = 0x000;
export const INTR_TYPE_NMI_INTR = 0x200;
export const INTR_TYPE_HARD_EXCEPTION = 0x300;
export const INTR_TYPE_SOFT_INTR = 0x400;
export const INTR_TYPE_PRIV_SW_EXCEPTION = 0x500;
export const INTR_TYPE_SOFT_EXCEPTION = 0x600;
export const INTR_TYPE_MASK = 0x700;

// Interruptibility state
export const GUEST_INTR_STATE_STI = 1;
export const GUEST_INTR_STATE_MOV_SS = 2;
export const GUEST_INTR_STATE_NMI = 8;

// Activity state
export const GUEST_ACTIVITY_ACTIVE = 0;
export const GUEST_ACTIVITY_HLT = 1;
export const GUEST_ACTIVITY_SHUTDOWN = 2;

// Exit qualification of an EPT violation
export const EPT_VIOLATION_READ = 0x1;
export const EPT_VIOLATION_WRITE = 0x2;
export const EPT_VIOLATION_FETCH = 0x4;
export const EPT_VIOLATION_READABLE = 0x8;
export const EPT_VIOLATION_WRITABLE = 0x10;
export const EPT_VIOLATION_EXECUTABLE = 0x20;
export const EPT_VIOLATION_LINEAR_VALID = 0x80;
export const EPT_VIOLATION_TRANSLATED = 0x100;
export const EPT_VIOLATION_UNBLOCK_NMI = 0x1000;

// Exit qualification of an APIC access: bits 11-0 are the offset, bits 15-12 the kind
export const APIC_ACCESS_READ = 0;
export const APIC_ACCESS_WRITE = 1;
export const APIC_ACCESS_FETCH = 2;
export const APIC_ACCESS_DELIVERY = 3;
export const APIC_ACCESS_PHYSICAL_DELIVERY = 10;
export const APIC_ACCESS_PHYSICAL = 15;

// Task switch: where from, bits 30-31 of the qualification
export const TASK_SWITCH_CALL = 0;
export const TASK_SWITCH_IRET = 1;
export const TASK_SWITCH_JMP = 2;
export const TASK_SWITCH_GATE = 3;
