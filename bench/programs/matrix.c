// Matrix product in double precision, once in x87 and once in SSE2 arithmetic.
// Ours.
#include "program.h"

enum { N = 64 };

static double a[N][N], b[N][N], c[N][N];

void program(int count, char **arguments) {
  (void)count, (void)arguments;
  u32 seed = 0x3a7, rounds = scaled(ROUNDS), sum = 0;
  for (int i = 0; i < N; i++) {
    for (int j = 0; j < N; j++) a[i][j] = next_random(&seed) / 4294967296.0 - 0.5, b[i][j] = next_random(&seed) / 4294967296.0 - 0.5;
  }
  begin();
  for (u32 round = 0; round < rounds; round++) {
    for (int i = 0; i < N; i++) {
      for (int j = 0; j < N; j++) {
        double dot = 0;
        for (int k = 0; k < N; k++) dot += a[i][k] * b[k][j];
        c[i][j] = dot;
      }
    }
    a[round % N][round / N % N] = c[round % N][0] / 8;
  }
  const u32 *words = (const u32 *)c;
  for (u32 i = 0; i < sizeof c / 4; i++) sum = mix(sum, words[i]);
  result(sum);
}
