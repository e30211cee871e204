/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Colourings: which columns (or rows) of a sparse matrix one sweep can serve together.
 *
 *   PARTIAL   columns of one colour have no row in common: partial distance-2 colouring
 *   STAR      a proper colouring of a symmetric pattern's graph without a path on four vertices in two colours: every
 *             entry can be read off a product
 *   ACYCLIC   ... without a cycle in two colours: entries follow by substitution
 *
 * All are greedy, vertex by vertex in some order, as in Gebremedhin, Manne and Pothen (SIAM Review 47, 2005) and
 * Gebremedhin, Tarafdar, Manne and Pothen (SIAM J. Sci. Comput. 29, 2007), but the state that forbids colours is a set of
 * colours per row or vertex, so that a vertex costs its neighbours, not its neighbours' neighbours.
 */
#ifndef WENGERT_DERIV_COLOUR_H
#define WENGERT_DERIV_COLOUR_H

#include <wengert/sparse.h>

#include "deriv/pattern.h"

enum wgi_colour_kind { WGI_PARTIAL, WGI_STAR, WGI_ACYCLIC };

typedef struct {
  enum wgi_colour_kind kind;
  const wgi_pattern *to;         /* vertex to neighbours, symmetric without diagonal; PARTIAL: to rows */
  const wgi_pattern *back;       /* PARTIAL: row to vertices; else NULL */
  uint32_t bound;                /* fewer colours are impossible */
} wgi_colour_problem;

typedef struct {
  uint32_t *colour;              /* per vertex */
  uint32_t count;
  int ordering;                  /* enum wg_ordering: the one that gave it */
} wgi_colouring;

/* A lower bound on the number of colours; problem->bound is not read. */
uint32_t wgi_colour_bound (const wgi_colour_problem *);

/* Colour with the given ordering, or try several and keep the best: until one meets the bound or the work done, in
 * steps of about 3 ns, exceeds budget(count, ctx) for the best count so far.  WG_OK, WG_ENOMEM; colour is for free (). */
typedef double wgi_colour_budget (uint32_t count, const void *ctx);
int wgi_colour (const wgi_colour_problem *, int ordering, wgi_colour_budget *, const void *ctx, wgi_colouring *);

/* One greedy pass over the vertices in an order. */
int wgi_colour_greedily (const wgi_colour_problem *, const uint32_t order[], uint32_t colour[], uint32_t *count);

/* order[] by a rule: any but WG_ORDER_BEST and WG_ORDER_CLASSES; seed is for WG_ORDER_RANDOM;
 * else it says how ties are broken: by vertex, forward or back, the latest first or last; from 4 on at random. */
int wgi_order (const wgi_colour_problem *, int ordering, uint64_t seed, uint32_t order[]);

/* The classes of a colouring again, one after the other: by size, the largest first, reversed or at random as round says.
 * The greedy pass over it has no more colours than before when the problem is PARTIAL (Culberson 1992), often else. */
int wgi_order_classes (size_t n, const wgi_colouring *, int round, uint32_t order[]);

/* Steps that an ordering takes, roughly. */
double wgi_order_work (const wgi_colour_problem *, int ordering);

#endif
