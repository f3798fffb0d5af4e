// An interpreter of a small byte code: indirect jumps through a table, hard to foresee.
// Ours.
#include "program.h"

enum { LOAD, ADD, XOR, ROTATE, DECREMENT, LOOP, SWAP, STORE, FETCH, END };

void program(int count, char **arguments) {
  (void)count, (void)arguments;
  static const u8 code[] = {LOAD, 17, ADD, XOR, 0x5a, ROTATE, SWAP, ADD, STORE, 3, XOR, 0x33, FETCH, 3, ADD, ROTATE, SWAP,
    XOR, 0x71, STORE, 5, FETCH, 5, ADD, DECREMENT, LOOP, END};
  static const void *const handlers[] = {&&load, &&add, &&exclusive, &&rotate, &&decrement, &&loop, &&swap, &&store, &&fetch, &&end};
  u32 memory[8] = {0}, a = 1, b = 2, counter = scaled(2500000);
  const u8 *pc = code;
  begin();
#define NEXT goto *handlers[*pc++]
  NEXT;
load: b = *pc++; NEXT;
add: a += b; NEXT;
exclusive: a ^= *pc++ * 0x01010101u; NEXT;
rotate: a = a << 5 | a >> 27; NEXT;
swap: { u32 t = a; a = b; b = t; } NEXT;
store: memory[*pc++] = a; NEXT;
fetch: b ^= memory[*pc++]; NEXT;
decrement: counter--; NEXT;
loop: if (counter) pc = code + 2; NEXT;
end: result(mix(a, b));
}
