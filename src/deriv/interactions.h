/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Which second derivatives each row of the rule table has, derived from the table.
 */
#ifndef WENGERT_DERIV_INTERACTIONS_H
#define WENGERT_DERIV_INTERACTIONS_H

#include <stdint.h>

#include "tape/rows.h"

/* For each row, bits 3 i + j, i <= j: operands i and j interact. */
typedef struct { uint16_t pair[WGI_ROWS]; } wgi_interactions;

void wgi_find_interactions (wgi_interactions *);

/* The active operands of a row that interact with one, as a mask like the one given. */
unsigned wgi_curved (const wgi_interactions *, enum wgi_row, unsigned mask);

#endif
