/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Handles and families.  A family is a model with the traces recorded so far, shared by all clones under one
 * mutex; a handle is a family, the trace of its last point and the planes to sweep it with.
 */
#ifndef WENGERT_FUN_FUN_H
#define WENGERT_FUN_FUN_H

#include <wengert/fun.h>

#include "fun/trace.h"
#include "sweep/sweep.h"

struct wg_fun {
  wgi_family *family;
  wgi_trace *trace;              /* of the last point; counted */
  double *plane[WGI_PLANES];     /* allocated when first needed, capacity numbers each; adjoints at rest */
  size_t capacity;
  int at_point;                  /* are the values in plane those of a point? */
  int status;                    /* of the last call */
};

/* Go to x[n], or stay at the last point for x NULL: the value plane holds the values of the trace that is valid
 * there.  WG_OK; WG_NONFINITE: x has a NaN and a branch depends on it, no values; an error. */
int wgi_fun_at (wg_fun *f, const double x[]);

/* The same with the tangent plane WGI_D1 along v[n]. */
int wgi_fun_at_dual (wg_fun *f, const double x[], const double v[]);

/* Have these planes, bits of WGI_VALUE .. WGI_PLANES - 1.  WG_ENOMEM. */
int wgi_fun_planes (wg_fun *f, unsigned planes);

/* Keep a call's status in the handle and return it. */
int wgi_fun_done (wg_fun *f, int status);

#endif
