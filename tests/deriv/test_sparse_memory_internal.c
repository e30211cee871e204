/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Plans and memory: making one with the k-th allocation failing, for every k, gives NULL and WG_ENOMEM, or a whole plan; an
 * evaluation gives WG_ENOMEM with the outputs untouched; nothing leaks; with a plan and a handle in use nothing is
 * allocated.  Link with --wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=free and the static core.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include <wengert.h>
#include <wengert/map.h>
#include <wengert/sparse.h>

#include "allocations.h"
#include "runner.h"

enum { N = 60, M = 40, MOST = N*N };

static wg_fun *piece;            /* that the model calls, and maps */

static void model_piece (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) n, (void) m, (void) ctx;
  y[0] = wg_sin (x[0]), y[1] = wg_mul (x[0], wg_lt (x[0], 0) ? x[0] : x[1]);
}

/* Terms of neighbours and of a few far apart, a loop over pairs; for x[0] < 0 fewer of them. */
static void model (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) ctx;
  for (size_t i = 0; i < m; i++)
    {
      wg_var out[2];
      wg_call (piece, x + i, NULL, out);
      y[i] = wg_add (out[0], out[1]);
    }
  for (size_t i = wg_lt (x[0], 0) ? n/2 : 0; i + 3 < n; i++)
    y[i % m] = wg_add (y[i % m], wg_mul (wg_exp (wg_mul (x[i], x[i+1])), x[(7*i + 3) % n]));
  wg_var sum[2];
  wg_map_sum (piece, n/3, 1, (wg_arg[]){ { .var = x, .width = 2, .stride = 3 } }, sum);
  y[0] = wg_add (y[0], wg_mul (.5, sum[0])), y[1] = wg_add (y[1], sum[1]);
  for (size_t i = 0; i < n; i++) y[m-1] = wg_add (y[m-1], wg_mul (.5, x[i]));
}

static double x[N], elsewhere[N], value[MOST], expected[MOST];

static const struct { int jacobian; char part; wg_plan_options o; } cases[] = {
  { 0, 'L', { .method = WG_PLAN_AUTO } }, { 0, 'U', { .method = WG_PLAN_ACYCLIC } }, { 0, 'F', { .method = WG_PLAN_STAR, .by_columns = 1 } },
  { 0, 'L', { .method = WG_PLAN_DENSE } }, { 0, 'F', { .method = WG_PLAN_SUBGRAPH } }, { 1, 'J', { .method = WG_PLAN_AUTO } }, { 1, 'J', { .method = WG_PLAN_COLUMNS } },
  { 1, 'J', { .method = WG_PLAN_ROWS, .by_columns = 1 } }, { 1, 'J', { .method = WG_PLAN_SUBGRAPH } }, { 1, 'J', { .method = WG_PLAN_DENSE } } };
enum { CASES = sizeof cases/sizeof *cases };

static wg_plan *plan_of (wg_fun *f, int which)
{
  inside = 1;
  wg_plan *plan = cases[which].jacobian ? wg_plan_jacobian_with (f, &cases[which].o)
                                        : wg_plan_hessian_with (f, cases[which].part, &cases[which].o);
  inside = 0;
  return plan;
}

static int run (wg_fun *f, const wg_plan *plan, int which, const double at[], double to[])
{
  inside = 1;
  const int rc = cases[which].jacobian ? wg_sparse_jacobian (f, plan, at, NULL, to) : wg_sparse_hessian (f, plan, at, NULL, NULL, NULL, to);
  inside = 0;
  return rc;
}

static wg_fun *record (const double at[])
{
  inside = 1;
  piece = wg_fun_record (model_piece, NULL, 2, 2, at);
  wg_fun *f = wg_fun_record (model, NULL, N, M, at);
  inside = 0;
  return f;
}

static void release (wg_fun *f, wg_plan *plan)
{
  inside = 1;
  wg_plan_free (plan), wg_fun_free (f), wg_fun_free (piece);
  inside = 0;
}

static void points (void)
{
  for (int i = 0; i < N; i++) x[i] = .25 + .01*i, elsewhere[i] = i ? x[i] : -.5;
}

START_TEST (failing_plans)
{
  points ();
  wg_fun *f = record (x);
  const long before = live;
  wg_plan *plan = NULL;
  for (long k = 1; !plan; k++)
    {
      calls = 0, fail_at = k;
      plan = plan_of (f, _i);
      fail_at = 0;
      if (!plan)
        {
          ck_assert_int_eq (wg_fun_status (NULL), WG_ENOMEM);
          ck_assert_int_eq (live, before);
        }
      ck_assert_int_lt (k, 1000);
    }
  ck_assert_int_eq (run (f, plan, _i, x, value), WG_OK);
  release (f, plan);
  ck_assert_int_eq (live, 0);
}
END_TEST

START_TEST (failing_evaluations)
{
  points ();
  for (int other = 0; other < 2; other++)          /* the plan's own branch, and one that it covers */
    {
      const double *at = other ? elsewhere : x;
      int rc = WG_ENOMEM;
      for (long k = 1; rc == WG_ENOMEM; k++)
        {
          wg_fun *f = record (x);
          wg_plan *plan = plan_of (f, _i);
          for (int i = 0; i < MOST; i++) value[i] = -987.125;
          calls = 0, fail_at = k;
          rc = run (f, plan, _i, at, value);
          fail_at = 0;
          if (rc == WG_ENOMEM)
            for (int i = 0; i < MOST; i++) ck_assert (value[i] == -987.125);
          ck_assert_int_eq (run (f, plan, _i, at, value), WG_OK);
          ck_assert_int_eq (run (f, plan, _i, at, expected), WG_OK);
          ck_assert (!memcmp (value, expected, wg_plan_nnz (plan)*sizeof *value));
          release (f, plan);
          ck_assert_int_eq (live, 0);
          ck_assert_int_lt (k, 1000);
        }
      ck_assert_int_eq (rc, WG_OK);
    }
}
END_TEST

START_TEST (nothing_on_reuse)
{
  points ();
  wg_fun *f = record (x);
  wg_plan *plan = plan_of (f, _i);
  ck_assert_int_eq (run (f, plan, _i, x, value), WG_OK);
  calls = 0;
  for (int k = 0; k < 3; k++) ck_assert_int_eq (run (f, plan, _i, x, value), WG_OK);
  ck_assert_int_eq (calls, 0);
  release (f, plan);
}
END_TEST

int main (void)
{
  Suite *s = suite_create ("memory of plans");
  TCase *t = tcase_create ("memory of plans");
  tcase_set_timeout (t, 120);
  tcase_add_loop_test (t, failing_plans, 0, CASES);
  tcase_add_loop_test (t, failing_evaluations, 0, CASES);
  tcase_add_loop_test (t, nothing_on_reuse, 0, CASES);
  suite_add_tcase (s, t);
  return run_suite (s);
}
