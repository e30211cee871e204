/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Passes over planes.  Compilers are asked for vectors here.
 */
#if defined __GNUC__ && !defined __clang__
# pragma GCC optimize ("O3")
#endif
#include <stdint.h>
#include <string.h>

#include "sweep/plane.h"

void wgi_plane_move (double *restrict to, double *restrict from, size_t count)
{
  for (size_t i = 0; i < count; i++) to[i] += from[i], from[i] = -0.;
}


void wgi_plane_rest (double adjoint[], size_t count)
{
  for (size_t i = 0; i < count; i++) adjoint[i] = -0.;
}

/* A sign if it is not finite: an exponent of all ones becomes one when one is added.  No branch, and no flag of an exception. */
static inline uint64_t odd_sign (double y)
{
  const uint64_t exponent = (uint64_t) 0x7ff << 52, one = (uint64_t) 1 << 52;
  uint64_t bits;
  memcpy (&bits, &y, sizeof bits);
  return (bits & exponent) + one;
}

int wgi_all_finite (size_t count, const double y[])
{
  uint64_t odd = 0;
  for (size_t i = 0; i < count; i++) odd |= odd_sign (y[i]);
  return !(odd >> 63);
}

int wgi_plane_take (double *restrict adjoint, size_t count, double *restrict g)
{
  uint64_t odd = 0;
  for (size_t i = 0; i < count; i++)
    {
      const double e = adjoint[i] + 0.;
      g[i] = e, adjoint[i] = -0., odd |= odd_sign (e);
    }
  return !(odd >> 63);
}
