/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Drivers of rolled functions where bits may differ, or more than numbers comes out: elementary functions in lanes, sparse plans, a replay of
 * the model, and what was not finite.
 */
#include <math.h>
#include <stdlib.h>

#include "rolling.h"
#include "runner.h"

/* elementary functions: those of lanes are within 4 ulp of libm's; the model amplifies an error less than a hundredfold and adds 100
 * terms: 1e-12 of the larger number, and of 1, is more than that. */

static void close_to (const char *what, size_t count, const double a[], const double b[])
{
  for (size_t i = 0; i < count; i++)
    ck_assert_msg (fabs (a[i] - b[i]) <= 1e-12*(1 + fabs (b[i])), "%s: entry %zu is %.17g, plain %.17g", what, i, a[i], b[i]);
}

/* Logistic terms with weights that a first loop makes, over groups of variables; a log-sum-exp whose maximum stays. */
MODEL (elementary)
{
  COUNT;
  wg_var w[TRIPS], t[TRIPS], top, sum = wg_num (0), spread = wg_num (0);
  t[0] = x[0];
  for (size_t i = 0; i < count; i++) w[i] = wg_sigmoid (wg_mul (.3*data[i], x[i % n]));
  for (size_t i = 0; i < count; i++)
    {
      wg_var z = wg_num (.5);
      for (size_t j = 0; j < 4; j++) z = wg_add (z, wg_mul (.2*data[4*i + j], wg_tanh (x[(size_t) pick[i] - (size_t) pick[i] % 4 + j])));
      t[i] = wg_mul (w[i], wg_softplus (z));
      spread = wg_add (spread, wg_sqrt (wg_add (1.0, wg_sqr (wg_sub (t[i], x[3])))));
    }
  top = t[0];
  for (size_t i = 1; i < count; i++) top = wg_max (top, t[i]);
  for (size_t i = 0; i < count; i++) sum = wg_add (sum, wg_exp (wg_sub (t[i], top)));
  y[0] = wg_add (wg_add (top, wg_log (sum)), wg_mul (.01, spread));
}

static const char *const kernels[] = { "none", "baseline", "avx2", "avx512" };

START_TEST (test_elementary)
{
  size_t trips = TRIPS;
  double x[N], v[3*N], y[2], g[2][N], h[2][3*N];
  wg_fun *f[2], *d[2];
  set_data ();
  for (size_t i = 0; i < N; i++) x[i] = sin (2.7*(double) i);
  for (size_t i = 0; i < 3*N; i++) v[i] = cos (1.3*(double) (i*i));
  record_both (elementary, &trips, N, 1, x, f);
  ck_assert_uint_ge (info_of (f[1]).loops, 3);
  for (size_t k = 0; k < sizeof kernels/sizeof *kernels; k++)
    {
      if (wg_fun_set_lanes (f[1], kernels[k])) continue;       /* not on this processor */
      for (int s = 0; s < 2; s++) ck_assert_int_eq (wg_hvp (f[s], x, v, &y[s], g[s], h[s]), WG_OK);
      close_to ("value", 1, &y[1], &y[0]), close_to ("gradient", N, g[1], g[0]), close_to ("HVP", N, h[1], h[0]);
      for (int s = 0; s < 2; s++) ck_assert_int_eq (wg_hvps (f[s], x, 3, v, NULL, NULL, h[s]), WG_OK);
      close_to ("HVPs", 3*N, h[1], h[0]);
      for (int s = 0; s < 2; s++) ck_assert_int_eq (wg_jvp (f[s], x, v, NULL, &y[s]), WG_OK);
      close_to ("JVP", 1, &y[1], &y[0]);
      x[0] += .01;
    }
  for (int s = 0; s < 2; s++) ck_assert ((d[s] = wg_fun_gradient (f[s])) != NULL);
  for (int s = 0; s < 2; s++) ck_assert_int_eq (wg_jvp (d[s], x, v, g[s], h[s]), WG_OK);
  close_to ("derived gradient", N, g[1], g[0]), close_to ("its JVP", N, h[1], h[0]);
  for (int s = 0; s < 2; s++) wg_fun_free (f[s]), wg_fun_free (d[s]);
}
END_TEST

/* sparse: the same numbers where both have entries, and 0 where only one has */

