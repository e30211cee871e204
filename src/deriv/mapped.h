/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Maps whose results are only added up on the way to the outputs, for Hessians: each item is a summand, with a dense block on the
 * variables that it sees, which lanes give for many items at a time.
 */
#ifndef WENGERT_DERIV_MAPPED_H
#define WENGERT_DERIV_MAPPED_H

#include "deriv/callees.h"
#include "deriv/plan.h"
#include "fun/map.h"

typedef struct {
  size_t number, word, slot;     /* of the call: its operation, where its words begin, its first result */
  size_t items;
  wgi_curves curves;             /* where the entries go */
  void *block;                   /* the memory of all that */
} wgi_mapped;

/* Does a call of this source fit, with these operands: a map of variables that are inputs of p, and of data? */
int wgi_mapped_fits (const wgi_program *p, const wgi_source *, const uint32_t operand[]);

/* Look up the entries of a call that fits, whose number, word and slot are set, in the values of a pattern, entry k of which is
 * value[place[k]].  WG_ENOMEM; WG_ELIMIT: that would be as many as most. */
int wgi_mapped_make (const wgi_program *p, const wgi_callee_pattern *body, const wgi_pattern *lower, const uint32_t place[], size_t most,
                     wgi_mapped *);

/* Numbers that are computed for all items: what it takes to keep their places, and to add them up. */
double wgi_mapped_entries (const wgi_mapped *);

/* Add the entries to value[], f being at a point; weights of the results, and as many zeros.  Errors; notices are the frame's. */
int wgi_mapped_add (wg_fun *f, const wgi_mapped *, double weight[], double zero[], double value[]);

#endif
