/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Sparse Jacobians of functions whose outputs are those of maps over their inputs: item by item, in lanes, each item's dense
 * block going straight to its entries.
 */
#ifndef WENGERT_DERIV_ITEMS_H
#define WENGERT_DERIV_ITEMS_H

#include "deriv/plan.h"
#include "fun/fun.h"

/* Where the entries of p's items are in the values of a pattern, entry k of which is value[place[k]].  *items is NULL if p is no such
 * function, or if its items have more outputs than inputs.  WG_ENOMEM. */
int wgi_items_make (const wgi_program *p, const wgi_pattern *, const uint32_t place[], wgi_items **items);
void wgi_items_free (wgi_items *);

/* Is it for this program? */
int wgi_items_fit (const wgi_items *, const wgi_program *p);

/* What it costs, as a multiple of evaluating p. */
double wgi_items_cost (const wgi_items *);

/* Is the program at hand the one that they were made for, and such that no branch of it or of its items can change?  Nothing fails
 * then once something is written. */
int wgi_items_sure (const wg_fun *f, const wgi_items *);

/* Go to x[n], or stay (NULL), with the values along the way, for one that is sure.  *finite: all of them are. */
int wgi_items_at (wg_fun *f, const wgi_items *, const double x[], double value[], int *finite);

/* The values at the point where f is.  Errors; notices are those of calls. */
int wgi_items_jacobian (wg_fun *f, const wgi_items *, size_t nnz, double value[]);

#endif
