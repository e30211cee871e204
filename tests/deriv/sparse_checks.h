/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * The law of sparse derivatives, for the tests: what a plan recovers is the dense matrix, by each method, in each part and
 * order, and where a plan has no entry the dense matrix is zero.
 */
#ifndef SPARSE_CHECKS_H
#define SPARSE_CHECKS_H

#include <check.h>

#include <wengert/sparse.h>

#include "random_program.h"

enum { MOST = 70 };           /* inputs or outputs of the functions here */

/* what is compared with: dense matrices by the dense drivers */

static inline int dense_hessian (wg_fun *f, const double x[], const double u[], double H[])
{
  const size_t n = wg_fun_n (f);
  double e[MOST] = { 0 }, column[MOST];
  int rc = WG_OK;
  for (size_t j = 0; j < n && rc >= 0; j++)
    {
      e[j] = 1;
      rc = wg_hvp_weighted (f, x, u, e, NULL, NULL, column);
      e[j] = 0;
      for (size_t i = 0; i < n; i++) H[i*n + j] = column[i];
    }
  return rc;
}

/* Infinite partials are met forward by zero tangents and in reverse by sleeping adjoints: so by direction. */
static inline int dense_jacobian (wg_fun *f, const double x[], int forward, double J[])
{
  const size_t n = wg_fun_n (f), m = wg_fun_m (f), count = forward ? n : m;
  double e[MOST] = { 0 }, column[MOST];
  int rc = WG_OK;
  for (size_t k = 0; k < count && rc >= 0; k++)
    {
      e[k] = 1;
      rc = forward ? wg_jvp (f, x, e, NULL, column) : wg_vjp (f, x, e, NULL, J + k*n);
      e[k] = 0;
      for (size_t i = 0; i < m && forward; i++) J[i*n + k] = column[i];
    }
  return rc;
}

static inline int all_finite (size_t n, const double a[])
{
  for (size_t i = 0; i < n; i++)
    if (!isfinite (a[i])) return 0;
  return 1;
}

/* Every entry of the plan against D, every other place of the part against zero.  Errors are relative to the largest entry, since by
 * substitution a sum of entries loses the small ones, and to what sets D itself apart from its transpose: cancellation. */
static inline int agrees (const wg_plan *plan, size_t rows, size_t cols, char part, const double value[], const double D[])
{
  static char there[MOST*MOST];
  static int row[MOST*MOST], col[MOST*MOST];
  double largest = 1, noise = 0;
  memset (there, 0, rows*cols);
  for (size_t k = 0; k < rows*cols; k++) largest = fmax (largest, fabs (D[k]));
  for (size_t k = 0; k < rows*cols && part != 'J'; k++) noise = fmax (noise, fabs (D[k] - D[k % cols*cols + k/cols]));
  wg_plan_coo (plan, row, col);
  for (size_t k = 0; k < wg_plan_nnz (plan); k++)
    {
      const size_t at = (size_t) row[k]*cols + (size_t) col[k];
      ck_assert_msg (!there[at], "entry (%d, %d) is there twice", row[k], col[k]);
      there[at] = 1;
      if (part == 'L') ck_assert_int_le (col[k], row[k]);
      if (part == 'U') ck_assert_int_le (row[k], col[k]);
      if (!(fabs (value[k] - D[at]) <= 1e-11*largest + 100*noise))
        return fprintf (stderr, "(%d, %d) is %.17g, not %.17g\n", row[k], col[k], value[k], D[at]), 0;
    }
  for (size_t i = 0; i < rows; i++)
    for (size_t j = 0; j < cols; j++)
      {
        const int outside = (part == 'L' && j > i) || (part == 'U' && i > j);
        if (!there[i*cols + j] && !outside && D[i*cols + j] != 0)
          return fprintf (stderr, "(%zu, %zu) is %g but not in the pattern\n", i, j, D[i*cols + j]), 0;
      }
  return 1;
}

/* What one function was checked with, for the message. */
typedef struct { const wg_plan_options *o; char part; } how;

