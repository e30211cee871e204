/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * A function as a sum: u.f = w_1 s_1 + w_2 s_2 + ..., the weights w constant as far as second derivatives go.  Summands are
 * what is only added up on the way to the outputs; each has a Hessian on its own few inputs, from sweeps over its own stretch
 * of the program.  (Partial separability, Griewank and Toint 1982, found in the operations.)  The items of a map whose results are
 * only added up are summands that lanes take side by side (mapped.h).
 */
#ifndef WENGERT_DERIV_SPLIT_H
#define WENGERT_DERIV_SPLIT_H

#include "deriv/mapped.h"
#include "deriv/deriv.h"
#include "deriv/plan.h"

#define WGI_ITSELF UINT32_MAX

typedef struct {
  uint32_t slot;                 /* its result */
  uint32_t output;               /* the output whose weight it has; WGI_ITSELF: its weight is the adjoint of slot */
  wgi_range range;
} wgi_summand;

struct wgi_split {
  uint64_t print;                /* of the structure that was split */
  uint8_t *code;                 /* the program's, without the operands by which operations only add */
  uint8_t *above;                /* the program's, but for those maps: no adjoint goes to their operands */
  size_t summands, directions;
  wgi_summand *summand;
  wgi_pattern inputs;            /* row k: those of summand k */
  uint32_t *start;               /* summand k has the directions start[k] and on */
  uint32_t *seed;                /* the input of a direction */
  uint32_t *get_start;           /* it gives get[get_start[d]] and on: value[at] += row from of its product */
  wgi_pair *get;
  wgi_mapped *map;               /* maps that are taken item by item */
  size_t maps;
};

/* Are there maps in it? */
int wgi_split_maps (const wgi_program *p);

/* Split p, whose Hessian has this lower triangle, entry k at value[place[k]].  Unless it must, it does not when sweeps over all
 * summands would be many times the program, or the entries many times its operations: *to is NULL then.  WG_OK, WG_ENOMEM,
 * WG_ELIMIT. */
int wgi_split_make (const wgi_program *p, const wgi_pattern *lower, const uint32_t place[], int must, wgi_split **to);
void wgi_split_free (wgi_split *);

/* What that needs of the workspace.  WG_ENOMEM. */
int wgi_split_planes (wg_fun *f);

/* Add the entries to value[], f being at a point with this structure; weights u[m], NULL: all 1.  Allocates nothing. */
int wgi_split_hessian (wg_fun *f, const wgi_split *, const double u[], double value[]);

#endif
