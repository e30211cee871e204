/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * SGD and Adam on the logistic regression of the breast-cancer rows, against the minimum that Newton-CG finds; order,
 * seed, limits and reasons.
 */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <wengert/generic.h>
#include <wengert/minimize.h>

#include "runner.h"

#define UNUSED (void) n, (void) m, (void) ctx

enum { ROWS = 569, FEATURES = 30, N = FEATURES + 1, WIDTH = FEATURES + 2 };

static const int methods[2] = { WG_MINIMIZE_SGD, WG_MINIMIZE_ADAM };

/* ---------------------------------------------------------------- the data */

/* Each row: its features to mean 0 and variance 1, the sign of its class, its weight in a batch. */
static double data[ROWS][WIDTH];

static void load (void)
{
  char path[4096];
  const char *top = getenv ("WG_SRCDIR");
  snprintf (path, sizeof path, "%s/demos/data/breast_cancer.csv", top ? top : ".");
  FILE *in = fopen (path, "r");
  ck_assert_msg (in != NULL, "%s", path);
  ck_assert_int_ge (fscanf (in, "%*[^\n]"), 0);
  for (int i = 0; i < ROWS; i++)
    {
      for (int j = 0; j <= FEATURES; j++) ck_assert_int_eq (fscanf (in, j ? ",%lf" : " %lf", &data[i][j]), 1);
      data[i][FEATURES] = data[i][FEATURES] > 0 ? 1 : -1;
    }
  fclose (in);
  for (int j = 0; j < FEATURES; j++)
    {
      double mean = 0, square = 0;
      for (int i = 0; i < ROWS; i++) mean += data[i][j]/ROWS;
      for (int i = 0; i < ROWS; i++) square += (data[i][j] - mean)*(data[i][j] - mean)/ROWS;
      for (int i = 0; i < ROWS; i++) data[i][j] = (data[i][j] - mean)/sqrt (square);
    }
}

/* Its weighted sum over the rows that the parameters hold, and |w|^2/200. */
static void logistic (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  const size_t *count = ctx;
  wg_var norm = wg_num (0);
  (void) m;
  y[0] = wg_num (0);
  for (size_t k = 0; k < *count; k++)
    {
      wg_var p[WIDTH], z = x[n-1];
      for (size_t j = 0; j < WIDTH; j++) p[j] = wg_param (x[0], k*WIDTH + j, .1);
      for (size_t j = 0; j < FEATURES; j++) z = wg_add (z, wg_mul (p[j], x[j]));
      y[0] = wg_add (y[0], wg_mul (p[FEATURES+1], wg_softplus (wg_neg (wg_mul (p[FEATURES], z)))));
    }
  for (size_t j = 0; j < FEATURES; j++) norm = wg_add (norm, wg_sqr (x[j]));
  y[0] = wg_add (y[0], wg_mul (.005, norm));
}

typedef struct { size_t batch, calls, rows; int seen[ROWS], refuse; double order; } feeder;

static int feed (wg_fun *f, size_t count, const size_t row[], void *ctx)
{
  feeder *d = ctx;
  double *p = calloc (d->batch*WIDTH, sizeof *p);
  ck_assert (count > 0 && count <= d->batch);
  for (size_t k = 0; k < count; k++)
    {
      ck_assert_uint_lt (row[k], ROWS);
      memcpy (p + k*WIDTH, data[row[k]], WIDTH*sizeof *p);
      p[k*WIDTH + FEATURES + 1] = 1/(double) count;
      d->seen[row[k]]++;
      d->order = .9*d->order + (double) row[k];
    }
  d->calls++;
  d->rows += count;
  const int rc = d->refuse ? WG_EMODEL : wg_fun_set_params (f, d->batch*WIDTH, p);
  free (p);
  return rc;
}

static wg_fun *record (size_t batch)
{
  const double start[N] = { 0 };
  wg_fun *f = wg_fun_record (logistic, &batch, N, 1, start);
  ck_assert_ptr_nonnull (f);
  return f;
}

/* The minimum, all rows at once. */
static double minimum (double x[N])
{
  feeder all = { .batch = ROWS };
  size_t every[ROWS];
  wg_minimize_result r;
  wg_fun *f = record (ROWS);
  for (size_t i = 0; i < ROWS; i++) every[i] = i;
  feed (f, ROWS, every, &all);
  memset (x, 0, N*sizeof *x);
  ck_assert_int_eq (wg_minimize (f, x, NULL, &r), WG_OK);
  wg_fun_free (f);
  return r.f;
}

/* ---------------------------------------------------------------- fits */

static int fit (size_t batch, feeder *d, wg_minimize_options o, double x[N], wg_minimize_result *r)
{
  wg_fun *f = record (batch);
  d->batch = o.batch = batch;
  o.set_rows = feed;
  o.ctx = d;
  o.rows = ROWS;
  memset (x, 0, N*sizeof *x);
  const int rc = wg_minimize (f, x, &o, r);
  wg_fun_free (f);
  return rc;
}

