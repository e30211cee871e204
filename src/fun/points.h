/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * A function at many points side by side: the body of a map over them, which batch drivers run block by block.  The lanes and the
 * splitting by traces are those of maps; the arrays are of a block, so that memory does not grow with the batch.
 */
#ifndef WENGERT_FUN_POINTS_H
#define WENGERT_FUN_POINTS_H

#include "fun/map.h"

enum { WGI_POINTS = 2*WGI_LANES };      /* points of a block */

typedef struct wgi_points {
  wgi_map_callee *map;
  size_t np;                     /* parameters of a row */
  double *x[2], *xbar[2];        /* WGI_POINTS x n: points, directions; adjoints of both */
  double *y[2], *ybar[2];        /* WGI_POINTS x m: values, tangents; weights */
  double *J;                     /* WGI_POINTS x m x n: Jacobians; NULL: none were asked for yet */
  wgi_entries entries;           /* where these go */
  wgi_resources resources;       /* of the run at hand, with no threads */
  struct wgi_points **crew;      /* for threads: these first, then as many for each other; crewed in all.  NULL: there were none yet */
  size_t crewed;
} wgi_points;

/* Have them for f; *points is NULL where single points are better: without lanes, for few points, and for lists whose planes
 * would be very large.  WG_ENOMEM. */
int wgi_fun_points (wg_fun *f, size_t count, wgi_points **points);
void wgi_points_free (wgi_points *);

/* How many threads so many points are worth, points->crew being ready for them. */
size_t wgi_points_crew (wg_fun *f, wgi_points *, size_t count);

/* The first count points, for mode WGI_VALUE or WGI_D1, with adjoints if that is said; the parameters of point k are those at
 * P + k ldp.  Not 0: some point is to be done by itself, nothing can be said of any. */
int wgi_points_run (const wg_fun *f, wgi_points *, size_t count, int mode, int reverse, const double P[], size_t ldp);

/* Have J, for the crew too; 0: it would be very large, there is no memory, or columns are fewer, which single points do faster.  Then
 * the same for values and Jacobians. */
int wgi_points_have_jacobian (const wg_fun *f, wgi_points *);
int wgi_points_jacobian (const wg_fun *f, wgi_points *, size_t count, const double P[], size_t ldp);

#endif
