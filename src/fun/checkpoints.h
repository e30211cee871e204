/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Which states of a recurrence to keep for going back over it: binomial checkpointing.  With s states, the first
 * among them, and each step run forward at most r times, at most C (s + r, s) steps can be reversed, and l steps with C (s + r - 1, s)
 * < l <= C (s + r, s) take r l - C (s + r, r - 1) forward steps, no schedule fewer (Griewank and Walther 2000, section 2).
 */
#ifndef WENGERT_FUN_CHECKPOINTS_H
#define WENGERT_FUN_CHECKPOINTS_H

#include <stddef.h>

/* From a kept state with steps >= 2 to reverse behind it and states >= 2 to keep, it included: go how far until the next is kept? */
size_t wgi_checkpoint_advance (size_t steps, size_t states);

/* The fewest states, the first not among them, with which no step is run forward more than twice. */
size_t wgi_checkpoint_root (size_t steps);

#endif