/* f is strongly convex, f'' >= 0.01 but for the bias: f - f* <= |g|^2/0.02 about, and |g|^2 <= 31 |g|_inf^2.  300 epochs get to
 * 2e-4, 2e-7 and 1e-5; the bounds leave room for another order of rows. */
START_TEST (accuracy)
{
  static const struct { int method; double step, excess; } row[3] = {
    { WG_MINIMIZE_SGD, 0, 1e-3 }, { WG_MINIMIZE_SGD, .7, 1e-5 }, { WG_MINIMIZE_ADAM, .01, 1e-4 } };
  double best[N], x[N];
  const double least = minimum (best);
  for (uint64_t seed = 0; seed < 3; seed++)
    {
      wg_minimize_result r;
      feeder d = { 0 };
      ck_assert_int_eq (fit (32, &d, (wg_minimize_options){
        .method = row[_i].method, .step = row[_i].step, .iterations = 300, .seed = seed }, x, &r), WG_NOCONV);
      ck_assert_int_eq (r.method, row[_i].method);
      ck_assert_int_eq (r.reason, WG_STOP_ITERATIONS);
      ck_assert_uint_eq (r.iterations, 300);
      ck_assert_double_ge (r.f, least);
      ck_assert_double_le (r.f - least, row[_i].excess);
      ck_assert_double_le (r.f - least, 31*r.gradient_norm*r.gradient_norm/.02);
    }
}
END_TEST

/* What it says when it stops is exact. */
START_TEST (tolerance)
{
  double x[N], y, g[N], norm = 0;
  size_t every[ROWS];
  wg_minimize_result r;
  feeder d = { 0 }, all = { .batch = ROWS };
  ck_assert_int_eq (fit (32, &d, (wg_minimize_options){
    .method = methods[_i], .step = _i ? .01 : .7, .gradient_tolerance = 1e-3 }, x, &r), WG_OK);
  ck_assert_int_eq (r.reason, WG_STOP_GRADIENT);
  ck_assert_double_le (r.gradient_norm, 1e-3);
  ck_assert_uint_eq (r.evaluations, d.calls);
  wg_fun *f = record (ROWS);
  for (size_t i = 0; i < ROWS; i++) every[i] = i;
  feed (f, ROWS, every, &all);
  ck_assert_int_eq (wg_gradient (f, x, &y, g), WG_OK);
  for (int i = 0; i < N; i++) norm = fmax (norm, fabs (g[i]));
  ck_assert_double_eq_tol (r.f, y, 1e-13);
  ck_assert_double_eq_tol (r.gradient_norm, norm, 1e-13);
  wg_fun_free (f);
}
END_TEST

/* The pass at the start, five epochs, the pass at the end: every row seven times, in an order that the seed alone decides. */
START_TEST (order)
{
  double x[3][N], used[3];
  for (int k = 0; k < 3; k++)
    {
      wg_minimize_result r;
      feeder d = { 0 };
      fit (20, &d, (wg_minimize_options){ .method = methods[_i], .step = .01, .iterations = 5, .seed = k < 2 ? 77 : 78 }, x[k], &r);
      for (int i = 0; i < ROWS; i++) ck_assert_int_eq (d.seen[i], 7);
      ck_assert_uint_eq (d.calls, 7*29);
      ck_assert_uint_eq (r.evaluations, 7*29);
      ck_assert_uint_eq (r.hvps, 0);
      used[k] = d.order;
    }
  ck_assert_mem_eq (x[0], x[1], sizeof x[0]);
  ck_assert (used[0] == used[1] && used[0] != used[2]);
  ck_assert (memcmp (x[0], x[2], sizeof x[0]));
}
END_TEST

/* ---------------------------------------------------------------- without rows */

static void bowl (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  UNUSED;
  y[0] = wg_num (0);
  for (size_t i = 0; i < n; i++) y[0] = wg_add (y[0], wg_mul ((double) (i + 1), wg_sqr (wg_sub (x[i], 1))));
}

static void barrier (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)       /* minimum 1 at 1, NaN below 0 */
{
  UNUSED;
  y[0] = wg_sub (x[0], wg_log (x[0]));
}

static void edge (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)  /* falls off at 0, whatever the step */
{
  UNUSED;
  y[0] = wg_add (x[0], wg_log (wg_sub (x[0], 1e-300)));
}

static void falling_to_infinity (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  UNUSED;
  y[0] = wg_neg (wg_exp (wg_exp (x[0])));
}

static void constant (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) x, UNUSED;
  y[0] = wg_num (3.5);
}

static int run (wg_model *model, size_t n, double x[], wg_minimize_options o, int method, wg_minimize_result *r)
{
  wg_fun *f = wg_fun_record (model, NULL, n, 1, x);
  ck_assert_ptr_nonnull (f);
  o.method = method;
  const int rc = wg_minimize (f, x, &o, r);
  wg_fun_free (f);
  return rc;
}

