/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * The minimizer with bounds: known solutions, the conditions of Karush, Kuhn and Tucker, and points that never leave
 * the box.
 */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <wengert/custom.h>
#include <wengert/generic.h>
#include <wengert/minimize.h>

#include "optim/problems.h"
#include "runner.h"

#define UNUSED (void) n, (void) m, (void) ctx

static const int methods[] = { WG_MINIMIZE_NEWTON_CG, WG_MINIMIZE_LBFGS };

enum { METHODS = sizeof methods/sizeof *methods, MOST = 60 };

/* Minimize and hold the result against the conditions, to 1e-8 max (1, |f|): within the box, the gradient zero where x
 * is free and pointing out where it is at a bound. */
static int minimize (wg_fun *f, double x[], const double lower[], const double upper[], int method, wg_minimize_result *r)
{
  const size_t n = wg_fun_n (f);
  double g[MOST], y;
  const int rc = wg_minimize (f, x, &(wg_minimize_options){ .method = method, .lower = lower, .upper = upper }, r);
  if (rc < 0) return rc;
  ck_assert_int_eq (wg_gradient (f, x, &y, g), WG_OK);
  ck_assert_double_eq (y, r->f);
  for (size_t i = 0; i < n; i++)
    {
      const double tolerance = 1e-8*fmax (1, fabs (y));
      ck_assert (!(lower && x[i] < lower[i]) && !(upper && x[i] > upper[i]));
      if (rc == WG_OK)
        ck_assert_msg (fabs (g[i]) <= tolerance || (lower && x[i] == lower[i] && g[i] > 0)
                       || (upper && x[i] == upper[i] && g[i] < 0), "x[%zu] = %g, g = %g", i, x[i], g[i]);
    }
  return rc;
}

static int run (wg_model *model, void *ctx, size_t n, double x[], const double lower[], const double upper[], int method,
                wg_minimize_result *r)
{
  wg_fun *f = wg_fun_record (model, ctx, n, 1, x);
  ck_assert_ptr_nonnull (f);
  const int rc = minimize (f, x, lower, upper, method, r);
  wg_fun_free (f);
  return rc;
}

#define RUN(model, n, x, lower, upper) run (model, NULL, n, x, lower, upper, methods[_i], &r)

/* ---------------------------------------------------------------- known solutions */

static void bowl (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)          /* minimum at 0, 1, 2 ... */
{
  UNUSED;
  y[0] = wg_num (0);
  for (size_t i = 0; i < n; i++)
    y[0] = wg_add (y[0], wg_mul (pow (10, (double) (i % 4)), wg_sqr (wg_sub (x[i], (double) i))));
}

static void rosenbrock (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  UNUSED;
  y[0] = wg_add (wg_mul (100, wg_sqr (wg_sub (x[1], wg_sqr (x[0])))), wg_sqr (wg_sub (1, x[0])));
}

static void falling (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  UNUSED;
  y[0] = wg_sub (1, wg_mul (2, x[0]));
}

static void barrier (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)       /* NaN below 0 */
{
  UNUSED;
  y[0] = wg_sub (x[0], wg_log (x[0]));
}

/* A string over obstacles: sum (x[i+1] - x[i])^2/2 + x[i]/n, its ends at 0. */
static void string (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  UNUSED;
  y[0] = wg_mul (.5, wg_add (wg_sqr (x[0]), wg_sqr (x[n-1])));
  for (size_t i = 0; i < n; i++)
    {
      if (i) y[0] = wg_add (y[0], wg_mul (.5, wg_sqr (wg_sub (x[i], x[i-1]))));
      y[0] = wg_add (y[0], wg_div (x[i], (double) n));
    }
}

START_TEST (separable)
{
  double x[6] = { 9, 9, 9, -9, -9, -9 };
  const double lower[6] = { -1, 2, -INFINITY, 2, 4.5, 5 }, upper[6] = { 7, INFINITY, 1.5, 2.5, 8, 5 };
  const double solution[6] = { 0, 2, 1.5, 2.5, 4.5, 5 };
  wg_minimize_result r;
  ck_assert_int_eq (RUN (bowl, 6, x, lower, upper), WG_OK);
  for (int i = 0; i < 6; i++)
    if (i) ck_assert_double_eq (x[i], solution[i]);
    else ck_assert_double_eq_tol (x[i], solution[i], 1e-6);     /* f up to 1e3, |g| up to 1e-5 */
}
END_TEST

