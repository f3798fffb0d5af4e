// What KVM offers a guest that knows of it: see kvm.c.
#pragma once
#include <stdbool.h>
#include <stdint.h>

// Asks CPUID, and has the clock's page kept where there is one.
void kvm_init(void);
bool kvm_present(void);
bool kvm_clock_present(void);
uint64_t kvm_clock_nanoseconds(void);
int32_t kvm_hypercall(uint32_t number);

#define KVM_VAPIC_POLL_IRQ 1u
