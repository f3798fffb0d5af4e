// What start.S gives to a misbehaving guest in C, and what it wants of it.
// Multiboot specification 0.6.96, section 3.3.
#pragma once

extern const char hostile_about[];
void say(const char *text);
void hostile(const void *information); // returning from it powers the machine off
