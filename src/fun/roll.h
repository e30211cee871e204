/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Rolling: loops that a tape repeats operation by operation become maps, whose bodies are recorded from their first trip.
 */
#ifndef WENGERT_FUN_ROLL_H
#define WENGERT_FUN_ROLL_H

#include "fun/trace.h"

enum { WGI_COMPARES = 2 };

/* Roll the loops of a closed tape with outputs out[m]: another tape and its outputs.  1 when there were any that are worth it; WGI_COMPARES:
 * and one of them has comparisons, which are one guard now; 0: none; WG_ENOMEM.  to is to be freed in any case. */
int wgi_roll (const wgi_tape *t, size_t m, const uint32_t out[], enum wgi_rolling, wgi_tape *to, uint32_t to_out[]);

/* What functions recorded on this thread from now on are. */
enum wgi_rolling wgi_rolling (void);

#endif
