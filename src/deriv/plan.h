/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Plans as the sparse drivers read them: sweeps, what each seeds, which entries it gives.
 *
 * A Hessian's sweep is along the sum of its seeds' columns, a Jacobian's along the sum of columns (WG_PLAN_COLUMNS) or
 * with the sum of rows (WG_PLAN_ROWS, WG_PLAN_SUBGRAPH).
 */
#ifndef WENGERT_DERIV_PLAN_H
#define WENGERT_DERIV_PLAN_H

#include <stdlib.h>

#include <wengert/sparse.h>

#include "deriv/pattern.h"

/* From so many sweeps on they are done at once, up to WGI_DIRECTIONS: one by one a few are faster, in particular when
 * wide arrays leave the cache. */
static inline size_t wgi_plan_wide (const wgi_program *p) { return p->slots < 1u << 16 ? 2 : 4; }

/* value[at] is number from of a sweep's result; or value[at] and value[from]. */
typedef struct { uint32_t at, from; } wgi_pair;

/* The operations that one output needs: a part of the program's arrays, its first slot and the one after the last. */
typedef struct { size_t code, codes, word, words, first, slot; } wgi_range;

typedef struct wgi_known wgi_known;
typedef struct wgi_split wgi_split;
typedef struct wgi_items wgi_items;

struct wg_plan {
  size_t n, m;
  char part;                     /* 'L', 'U', 'F' of a Hessian, 'J' */
  int method, ordering, by_columns;
  uint32_t bound;
  int forward;                   /* Jacobian: are seeds columns? */
  wgi_pattern pattern;           /* m x n, or the lower triangle */
  size_t nnz;
  int *row, *col;                /* of value[] */
  size_t sweeps;
  uint32_t *seed_start, *seed;   /* sweep s seeds seed[seed_start[s]] and on */
  uint32_t *get_start;           /* and gives get[get_start[s]] and on */
  wgi_pair *get;
  wgi_pair *step;                /* then, in this order: value[at] -= value[from] */
  wgi_pair *copy;                /* then: value[at] = value[from] */
  size_t steps, copies;
  wgi_range *range;              /* Jacobian, WG_PLAN_SUBGRAPH: per sweep, in the program that the plan was made for */
  wgi_items *items;              /* the same for maps, or NULL: then place too */
  wgi_split *split;              /* Hessian, WG_PLAN_SUBGRAPH: that program as a sum, which has the sweeps, */
  uint32_t *place;               /* and where entry k of the pattern is in value[] */
  double cost, dense_cost;
  double called, *before;        /* while it is made: operations behind calls; all before each operation, NULL: no calls */
  uint64_t print;                /* of the program that it was made for */
  wg_plan_options asked;         /* without another plan */
  wgi_known *known;              /* structures whose patterns are covered */
};

static inline int wgi_plan_no_memory (void) { return wgi_fail (WG_ENOMEM, "out of memory for the plan"); }

static inline void *wgi_array (size_t count, size_t size) { return malloc (wgi_times (count ? count : 1, size)); }

/* The pattern of p, with the one of another plan (NULL: none). */
int wgi_plan_pattern (wg_plan *, const wgi_program *p, const wg_plan *with);

/* Does the plan cover p's pattern?  WG_OK, WG_EPLAN, WG_ENOMEM. */
int wgi_plan_covers (const wg_plan *, const wgi_program *p);

/* row, col, copy and place[]: where entry k of the pattern is in value[]. */
int wgi_plan_set_order (wg_plan *, uint32_t place[]);

/* called and before, of which the latter is to be freed.  WG_ENOMEM. */
int wgi_plan_work (wg_plan *, const wgi_program *p);

/* Method, colouring and sweeps, given the pattern and its order. */
int wgi_plan_set_hessian (wg_plan *, const wgi_program *p, const wg_plan_options *, const uint32_t place[]);
int wgi_plan_set_jacobian (wg_plan *, const wgi_program *p, const wg_plan_options *, const uint32_t place[]);

/* range[sweeps] of a WG_PLAN_SUBGRAPH in p, allocated; NULL: out of memory. */
wgi_range *wgi_plan_ranges (const wgi_program *p, size_t sweeps, const uint32_t output[]);

/* Recovery: which sweep gives an entry, the colour of its column, and at which row. */
typedef struct { uint32_t sweep, from; } wgi_origin;

/* For each entry of a lower triangle, given a star colouring; used[n]: columns that some entry is read through.
 * graph has entry[k], the entry of the triangle behind each neighbour. */
int wgi_recover_star (const wgi_pattern *lower, const wgi_pattern *graph, const uint32_t entry[], const uint32_t colour[],
                      wgi_origin source[], uint8_t used[]);

/* The same for an acyclic colouring; step[], room for nnz, in terms of entries. */
int wgi_recover_acyclic (const wgi_pattern *lower, const uint32_t colour[], wgi_origin source[], wgi_pair step[],
                         size_t *steps);

#endif
