/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Memory of operations on arrays: every allocation of recording, of first sweeps and of derived functions may fail, and then
 * nothing is lost and the next call works; sweeps allocate on the first call of a kind and never again.
 */
#include <check.h>
#include <math.h>

#include <wengert.h>

#include "../allocations.h"
#include "runner.h"

enum { N = 12 };

static void model (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) n, (void) m, (void) ctx;
  const wg_var A = wg_mat (x, 3, 4), v = wg_vec ((wg_var[]){ x[3], wg_exp (x[2]), x[0] }, 3);
  const wg_var c = wg_constant (x[0], 1, (size_t[]){ 4 }, (double[]){ 1, 2, 3, 4 });
  const wg_var b = wg_tanh (wg_add (wg_matmul (v, A), c)), g = wg_gather (wg_t (A), 0, 3, (int[]){ 3, 0, 3 });
  y[0] = wg_add (wg_sum (wg_mul (wg_concat (2, (wg_var[]){ b, wg_at (g, 1) }, 0), 2)), wg_sum (wg_sqrt (wg_sqr (wg_matmul (g, A)))));
}

/* Linear algebra: every primitive of it. */
static void algebra (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  const wg_var A = wg_mat (x, 3, 4), S = wg_add (wg_matmul (A, wg_t (A)), wg_constant (x[0], 2, (size_t[]){ 3, 3 }, (double[]){ 9, 0, 0, 0, 5, 0, 0, 0, 2 }));
  const wg_var b = wg_vec (x, 3), L = wg_cholesky (S);
  wg_var w, V, Q, U, s, sign, part[9];
  (void) n, (void) m, (void) ctx;
  wg_eigh (S, &w, &V), wg_qr (wg_t (A), &Q, NULL), wg_svd (S, &U, &s, NULL);
  part[0] = wg_add (wg_sum (wg_solve (S, b)), wg_logdet (S, &sign)), part[1] = wg_sum (wg_mul (V, w)), part[2] = wg_sum (Q);
  part[3] = wg_sum (wg_mul (U, s)), part[4] = wg_sum (wg_solve_triangular (L, b, WG_LOWER)), part[5] = wg_sum (wg_solve_spd (S, b));
  part[6] = wg_det (S), part[7] = wg_sum (wg_sqrtm_sym (S)), part[8] = wg_sum (wg_expm (wg_mul (0.01, S)));
  y[0] = wg_num (0);
  for (int i = 0; i < 9; i++) y[0] = wg_add (y[0], part[i]);
}

/* Reductions, losses, products that are made of others. */
static void reductions (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) n, (void) m, (void) ctx;
  const wg_var A = wg_mat (x, 3, 4), k = wg_vec (x + 5, 2), D = wg_diag (wg_norm_axes (A, 2, 1, (int[]){ 0 }, 0));
  y[0] = wg_add (wg_softmax_cross_entropy_index (wg_matmul (A, D), 3, (int[]){ 1, 0, 3 }, .1), wg_logsumexp (wg_conv (A, k, WG_CONV_SAME)));
  y[0] = wg_add (y[0], wg_amax (wg_prod_axes (A, 1, (int[]){ 1 }, 0)));
}

/* An operation with rules of its own, x^2, also on views that are not in one piece. */
static int same (size_t nx, const wg_shape sx[], wg_shape *sy, void *ctx)
{
  (void) nx, (void) ctx;
  *sy = sx[0];
  return 0;
}

static int square (size_t nx, const wg_shape sx[], const double *const a[], const wg_shape *sy, double y[], void *ctx)
{
  (void) nx, (void) sx, (void) ctx;
  for (size_t i = 0; i < sy->dim[0]*sy->dim[1]; i++) y[i] = a[0][i]*a[0][i];
  return 0;
}

static void tangent (size_t nx, const wg_var a[], wg_var y, const wg_var da[], wg_var *dy, void *ctx)
{
  (void) nx, (void) y, (void) ctx;
  *dy = wg_mul (wg_mul (2.0, a[0]), da[0]);
}

static void adjoint (size_t nx, const wg_var a[], wg_var y, wg_var ybar, wg_var abar[], void *ctx)
{
  (void) nx, (void) y, (void) ctx;
  abar[0] = wg_mul (wg_mul (2.0, a[0]), ybar);
}

static const wg_array_rules squared = { "squared", same, square, tangent, adjoint };

static void custom (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) n, (void) m, (void) ctx;
  const wg_var A = wg_mat (x, 3, 4), B = wg_array_custom (&squared, NULL, 1, (wg_var[]){ wg_t (A) });
  y[0] = wg_sum (wg_matmul (A, B));
}

static wg_model *const models[] = { model, algebra, reductions, custom };
static const long step[] = { 1, 17, 3, 1 };         /* a longer one: not every allocation */
enum { MODELS = sizeof models/sizeof *models };

static double x[N], v[3*N], g[N], h[3*N], H[N*N];

