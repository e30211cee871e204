/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Patterns of the functions that a program calls, by itself or as bodies of maps.  A recorded function has those of all its traces together, since
 * which of them a call takes is not known before the point is; a custom function has none and counts as dense.
 *
 * The patterns of a program hold for a point when its structure print is the same after the sweep over values has been
 * there: each trace that the sweep took, in any callee, is in the print.
 */
#ifndef WENGERT_DERIV_CALLEES_H
#define WENGERT_DERIV_CALLEES_H

#include "deriv/pattern.h"
#include "fun/trace.h"

typedef struct wgi_callee_pattern wgi_callee_pattern;
struct wgi_callee_pattern {
  wgi_family *family;            /* NULL: no recorded function */
  int dense;                     /* every result depends on all operands, and these interact */
  wgi_pattern jacobian, hessian;
  wgi_callee_pattern *next;
};

/* What one computation has found so far; hessian: are Hessians wanted too?  most: entries of one, 0: INT_MAX. */
typedef struct { wgi_callee_pattern *first; int hessian; size_t most; } wgi_callees;

/* of[p->sources]: the patterns behind p's calls, depth calls away from the function asked about.  WG_OK, WG_ENOMEM. */
int wgi_callees_find (wgi_callees *, const wgi_program *p, int depth, const wgi_callee_pattern *of[]);
void wgi_callees_close (wgi_callees *);

/* The patterns of a program that is depth calls away. */
int wgi_structure_jacobian (wgi_callees *, const wgi_program *p, int depth, wgi_pattern *);
int wgi_structure_hessian (wgi_callees *, const wgi_program *p, int depth, wgi_pattern *);

#endif
