/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * What the instances of the sweeps share: the rest state of adjoints, the outcomes of guards.
 */
#ifndef WENGERT_SWEEP_NUMBERS_H
#define WENGERT_SWEEP_NUMBERS_H

#include <limits.h>
#include <math.h>
#include <string.h>

#include "sweep/sweep.h"

static inline uint64_t wgi_bits (double x)
{
  uint64_t u;
  memcpy (&u, &x, sizeof u);
  return u;
}

/* The rest state of an adjoint: -0.0, told apart from +0.0 by its bits. */
static inline int wgi_asleep (double x) { return wgi_bits (x) == (uint64_t) 1 << 63; }

static inline double wgi_take (double *adjoint)
{
  const double t = *adjoint;
  *adjoint = -0.;
  return t;
}

/* What a peek sees: the bits, every NaN being one, since its sign and payload depend on the order of operands in the code. */
static inline uint64_t wgi_peek_outcome (double x) { return x != x ? UINT64_MAX : wgi_bits (x); }

/* floor (x) as the word of a guard; a value that is no int has an outcome of its own. */
static inline uint64_t wgi_index_outcome (double x)
{
  const double k = floor (x);
  return k >= INT_MIN && k <= INT_MAX ? (uint32_t) (int) k : UINT64_MAX;
}

#endif