/* Every kind of sweep, over all numbers. */
static int sweeps (wg_fun *f)
{
  double y;
  int rc = wg_gradient (f, x, &y, g);
  if (!rc) rc = wg_jvp (f, x, v, &y, h);
  if (!rc) rc = wg_hvp (f, x, v, &y, g, h);
  if (!rc) rc = wg_hvps (f, x, 3, v, &y, g, h);
  if (!rc) rc = wg_fvv (f, x, v, &y, h, h + 1);
  if (!rc) rc = wg_hessian (f, x, &y, g, H);
  return rc;
}

START_TEST (sweeps_fail)
{
  int was_refused = 1;
  for (long k = 0; was_refused; k += step[_i])
    {
      wg_fun *f = wg_fun_record (models[_i], NULL, N, 1, x);
      ck_assert_ptr_nonnull (f);
      calls = refused = 0, fail_at = k + 1, inside = 1;
      int rc = sweeps (f);
      inside = 0, fail_at = 0;
      was_refused = refused;
      ck_assert_msg (rc == (was_refused ? WG_ENOMEM : WG_OK), "allocation %ld: %s", k + 1, wg_strerror (rc));
      ck_assert_int_eq (sweeps (f), WG_OK);
      calls = 0, inside = 1;
      rc = sweeps (f);
      inside = 0;
      ck_assert_int_eq (rc, WG_OK);
      ck_assert_int_eq (calls, 0);
      wg_fun_free (f);
    }
}
END_TEST

/* A function that could be recorded nevertheless is the right one. */
START_TEST (recording_fails)
{
  int was_refused = 1;
  double want[N];
  wg_fun *whole = wg_fun_record (models[_i], NULL, N, 1, x);
  ck_assert_int_eq (wg_gradient (whole, x, NULL, want), WG_OK);
  wg_fun_free (whole);
  for (long k = 0; was_refused; k += step[_i])
    {
      live = calls = refused = 0, fail_at = k + 1, inside = 1;
      wg_fun *f = wg_fun_record (models[_i], NULL, N, 1, x), *d = f ? wg_fun_gradient (f) : NULL;
      const int rc = f && d ? WG_OK : wg_fun_status (NULL);
      const int ran = f && d ? wg_eval (d, x, g) : WG_OK;
      fail_at = 0;
      wg_fun_free (f), wg_fun_free (d);
      inside = 0;
      was_refused = refused;
      ck_assert_msg (was_refused || (rc == WG_OK && ran == WG_OK), "%s", wg_last_error ());
      ck_assert_msg (rc == WG_OK || rc == WG_ENOMEM, "allocation %ld: %s: %s", k + 1, wg_strerror (rc), wg_last_error ());
      for (int i = 0; i < N && rc == WG_OK && ran == WG_OK; i++)
        ck_assert_msg (fabs (g[i] - want[i]) <= 1e-9*(1 + fabs (want[i])), "allocation %ld: %g, not %g", k + 1, g[i], want[i]);
      ck_assert_msg (live == 0, "allocation %ld: %ld blocks are left", k + 1, live);
    }
}
END_TEST

/* A live tape: what could be computed is right, the rest is refused, all of it is freed. */
START_TEST (live_fails)
{
  int was_refused = 1;
  for (long k = 0; was_refused; k++)
    {
      double bar[N];
      live = calls = refused = 0, fail_at = k + 1, inside = 1;
      wg_tape *t = wg_tape_new ();
      const wg_var A = wg_tape_array (t, 2, (size_t[]){ 3, 4 }, x), B = wg_array_custom (&squared, NULL, 1, (wg_var[]){ wg_t (A) });
      const wg_var loss = wg_sum (wg_mul (wg_t (A), B));
      int rc = wg_backward (loss, NULL);
      const int failed = rc;
      fail_at = 0;
      if (rc && loss.ids) rc = wg_backward (loss, NULL);
      const int got = rc ? rc : wg_adjoint (A, bar);
      wg_tape_free (t);
      inside = 0;
      was_refused = refused;
      ck_assert_msg (was_refused || failed == WG_OK, "%s", wg_last_error ());
      ck_assert_msg (live == 0, "allocation %ld: %ld blocks are left", k + 1, live);
      for (int i = 0; i < N && got == WG_OK; i++) ck_assert (fabs (bar[i] - 3*x[i]*x[i]) <= 1e-14);
    }
}
END_TEST

int main (void)
{
  for (int i = 0; i < N; i++) x[i] = .3*i - 1.7;
  for (int i = 0; i < 3*N; i++) v[i] = 1 - .1*i;
  Suite *s = suite_create ("memory of arrays");
  TCase *t = tcase_create ("memory of arrays");
  tcase_set_timeout (t, 120);
  tcase_add_loop_test (t, sweeps_fail, 0, MODELS);
  tcase_add_loop_test (t, recording_fails, 0, MODELS);
  tcase_add_test (t, live_fails);
  suite_add_tcase (s, t);
  return run_suite (s);
}