static void sparse (wg_fun *f, int hessian, const double x[], double full[])
{
  const size_t n = wg_fun_n (f), m = wg_fun_m (f);
  const double u[1] = { 1 };
  wg_plan *plan = hessian ? wg_plan_hessian (f, 'L') : wg_plan_jacobian (f);
  ck_assert_msg (plan != NULL, "%s", wg_last_error ());
  const size_t nnz = wg_plan_nnz (plan);
  int *row = malloc ((nnz + 1)*sizeof *row), *col = malloc ((nnz + 1)*sizeof *col);
  double *value = malloc ((nnz + 1)*sizeof *value);
  wg_plan_coo (plan, row, col);
  ck_assert_int_eq (hessian ? wg_sparse_hessian (f, plan, x, u, NULL, NULL, value) : wg_sparse_jacobian (f, plan, x, NULL, value), WG_OK);
  for (size_t i = 0; i < (hessian ? n : m)*n; i++) full[i] = 0;
  for (size_t k = 0; k < nnz; k++) full[(size_t) row[k]*n + (size_t) col[k]] = value[k];
  free (row), free (col), free (value), wg_plan_free (plan);
}

enum { LONG = 90 };

MODEL (chain)                    /* of differences: outputs, and the sum of their squares as the last */
{
  COUNT;
  y[m-1] = wg_num (0);
  for (size_t i = 0; i + 2 < n; i++)
    {
      const wg_var d = wg_sub (wg_mul (x[i], x[i + 2]), wg_mul (data[i], wg_max (x[i + 1], x[5])));
      if (m > 1) y[i] = wg_add (d, 1.0);
      y[m-1] = wg_add (y[m-1], wg_mul (x[i + 1], d));
    }
}

START_TEST (test_sparse)
{
  size_t trips = 0;
  static double x[LONG], full[2][LONG*LONG];
  wg_fun *f[2];
  const int hessian = _i == 0;
  const size_t m = hessian ? 1 : LONG - 1;
  set_data ();
  for (size_t i = 0; i < LONG; i++) x[i] = (double) (i*i % 13) - 6;
  record_both (chain, &trips, LONG, m, x, f);
  ck_assert_uint_eq (info_of (f[1]).loops, 1);
  for (int s = 0; s < 2; s++) sparse (f[s], hessian, x, full[s]);
  agree_numbers ("sparse", (hessian ? LONG : m)*LONG, full[0], full[1]);
  for (int s = 0; s < 2; s++) wg_fun_free (f[s]);
}
END_TEST

/* a function that is recorded again is rolled again: the same bits, unless the model has changed */

static void unsteady (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  size_t count = TRIPS;
  const double before = data[77];
  data[77] += *(int *) ctx;
  elementary (n, x, m, y, &count);
  data[77] = before + 2**(int *) ctx;
}

START_TEST (test_replay)
{
  double x[N];
  int step = 0;
  for (size_t i = 0; i < N; i++) x[i] = .1 + .05*(double) i;
  set_data ();
  wg_set_rolling (2);
  wg_fun *f = wg_fun_record (unsteady, &step, N, 1, x);
  wg_set_rolling (0);
  ck_assert_uint_ge (info_of (f).loops, 3);
  ck_assert_int_eq (wg_check_replay (f, x, NULL, NULL), WG_OK);
  step = 1;
  ck_assert_int_eq (wg_check_replay (f, x, NULL, NULL), WG_DISAGREE);
  wg_fun_free (f);
}
END_TEST

/* a number that is not finite comes from the loop as a whole */

MODEL (spoilt)
{
  COUNT;
  y[0] = wg_num (0);
  for (size_t i = 0; i < count; i++) y[0] = wg_add (y[0], wg_log (wg_add (wg_mul (data[i], x[i % n]), 10.0)));
}

START_TEST (test_where)
{
  double x[N] = { 0 }, y;
  size_t trips = TRIPS;
  wg_fun *f[2];
  wg_where where[2];
  set_data ();
  data[40] = 1, data[52] = 2, data[64] = -1;
  record_both (spoilt, &trips, N, 1, x, f);
  x[4] = -10;                    /* log (0) in trip 40, of a negative number in trip 52 */
  for (int s = 0; s < 2; s++)
    {
      ck_assert_int_eq (wg_eval (f[s], x, &y), WG_NONFINITE);
      ck_assert_int_eq (wg_fun_where (f[s], NULL, NULL, &where[s]), WG_NONFINITE);
      ck_assert_str_eq (where[s].name, s ? "loop" : "log");
    }
  for (int s = 0; s < 2; s++) wg_fun_free (f[s]);
}
END_TEST

int main (void)
{
  Suite *s = suite_create ("drivers of rolled functions");
  TCase *t = tcase_create ("drivers of rolled functions");
  tcase_set_timeout (t, 0);
  tcase_add_test (t, test_elementary);
  tcase_add_loop_test (t, test_sparse, 0, 2);
  tcase_add_test (t, test_replay);
  tcase_add_test (t, test_where);
  suite_add_tcase (s, t);
  return run_suite (s);
}
