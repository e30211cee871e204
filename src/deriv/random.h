/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Pseudo-random numbers for checkers: SplitMix64 (Steele, Lea, Flood, OOPSLA 2014), the same on every machine.
 */
#ifndef WENGERT_DERIV_RANDOM_H
#define WENGERT_DERIV_RANDOM_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>

typedef struct { uint64_t state; } wgi_random;

/* In (-1, 1), never 0. */
static inline double wgi_uniform (wgi_random *r)
{
  uint64_t z = r->state += 0x9e3779b97f4a7c15u;
  z = (z ^ z >> 30)*0xbf58476d1ce4e5b9u;
  z = (z ^ z >> 27)*0x94d049bb133111ebu;
  z ^= z >> 31;
  return ((double) (z >> 11) + .5)*0x1p-52 - 1;
}

/* A coordinate's own size. */
static inline double wgi_size (double x) { return fmax (fabs (x), 1); }

/* A direction that moves each coordinate by its own size. */
static inline void wgi_random_direction (wgi_random *r, size_t n, const double x[], double v[])
{
  for (size_t i = 0; i < n; i++) v[i] = wgi_uniform (r)*wgi_size (x[i]);
}

#endif
