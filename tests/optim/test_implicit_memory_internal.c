/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Memory of implicit functions: made, evaluated, differentiated by sweeps and as functions, in a model, with the k-th
 * allocation failing for every k: WG_ENOMEM, outputs untouched, nothing leaks, and with memory back the same numbers.
 * Link with --wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=free and the static core.
 */
#include <check.h>
#include <string.h>

#include <wengert.h>

#include "allocations.h"
#include "runner.h"

#define SENTINEL -987.125

static void model (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) ctx;
  for (size_t i = 0; i < m; i++)
    {
      const wg_var p = wg_param (x[0], i, .3), t = wg_add (x[i], wg_mul (.1, wg_exp (x[(i + 1) % n])));
      y[i] = wg_lt (p, 0) ? wg_sub (t, wg_mul (2, p)) : wg_sub (t, wg_sqr (p));
    }
}

static void outer (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  wg_var u[2];
  (void) n, (void) m;
  wg_call (ctx, x, NULL, u);
  y[0] = wg_mul (u[0], wg_add (u[1], x[0]));
}

static const double p[2] = { .4, .7 }, q[2] = { -.5, .2 }, one[2] = { 1, 1 };

enum { VALUES, HESSIAN, DERIVED, MODEL, CALLS };

/* A function of two inputs, or NULL. */
static wg_fun *make (int which, wg_fun *F)
{
  wg_fun *x = wg_fun_root (F, NULL), *f = NULL, *result = NULL;
  if (x && which >= DERIVED) f = wg_fun_record (outer, x, 2, 1, p);
  if (!x || which == VALUES) return x;
  if (f && which == DERIVED) result = wg_fun_gradient (f);
  else if (f) result = f, f = NULL;
  else if (which == HESSIAN) result = wg_fun_outputs (x, 1, (int[]){ 1 });
  wg_fun_free (x), wg_fun_free (f);
  return result;
}

static int use (int which, wg_fun *f, const double x[], double o[8])
{
  switch (which)
    {
    case VALUES: return wg_jacobian (f, x, o, o + 2);
    case HESSIAN: return wg_hessian (f, x, o, o + 1, o + 3);
    case DERIVED: return wg_hvp_weighted (f, x, one, one, o, o + 2, o + 4);
    default: return wg_fvv (f, x, one, o, o + 1, o + 2);
    }
}

#define LIBRARY(e) __extension__ ({ inside = 1; __auto_type result_ = e; inside = 0; result_; })

static void release (wg_fun *f)
{
  inside = 1;
  wg_fun_free (f);
  inside = 0;
}

/* All or nothing. */
static void attempt (int which, wg_fun *f, const double x[], double expected[8], int known)
{
  double o[8];
  for (int j = 0; j < 8; j++) o[j] = SENTINEL;
  refused = 0;
  const int rc = LIBRARY (use (which, f, x, o));
  ck_assert_msg (rc == (refused ? WG_ENOMEM : WG_OK), "status %d: %s", rc, wg_last_error ());
  if (rc) for (int j = 0; j < 8; j++) ck_assert (o[j] == SENTINEL);
  else if (known) ck_assert_mem_eq (o, expected, sizeof o);
  else memcpy (expected, o, sizeof o);
}

/* Without failure first, for what to expect. */
START_TEST (every_failure)
{
  double expected[2][8];
  for (long k = 0, again = 1; again; k++)
    {
      fail_at = 0, live = 0;
      wg_fun *F = LIBRARY (wg_fun_record (model, NULL, 2, 2, one));
      fail_at = k, calls = 0, refused = 0;
      wg_fun *f = LIBRARY (make (_i, F));
      ck_assert_msg ((f == NULL) == refused, "allocation %ld: %s", k, wg_last_error ());
      if (!f) ck_assert_msg (wg_fun_status (NULL) == WG_ENOMEM, "allocation %ld: %s", k, wg_last_error ());
      for (int i = 0; i < 2 && f; i++) attempt (_i, f, i ? q : p, expected[i], k > 0);
      again = !k || calls >= k;
      fail_at = 0;
      for (int i = 0; i < 2 && f; i++) attempt (_i, f, i ? q : p, expected[i], 1);
      release (f), release (F);
      ck_assert_msg (live == 0, "allocation %ld: %ld blocks leak", k, live);
    }
}
END_TEST

/* A new point costs wg_root's own workspace, derivatives there nothing. */
START_TEST (at_a_point)
{
  const double near_p[2] = { .41, .7 };
  double y[2], J[4], v[2];
  wg_fun *F = LIBRARY (wg_fun_record (model, NULL, 2, 2, one)), *x = LIBRARY (wg_fun_root (F, NULL));
  ck_assert (LIBRARY (wg_jacobian (x, p, y, J)) == WG_OK && LIBRARY (wg_jvp (x, p, one, y, v)) == WG_OK);
  calls = 0;
  ck_assert_int_eq (LIBRARY (wg_eval (x, near_p, y)), WG_OK);
  ck_assert_msg (calls <= 4, "%ld allocations", calls);
  calls = 0;
  const int rc = LIBRARY (wg_jacobian (x, NULL, y, J) | wg_jvp (x, NULL, one, y, v) | wg_vjp (x, NULL, one, y, v));
  ck_assert (rc == WG_OK && calls == 0);
  release (x), release (F);
}
END_TEST

int main (void)
{
  Suite *s = suite_create ("memory of implicit functions");
  TCase *t = tcase_create ("all");
  tcase_add_loop_test (t, every_failure, 0, CALLS);
  tcase_add_test (t, at_a_point);
  suite_add_tcase (s, t);
  return run_suite (s);
}