/* A plan by o at x, evaluated there.  Where D is not finite only the pattern's claims are left: nothing is compared. */
static inline void check_hessian (wg_fun *f, how h, const double x[], const double u[], const double D[])
{
  static double value[MOST*MOST];
  double y[MOST], uj[MOST], y2[MOST], uj2[MOST];
  const size_t n = wg_fun_n (f), m = wg_fun_m (f);
  ck_assert_int_ge (wg_eval (f, x, NULL), 0);
  wg_plan *plan = wg_plan_hessian_with (f, h.part, h.o);
  ck_assert_msg (plan != NULL, "%s", wg_last_error ());
  const int rc = wg_sparse_hessian (f, plan, x, u, y, uj, value);
  ck_assert_msg (rc >= 0, "%s", wg_last_error ());
  ck_assert_int_ge (wg_vjp (f, x, u, y2, uj2), 0);
  for (size_t i = 0; i < m; i++) ck_assert (rp_same_bits (y[i], y2[i]));
  for (size_t j = 0; j < n; j++) ck_assert (rp_same_bits (uj[j], uj2[j]));
  if (all_finite (n*n, D))
    ck_assert_msg (agrees (plan, n, n, h.part, value, D), "%s, %s, part %c", wg_plan_method_name (h.o->method),
                   wg_ordering_name (h.o->ordering), h.part);
  wg_plan_free (plan);
}

static inline void check_jacobian (wg_fun *f, const wg_plan_options *o, const double x[], const double D[])
{
  static double value[MOST*MOST];
  double y[MOST], y2[MOST];
  const size_t n = wg_fun_n (f), m = wg_fun_m (f);
  ck_assert_int_ge (wg_eval (f, x, y2), 0);
  wg_plan *plan = wg_plan_jacobian_with (f, o);
  ck_assert_msg (plan != NULL, "%s", wg_last_error ());
  const int rc = wg_sparse_jacobian (f, plan, x, y, value);
  ck_assert_msg (rc >= 0, "%s", wg_last_error ());
  for (size_t i = 0; i < m; i++) ck_assert (rp_same_bits (y[i], y2[i]));
  if (all_finite (n*m, D))
    ck_assert_msg (agrees (plan, m, n, 'J', value, D), "%s", wg_plan_method_name (o->method));
  wg_plan_free (plan);
}

static inline void check_all (wg_fun *f, rp_random *r, const double x[])
{
  static const int hessian[] = { WG_PLAN_AUTO, WG_PLAN_STAR, WG_PLAN_ACYCLIC, WG_PLAN_SUBGRAPH, WG_PLAN_DENSE };
  static const int jacobian[] = { WG_PLAN_AUTO, WG_PLAN_COLUMNS, WG_PLAN_ROWS, WG_PLAN_SUBGRAPH, WG_PLAN_DENSE };
  static double D[MOST*MOST], forward[MOST*MOST];
  const size_t entries = wg_fun_n (f)*wg_fun_m (f);
  double u[MOST];
  for (size_t i = 0; i < wg_fun_m (f); i++) u[i] = rp_below (r, 6) ? rp_uniform (r, -2, 2) : 0;
  ck_assert_int_ge (dense_hessian (f, x, u, D), 0);
  for (int k = 0; k < 5; k++)
    {
      const wg_plan_options o = { .method = hessian[k], .ordering = (int) rp_below (r, WG_ORDER_CLASSES),
                                  .by_columns = (int) rp_below (r, 2) };
      check_hessian (f, (how){ &o, "LUF"[rp_below (r, 3)] }, x, u, D);
    }
  ck_assert_int_ge (dense_jacobian (f, x, 0, D), 0);
  ck_assert_int_ge (dense_jacobian (f, x, 1, forward), 0);
  for (int k = 0; k < 5 && all_finite (entries, forward) == all_finite (entries, D); k++)
    {
      const wg_plan_options o = { .method = jacobian[k], .ordering = (int) rp_below (r, WG_ORDER_CLASSES),
                                  .by_columns = (int) rp_below (r, 2) };
      check_jacobian (f, &o, x, D);
    }
}

#endif
