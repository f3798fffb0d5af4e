// Bodies attracting one another in double precision, once in x87 and once in SSE2 arithmetic.
// Newton's law; leapfrog steps. Every engine must agree to the last bit.
#include "program.h"

enum { BODIES = 5 };

static struct { double x, y, z, vx, vy, vz, mass; } body[BODIES];

static double root(double x) { return __builtin_sqrt(x); }

void program(int count, char **arguments) {
  (void)count, (void)arguments;
  u32 seed = 0xb0d1;
  double *field = &body[0].x;
  for (u32 i = 0; i < BODIES * 7; i++) field[i] = (int)(next_random(&seed) >> 12) / 65536.0 - 8;
  for (u32 i = 0; i < BODIES; i++) body[i].mass = i ? 0.001 * i : 40;
  u32 steps = scaled(STEPS);
  const double dt = 0.0009765625;
  begin();
  for (u32 step = 0; step < steps; step++) {
    for (int i = 0; i < BODIES; i++) {
      for (int j = i + 1; j < BODIES; j++) {
        double dx = body[i].x - body[j].x, dy = body[i].y - body[j].y, dz = body[i].z - body[j].z;
        double square = dx * dx + dy * dy + dz * dz + 0.01;
        double pull = dt / (square * root(square));
        double mi = body[i].mass * pull, mj = body[j].mass * pull;
        body[i].vx -= dx * mj, body[i].vy -= dy * mj, body[i].vz -= dz * mj;
        body[j].vx += dx * mi, body[j].vy += dy * mi, body[j].vz += dz * mi;
      }
    }
    for (int i = 0; i < BODIES; i++) {
      body[i].x += dt * body[i].vx, body[i].y += dt * body[i].vy, body[i].z += dt * body[i].vz;
    }
  }
  u32 sum = 0;
  const u32 *words = (const u32 *)body;
  for (u32 i = 0; i < sizeof body / 4; i++) sum = mix(sum, words[i]);
  result(sum);
}
