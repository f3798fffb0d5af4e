// Off and on again: see power.c.
#pragma once

_Noreturn void power_off(void);
_Noreturn void power_reset(void);
_Noreturn void power_triple_fault(void);