#define RUN(model, n, x, ...) run (model, n, x, (wg_minimize_options){ __VA_ARGS__ }, methods[_i], &r)

START_TEST (plain_descent)
{
  double x[3] = { 5, -5, .5 }, z[3] = { 5, -5, .5 }, w = 2;
  const double upper[3] = { .5, 2, .25 };
  wg_minimize_result r;
  ck_assert_int_eq (RUN (bowl, 3, x, .step = _i ? .1 : 0, .decay = INFINITY, .iterations = 3000), WG_OK);
  for (int i = 0; i < 3; i++) ck_assert_double_eq_tol (x[i], 1, 1e-8);
  ck_assert_int_eq (RUN (bowl, 3, z, .step = _i ? .1 : 0, .decay = INFINITY, .iterations = 3000, .upper = upper), WG_OK);
  ck_assert (z[0] == .5 && z[2] == .25);
  ck_assert_double_eq_tol (z[1], 1, 1e-8);
  ck_assert_int_eq (RUN (barrier, 1, &w, .step = .05, .decay = INFINITY, .iterations = 3000), WG_OK);
  ck_assert_double_eq_tol (w, 1, 2e-8);
}
END_TEST

static int stop (const wg_minimize_progress *p, void *ctx) { return p->iteration == *(size_t *) ctx; }

START_TEST (reasons)
{
  double x = -1, y[3] = { 1, 2, 3 }, far = 5.5, low = 1, z[3] = { 4, 4, 4 };
  size_t third = 3;
  wg_minimize_result r;
  ck_assert_int_eq (RUN (barrier, 1, &x, 0), WG_NONFINITE);
  ck_assert (r.reason == WG_STOP_NONFINITE && x == -1);
  ck_assert_int_eq (RUN (constant, 3, y, 0), WG_OK);
  ck_assert (r.reason == WG_STOP_GRADIENT && r.evaluations == 1 && y[2] == 3);
  ck_assert_int_eq (RUN (falling_to_infinity, 1, &far, .step = 2), WG_NOCONV);
  ck_assert_msg (r.reason == WG_STOP_UNBOUNDED, "%s", wg_stop_name (r.reason));
  ck_assert (isfinite (far) && isfinite (r.f));
  ck_assert_int_eq (RUN (edge, 1, &low, .step = 1e30), WG_NOCONV);
  ck_assert_msg (r.reason == WG_STOP_DIVERGED, "%s", wg_stop_name (r.reason));
  ck_assert (low > 0 && isfinite (r.f));
  ck_assert_int_eq (RUN (bowl, 3, z, .step = 1e-3, .callback = stop, .ctx = &third), WG_NOCONV);
  ck_assert (r.reason == WG_STOP_CALLBACK && r.iterations == 3 && r.evaluations == 5);
  ck_assert_int_eq (RUN (bowl, 3, z, .step = 1e-3, .evaluations = 7), WG_NOCONV);
  ck_assert (r.reason == WG_STOP_EVALUATIONS && r.iterations == 6);
}
END_TEST

START_TEST (refused)
{
  double x[N], z[2] = { 7, 8 };
  wg_minimize_result r = { .iterations = 77 };
  feeder d = { .refuse = 1 };
  ck_assert_int_eq (fit (32, &d, (wg_minimize_options){ .method = methods[_i] }, x, &r), WG_EMODEL);
  ck_assert_int_eq (r.reason, WG_STOP_ERROR);
  ck_assert_uint_eq (d.calls, 1);
  r.iterations = 77;
  ck_assert_int_eq (RUN (bowl, 2, z, .set_rows = feed), WG_EINVAL);     /* none */
  ck_assert_int_eq (RUN (bowl, 2, z, .step = -1), WG_EINVAL);
  ck_assert_int_eq (RUN (bowl, 2, z, .step = NAN), WG_EINVAL);
  ck_assert_int_eq (RUN (bowl, 2, z, .decay = -1), WG_EINVAL);
  ck_assert_int_eq (run (bowl, 2, z, (wg_minimize_options){ .set_rows = feed, .rows = 3 }, WG_MINIMIZE_LBFGS, &r), WG_EINVAL);
  ck_assert (z[0] == 7 && z[1] == 8 && r.iterations == 77);
}
END_TEST

int main (void)
{
  Suite *s = suite_create ("minimize by rows");
  TCase *t = tcase_create ("rows");
  suite_add_tcase (s, t);
  tcase_set_timeout (t, 120);
  tcase_add_unchecked_fixture (t, load, NULL);
  tcase_add_loop_test (t, accuracy, 0, 3);
  tcase_add_loop_test (t, tolerance, 0, 2);
  tcase_add_loop_test (t, order, 0, 2);
  tcase_add_loop_test (t, plain_descent, 0, 2);
  tcase_add_loop_test (t, reasons, 0, 2);
  tcase_add_loop_test (t, refused, 0, 2);
  return run_suite (s);
}