START_TEST (one_side)
{
  const double bound[3] = { .5, .5, 1.5 };
  wg_minimize_result r;
  double x[3] = { 5, 5, 5 }, z[3] = { 5, 5, 5 };
  ck_assert_int_eq (RUN (bowl, 3, x, bound, NULL), WG_OK);
  ck_assert_double_eq (x[0], .5);
  ck_assert_double_eq_tol (x[1], 1, 1e-8);
  ck_assert_double_eq_tol (x[2], 2, 1e-8);
  ck_assert_int_eq (RUN (bowl, 3, z, NULL, bound), WG_OK);
  ck_assert_double_eq_tol (z[0], 0, 1e-6);
  ck_assert (z[1] == .5 && z[2] == 1.5);
}
END_TEST

/* At x[0] = a the minimum over x[1] is a^2, f = (1 - a)^2. */
START_TEST (rosenbrock_in_a_box)
{
  const double edge[4] = { -1.5, .5, .99, 1.5 };
  for (int k = 0; k < 4; k++)
    {
      double x[2] = { -1.2, 1 }, lower[2] = { -3, -3 }, upper[2] = { 3, 3 };
      wg_minimize_result r;
      *(edge[k] > 1 ? lower : upper) = edge[k];
      ck_assert_int_eq (RUN (rosenbrock, 2, x, lower, upper), WG_OK);
      ck_assert_double_eq (x[0], edge[k]);
      ck_assert_double_eq_tol (x[1], edge[k]*edge[k], 1e-9);
      ck_assert_double_eq_tol (r.f, (1 - edge[k])*(1 - edge[k]), 1e-12);
    }
  double x[2] = { -1.2, 1 }, lower[2] = { -2, -2 }, upper[2] = { 1, 1 };        /* at the corner, g is 0 there */
  wg_minimize_result r;
  ck_assert_int_eq (RUN (rosenbrock, 2, x, lower, upper), WG_OK);
  ck_assert_double_eq_tol (x[0], 1, 1e-7);
  ck_assert_double_eq_tol (x[1], 1, 1e-7);
}
END_TEST

START_TEST (string_over_obstacles)
{
  double x[MOST], lower[MOST], upper[MOST];
  wg_minimize_result r;
  size_t at_bound = 0;
  for (size_t i = 0; i < MOST; i++)
    {
      const double t = (double) (i + 1)/(MOST + 1);
      x[i] = i%2 ? 100 : -100;
      lower[i] = -5 - 3*sin (13*t);
      upper[i] = i > 40 ? -1 : INFINITY;
    }
  ck_assert_int_eq (RUN (string, MOST, x, lower, upper), WG_OK);       /* convex: the conditions suffice */
  for (size_t i = 0; i < MOST; i++) at_bound += x[i] == lower[i] || x[i] == upper[i];
  ck_assert (at_bound > 3 && at_bound < 50);
}
END_TEST

START_TEST (bounded_all_the_same)
{
  double x = 5, z = -7;
  const double low = .25, ten = 10, two = 2;
  wg_minimize_result r;
  ck_assert_int_eq (RUN (falling, 1, &x, NULL, &ten), WG_OK);
  ck_assert_double_eq (x, 10);
  x = 5;
  ck_assert_int_eq (RUN (falling, 1, &x, &ten, NULL), WG_NOCONV);
  ck_assert_int_eq (r.reason, WG_STOP_UNBOUNDED);
  ck_assert_int_eq (RUN (barrier, 1, &z, &low, NULL), WG_OK);       /* from within, where there is a value */
  ck_assert_double_eq_tol (z, 1, 2e-8);
  ck_assert_int_eq (RUN (barrier, 1, &z, &two, NULL), WG_OK);
  ck_assert_double_eq (z, 2);
}
END_TEST

START_TEST (all_fixed)
{
  double x[2] = { 7, 7 };
  const double at[2] = { -1.2, 1 };
  wg_minimize_result r;
  ck_assert_int_eq (RUN (rosenbrock, 2, x, at, at), WG_OK);
  ck_assert (x[0] == -1.2 && x[1] == 1 && r.reason == WG_STOP_GRADIENT && r.evaluations == 1 && r.gradient_norm == 0);
}
END_TEST

/* The problems in a box around the start, which cuts most solutions off; but for the first, where such a box ends on
 * the line where an angle jumps. */
START_TEST (problems_in_a_box)
{
  for (int k = 1; k < 18; k++)
    for (double size = .1; size < 200; size *= 10)
      {
        const problem *p = &mgh_problems[k];
        double x[MOST], lower[MOST], upper[MOST];
        wg_minimize_result r;
        p->start (p->n, x);
        for (size_t i = 0; i < p->n; i++)
          {
            lower[i] = x[i] - size*(double) (1 + i%3);
            upper[i] = x[i] + size*(double) (1 + i%2);
          }
        ck_assert_msg (run (p->model, NULL, p->n, x, lower, upper, methods[_i], &r) == WG_OK, "%s, %g: %s, |g| = %g",
                       p->name, size, wg_stop_name (r.reason), r.gradient_norm);
      }
}
END_TEST

