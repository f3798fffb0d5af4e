// Segment selectors, in the order that SYSENTER and SYSEXIT demand.
// Intel SDM vol. 3A 3.4.2 (selectors), vol. 3A 5.8.7 (SYSENTER: CS, CS+8, CS+16, CS+24).
#pragma once

#define KERNEL_CS 0x08
#define KERNEL_DS 0x10
#define USER_CS 0x1B
#define USER_DS 0x23
#define TSS_SELECTOR 0x28
