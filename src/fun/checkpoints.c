/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Binomial checkpointing.  The split of l steps with s states into m and l - m, which have s and s - 1, is optimal while each
 * part stays within its binomial bounds; the last such m writes the fewest states.
 */
#include "base/status.h"
#include "fun/checkpoints.h"

/* C (s + r, s) from C (s + r - 1, s); SIZE_MAX: too many. */
static size_t more (size_t binomial, size_t s, size_t r)
{
  const size_t product = wgi_times (binomial, s + r);
  return product == SIZE_MAX ? product : product/r;
}

size_t wgi_checkpoint_advance (size_t steps, size_t states)
{
  if (states >= steps) return 1;
  size_t before = 1, r = 1;                /* C (s + r - 1, s) */
  for (size_t now; (now = more (before, states, r)) < steps; r++) before = now;
  const size_t least = wgi_times (before, states)/(states + r - 1);           /* C (s + r - 2, s - 1) */
  return before < steps - least ? before : steps - least;
}

size_t wgi_checkpoint_root (size_t steps)
{
  size_t kept = 0, reach = 3;              /* C (kept + 3, 2) */
  while (reach < steps) kept++, reach += kept + 2;
  return kept;
}
