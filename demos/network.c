/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Survey network: points in the plane, measured distances between pairs (from, to).  The distance of one pair is recorded once; a map
 * gathers the pairs' points by index, and the sparse Jacobian has four entries for each pair.  Look at the count of them. */
#include <math.h>
#include <stdio.h>
#include <wengert.h>
enum { POINTS = 9, OBS = 12 };
struct net { int from[OBS], to[OBS]; double d[OBS]; const wg_fun *distance; };

static void distance (size_t n, const wg_var x[], size_t m, wg_var r[], void *ctx)      /* x: a[2], b[2]; parameter: measured */
{
  r[0] = wg_sub (wg_hypot (wg_sub (x[0], x[2]), wg_sub (x[1], x[3])), wg_param (x[0], 0, 0));
}

static void residuals (size_t n, const wg_var x[], size_t m, wg_var r[], void *ctx)
{
  const struct net *s = ctx;
  wg_map (s->distance, OBS, 3, (wg_arg[]){ { .var = x, .width = 2, .stride = 2, .index = s->from },
                                           { .var = x, .width = 2, .stride = 2, .index = s->to },
                                           { .data = s->d, .width = 1, .stride = 1 } }, r);
}

int main (void)
{
  struct net s;
  double x[2*POINTS], one[4] = { 0, 0, 1, 1 }, r[OBS], val[4*OBS];
  int row[4*OBS], col[4*OBS], k = 0;
  for (int i = 0; i < POINTS; i++)
    {
      x[2*i] = i/3 + 0.05*sin (9*i), x[2*i+1] = i%3 + 0.05*cos (7*i);
      if (i%3 < 2) s.from[k] = i, s.to[k] = i + 1, s.d[k++] = 1;
      if (i/3 < 2) s.from[k] = i, s.to[k] = i + 3, s.d[k++] = 1;
    }
  s.distance = wg_fun_record (distance, NULL, 4, 1, one);
  wg_fun *f = wg_fun_record (residuals, &s, 2*POINTS, OBS, x);
  wg_plan *p = wg_plan_jacobian (f);                       /* pattern and colouring, once */
  int rc = p ? wg_sparse_jacobian (f, p, x, r, val) : -1;
  if (rc) return fprintf (stderr, "%s\n", wg_last_error ()), 1;
  wg_plan_coo (p, row, col);
  for (size_t i = 0; i < 4; i++) printf ("J[%d,%d] = % .6f\n", row[i], col[i], val[i]);
  printf ("%d x %d, %zu nonzeros\n", OBS, 2*POINTS, wg_plan_nnz (p));
  wg_plan_free (p), wg_fun_free (f), wg_fun_free ((wg_fun *) s.distance);
}