/* ---------------------------------------------------------------- never outside */

typedef struct { double lower[2], upper[2]; size_t outside; } box;

static void look (box *b, const double x[])
{
  for (int i = 0; i < 2; i++) b->outside += !(x[i] >= b->lower[i] && x[i] <= b->upper[i]);
}

static int value (size_t n, const double x[], size_t m, double y[], void *ctx)
{
  UNUSED;
  look (ctx, x);
  y[0] = 100*(x[1] - x[0]*x[0])*(x[1] - x[0]*x[0]) + (1 - x[0])*(1 - x[0]);
  return 0;
}

static int gradient (size_t n, const double x[], size_t m, const double u[], double g[], void *ctx)
{
  UNUSED;
  look (ctx, x);
  g[0] = u[0]*(-400*x[0]*(x[1] - x[0]*x[0]) - 2*(1 - x[0]));
  g[1] = u[0]*200*(x[1] - x[0]*x[0]);
  return 0;
}

static int product (size_t n, const double x[], size_t m, const double u[], const double v[], double hv[], void *ctx)
{
  UNUSED;
  look (ctx, x);
  hv[0] = u[0]*((1200*x[0]*x[0] - 400*x[1] + 2)*v[0] - 400*x[0]*v[1]);
  hv[1] = u[0]*(-400*x[0]*v[0] + 200*v[1]);
  return 0;
}

START_TEST (never_outside)
{
  box b = { { -2, -.5 }, { .7, 2 }, 0 };
  double x[2] = { -10, 10 };
  wg_minimize_result r;
  wg_fun *f = wg_fun_custom (&(wg_rules){ .eval = value, .vjp = gradient, .hvp = product }, &b, 2, 1);
  ck_assert_ptr_nonnull (f);
  ck_assert_int_eq (minimize (f, x, b.lower, b.upper, methods[_i], &r), WG_OK);
  ck_assert_double_eq (x[0], .7);
  ck_assert_double_eq_tol (x[1], .49, 1e-9);
  ck_assert_uint_eq (b.outside, 0);
  wg_fun_free (f);
}
END_TEST

/* A gradient alone is enough for L-BFGS; Newton-CG says what it lacks. */
START_TEST (gradient_alone)
{
  box b = { { -3, -3 }, { .7, 3 }, 0 };
  double x[2] = { -1.2, 1 };
  wg_minimize_result r;
  wg_fun *f = wg_fun_custom (&(wg_rules){ .eval = value, .vjp = gradient }, &b, 2, 1);
  ck_assert_ptr_nonnull (f);
  const int rc = minimize (f, x, b.lower, b.upper, methods[_i], &r);
  ck_assert_int_eq (rc, methods[_i] == WG_MINIMIZE_LBFGS ? WG_OK : WG_EORDER);
  ck_assert_double_eq (x[0], rc ? -1.2 : .7);
  wg_fun_free (f);
}
END_TEST

/* ---------------------------------------------------------------- refusals */

START_TEST (refused)
{
  double x[2] = { 7, 8 };
  const double one[2] = { 1, 1 }, two[2] = { 1, .5 }, none[2] = { 0, NAN }, high[2] = { 0, INFINITY };
  wg_minimize_result r = { .iterations = 77 };
  ck_assert_int_eq (RUN (rosenbrock, 2, x, one, two), WG_EINVAL);
  ck_assert_int_eq (RUN (rosenbrock, 2, x, none, NULL), WG_EINVAL);
  ck_assert_int_eq (RUN (rosenbrock, 2, x, NULL, none), WG_EINVAL);
  ck_assert_int_eq (RUN (rosenbrock, 2, x, high, NULL), WG_EINVAL);
  ck_assert (x[0] == 7 && x[1] == 8 && r.iterations == 77);
}
END_TEST

int main (void)
{
  Suite *s = suite_create ("minimize with bounds");
  TCase *t = tcase_create ("bounds");
  suite_add_tcase (s, t);
  tcase_set_timeout (t, 60);
  tcase_add_loop_test (t, separable, 0, METHODS);
  tcase_add_loop_test (t, one_side, 0, METHODS);
  tcase_add_loop_test (t, rosenbrock_in_a_box, 0, METHODS);
  tcase_add_loop_test (t, string_over_obstacles, 0, METHODS);
  tcase_add_loop_test (t, bounded_all_the_same, 0, METHODS);
  tcase_add_loop_test (t, all_fixed, 0, METHODS);
  tcase_add_loop_test (t, problems_in_a_box, 0, METHODS);
  tcase_add_loop_test (t, never_outside, 0, METHODS);
  tcase_add_loop_test (t, gradient_alone, 0, METHODS);
  tcase_add_loop_test (t, refused, 0, METHODS);
  return run_suite (s);
}
