// The prompt: see monitor.c.
#pragma once

_Noreturn void monitor(void);
