/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * The minimizer: the test problems from near and far, every reason to stop, and what the callback is told.
 */
#include <check.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <wengert/check.h>
#include <wengert/custom.h>
#include <wengert/generic.h>
#include <wengert/minimize.h>

#include "optim/problems.h"

enum { MOST = 1000 };

#define UNUSED (void) n, (void) m, (void) ctx

/* ---------------------------------------------------------------- the problems */

static wg_minimize_result solve (const problem *p, double scale)
{
  double x[MOST], y, g[MOST];
  wg_minimize_result r;
  p->start (p->n, x);
  for (size_t i = 0; i < p->n; i++) x[i] *= scale;
  wg_fun *f = wg_fun_record (p->model, NULL, p->n, 1, x);
  ck_assert_ptr_nonnull (f);
  const int rc = wg_minimize (f, x, NULL, &r);
  ck_assert_msg (rc == WG_OK && r.reason == WG_STOP_GRADIENT, "%s, %g x0: %s", p->name, scale,
                 wg_stop_name (r.reason));
  ck_assert_msg (problem_minimum (p, r.f), "%s, %g x0: f = %.10g", p->name, scale, r.f);
  ck_assert_int_eq (wg_gradient (f, x, &y, g), WG_OK);
  ck_assert_double_eq (y, r.f);
  for (size_t i = 0; i < p->n; i++) ck_assert_double_le (fabs (g[i]), 1e-8*fmax (1, fabs (y)));
  wg_fun_free (f);
  return r;
}

/* 52 instances; the totals are better than those of the best published codes (2418 and 4874). */
START_TEST (more_garbow_hillstrom)
{
  size_t instances = 0, evaluations = 0, hvps = 0;
  for (int k = 0; k < 18; k++)
    for (double scale = 1; scale <= 100; scale *= 10)
      {
        if (scale > 1 && mgh_problems[k].stationary) break;
        const wg_minimize_result r = solve (&mgh_problems[k], scale);
        instances++;
        evaluations += r.evaluations;
        hvps += r.hvps;
      }
  ck_assert_uint_eq (instances, 52);
  ck_assert_uint_le (evaluations, 2200);
  ck_assert_uint_le (hvps, 4500);
}
END_TEST

/* All with the defaults; for those of more than a few variables that is the sparse Hessian. */
START_TEST (large)
{
  const wg_minimize_result r = solve (&large_problems[_i], 1);
  ck_assert_int_eq (r.method, WG_MINIMIZE_NEWTON_SPARSE);
  ck_assert_uint_le (r.evaluations, 50);
  ck_assert_uint_le (r.hvps, 100);
}
END_TEST

/* Ten times as many variables.  The boundary value problem's gradient cannot be below what rounding x to doubles leaves, 12/h^2
 * 1e-17 = 1e-8 or so in each entry: there f, a sum of squares, is 0 to 1e-16 or better, and the reason is the noise. */
START_TEST (larger)
{
  const problem *p = &large_problems[_i];
  const size_t n = 10*p->n;
  double *x = malloc (n*sizeof *x);
  wg_minimize_result r;
  ck_assert_ptr_nonnull (x);
  p->start (n, x);
  wg_fun *f = wg_fun_record (p->model, NULL, n, 1, x);
  ck_assert_ptr_nonnull (f);
  const int rc = wg_minimize (f, x, NULL, &r);
  ck_assert_msg (rc == WG_OK || (_i == 5 && r.reason == WG_STOP_NOISE && r.f < 1e-16 && r.evaluations <= 8), "%s: %s",
                 p->name, wg_stop_name (r.reason));
  ck_assert_msg (problem_minimum (p, r.f), "%s: f = %.10g", p->name, r.f);
  ck_assert_uint_le (r.evaluations, 50);
  ck_assert_uint_le (r.hvps, 100);
  wg_fun_free (f);
  free (x);
}
END_TEST

/* The default looks at the structure: a dense Hessian, or one that is none of the model's, is left to products. */
static void dense (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  wg_var s = wg_num (0), q = wg_num (0);
  (void) m, (void) ctx;
  for (size_t i = 0; i < n; i++)
    {
      s = wg_add (s, wg_mul ((double) i/(double) n, x[i]));
      q = wg_add (q, wg_sqr (wg_sub (x[i], 1)));
    }
  y[0] = wg_add (q, wg_powi (s, 4));
}

START_TEST (default_method)
{
  const size_t sizes[3] = { 10, 100, 1000 };
  for (int k = 0; k < 3; k++)
    for (int sparse = 0; sparse < 2; sparse++)
      {
        double x[1000];
        wg_minimize_result r;
        for (size_t i = 0; i < sizes[k]; i++) x[i] = .3;
        wg_fun *f = wg_fun_record (sparse ? mgh_problems[13].model : dense, NULL, sizes[k], 1, x);
        ck_assert_int_eq (wg_minimize (f, x, NULL, &r), WG_OK);
        ck_assert_int_eq (r.method, sparse && k ? WG_MINIMIZE_NEWTON_SPARSE : WG_MINIMIZE_NEWTON_CG);
        wg_fun_free (f);
      }
}
END_TEST

/* (x[i] - 1)^2 and (x[0] - x[1])^2, by callbacks, with and without second derivatives. */
static int bowl (size_t n, const double x[], size_t m, double y[], void *ctx)
{
  (void) m, (void) ctx;
  y[0] = (x[0] - x[1])*(x[0] - x[1]);
  for (size_t i = 0; i < n; i++) y[0] += (x[i] - 1)*(x[i] - 1);
  return 0;
}

static int bowl_vjp (size_t n, const double x[], size_t m, const double u[], double uj[], void *ctx)
{
  (void) m, (void) ctx;
  for (size_t i = 0; i < n; i++) uj[i] = 2*u[0]*(x[i] - 1);
  uj[0] += 2*u[0]*(x[0] - x[1]);
  uj[1] -= 2*u[0]*(x[0] - x[1]);
  return 0;
}

static int bowl_hvp (size_t n, const double x[], size_t m, const double u[], const double v[], double hv[], void *ctx)
{
  (void) x, (void) m, (void) ctx;
  for (size_t i = 0; i < n; i++) hv[i] = 2*u[0]*v[i];
  hv[0] += 2*u[0]*(v[0] - v[1]);
  hv[1] -= 2*u[0]*(v[0] - v[1]);
  return 0;
}

START_TEST (custom_functions)
{
  for (size_t n = 2; n < 200; n += 98)
    for (int second = 0; second < 2; second++)
      for (int method = WG_MINIMIZE_AUTO; method <= WG_MINIMIZE_LBFGS; method++)
        {
          const wg_rules rules = { .eval = bowl, .vjp = bowl_vjp, .hvp = second ? bowl_hvp : NULL };
          double x[200];
          wg_minimize_result r;
          for (size_t i = 0; i < n; i++) x[i] = 5 + (double) i;
          wg_fun *f = wg_fun_custom (&rules, NULL, n, 1);
          ck_assert_ptr_nonnull (f);
          const int rc = wg_minimize (f, x, &(wg_minimize_options){ .method = method }, &r);
          if (!second && method >= WG_MINIMIZE_NEWTON_CG && method <= WG_MINIMIZE_NEWTON_SPARSE)
            {
              ck_assert_int_eq (rc, WG_EORDER);
              ck_assert_int_eq (r.reason, WG_STOP_ERROR);
              ck_assert_double_eq (x[0], 5);
            }
          else
            {
              ck_assert_int_eq (rc, WG_OK);
              for (size_t i = 0; i < n; i++) ck_assert_double_eq_tol (x[i], 1, 5e-9);         /* curvatures from 2 on */
              if (!method) ck_assert_int_eq (r.method, second ? WG_MINIMIZE_NEWTON_CG : WG_MINIMIZE_LBFGS);
            }
          wg_fun_free (f);
        }
}
END_TEST

/* Branches with other entries in the Hessian: the plan grows. */
static void folded (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) m, (void) ctx;
  y[0] = wg_num (0);
  for (size_t i = 0; i < n; i++) y[0] = wg_add (y[0], wg_sqr (wg_sub (x[i], 1)));
  if (wg_lt (x[0], 3))
    for (size_t i = 0; i + 1 < n; i++) y[0] = wg_add (y[0], wg_sqr (wg_sub (x[i], x[i+1])));
}

START_TEST (plan_grows)
{
  double x[100];
  wg_minimize_result r;
  for (int i = 0; i < 100; i++) x[i] = 5 + i;
  wg_fun *f = wg_fun_record (folded, NULL, 100, 1, x);
  ck_assert_int_eq (wg_minimize (f, x, &(wg_minimize_options){ .method = WG_MINIMIZE_NEWTON_SPARSE, .radius = 1 }, &r), WG_OK);
  for (int i = 0; i < 100; i++) ck_assert_double_eq_tol (x[i], 1, 5e-9);
  wg_fun_free (f);
}
END_TEST

/* No checker is ever alarmed by a right derivative. */
START_TEST (derivatives_of_problems)
{
  for (int k = 0; k < 18; k++)
    for (double scale = 1; scale <= 100; scale *= 10)
      {
        const problem *p = &mgh_problems[k];
        double x[MOST];
        wg_check_report r;
        p->start (p->n, x);
        for (size_t i = 0; i < p->n; i++) x[i] *= scale;
        wg_fun *f = wg_fun_record (p->model, NULL, p->n, 1, x);
        ck_assert_ptr_nonnull (f);
        ck_assert_msg (wg_check_gradient (f, x, NULL, &r) != WG_DISAGREE, "%s, %g x0: %.15g, %.15g +- %g",
                       p->name, scale, r.derivative, r.difference, r.bound);
        ck_assert_msg (wg_check_hvp (f, x, NULL, &r) != WG_DISAGREE, "%s, %g x0: %.15g, %.15g +- %g",
                       p->name, scale, r.derivative, r.difference, r.bound);
        ck_assert_msg (wg_check_transpose (f, x, NULL, &r) == WG_OK, "%s, %g x0: %.17g, %.17g +- %g", p->name, scale,
                       r.derivative, r.difference, r.bound);
        if (scale == 1 && k != 3 && k != 9)         /* the badly scaled ones may be too noisy */
          ck_assert_msg (wg_check_gradient (f, x, NULL, NULL) == WG_OK, "%s", p->name);
        wg_fun_free (f);
      }
}
END_TEST

/* ---------------------------------------------------------------- small models */

static void rosenbrock (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  const double scale = ctx ? *(const double *) ctx : 1;
  UNUSED;
  y[0] = wg_add (wg_mul (100, wg_sqr (wg_sub (x[1], wg_sqr (x[0])))), wg_sqr (wg_sub (1, x[0])));
  y[0] = wg_mul (scale, y[0]);
}

static void saddle (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)        /* minima -1/4 at (0, +-sqrt (1/2)) */
{
  UNUSED;
  y[0] = wg_add (wg_sub (wg_sqr (x[0]), wg_sqr (x[1])), wg_powi (x[1], 4));
}

static void double_well (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  UNUSED;
  y[0] = wg_sqr (wg_sub (wg_sqr (x[0]), 4));
}

static void barrier (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)       /* minimum 1 at 1, NaN below 0 */
{
  UNUSED;
  y[0] = wg_sub (x[0], wg_log (x[0]));
}

static void cliff (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)         /* f' infinite at the minimum */
{
  UNUSED;
  y[0] = wg_add (wg_sqrt (x[0]), wg_sqr (x[1]));
}

static void constant (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) x, UNUSED;
  y[0] = wg_num (3.5);
}

static void falling (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  UNUSED;
  y[0] = wg_sub (1, wg_mul (2, x[0]));
}

static void falling_faster (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  UNUSED;
  y[0] = wg_sub (x[0], wg_mul (wg_sqr (x[0]), wg_sqr (x[1])));
}

static void falling_to_infinity (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  UNUSED;
  y[0] = wg_neg (wg_exp (wg_exp (x[0])));
}

static void irrational (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)    /* no double has f' = 0 */
{
  UNUSED;
  y[0] = wg_sub (wg_exp (x[0]), wg_mul (3, x[0]));
}

static void on_a_hill (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  UNUSED;
  y[0] = wg_mul (3, wg_sqr (wg_add (x[1], wg_exp (wg_mul (.1, x[0])))));
  y[0] = wg_add (1e10, wg_add (wg_sqr (wg_sub (x[0], 1)), y[0]));
}

static void flat_on_a_hill (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  UNUSED;
  y[0] = wg_add (1e10, wg_add (wg_powi (wg_sub (x[0], 1), 4), wg_sqr (wg_add (x[1], x[0]))));
}

static void gives_up (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  UNUSED;
  if (wg_lt (x[0], 2)) wg_raise (x[0], "too small");
  y[0] = wg_sqr (x[0]);
}

static void two_outputs (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  UNUSED;
  y[0] = y[1] = x[0];
}

enum { CHAIN = 30 };

static void chain (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) m, (void) ctx;
  y[0] = wg_num (0);
  for (size_t i = 0; i + 1 < n; i++)
    {
      y[0] = wg_add (y[0], wg_mul (100, wg_sqr (wg_sub (x[i+1], wg_sqr (x[i])))));
      y[0] = wg_add (y[0], wg_sqr (wg_sub (1, x[i])));
    }
}

static int run (wg_model *model, void *ctx, size_t n, double x[], const wg_minimize_options *o, wg_minimize_result *r)
{
  wg_fun *f = wg_fun_record (model, ctx, n, 1, x);
  ck_assert_ptr_nonnull (f);
  const int rc = wg_minimize (f, x, o, r);
  double y;
  if (!WG_FAILED (rc) && rc != WG_NONFINITE)        /* the handle is left at x */
    {
      ck_assert_int_eq (wg_eval (f, NULL, &y), WG_OK);
      ck_assert_double_eq (y, r->f);
      ck_assert_int_eq (wg_eval (f, x, &y), WG_OK);
      ck_assert_double_eq (y, r->f);
    }
  wg_fun_free (f);
  return rc;
}

START_TEST (saddle_is_left)
{
  double x[2] = { 1, 1e-9 };
  wg_minimize_result r;
  ck_assert_int_eq (run (saddle, NULL, 2, x, &(wg_minimize_options){ .gradient_tolerance = 1e-12 }, &r), WG_OK);
  ck_assert_double_eq_tol (r.f, -.25, 1e-15);       /* f'' = 4: |x - x*| <= 1e-12, f above by its square */
  ck_assert_double_eq_tol (fabs (x[1]), sqrt (.5), 1e-12);

  double w = .1;                                    /* f'' < 0 */
  ck_assert_int_eq (run (double_well, NULL, 1, &w, NULL, &r), WG_OK);
  ck_assert_double_eq_tol (fabs (w), 2, 1e-8);
}
END_TEST

START_TEST (holes_are_avoided)
{
  double x = 50, z[2] = { 4, 1 };
  wg_minimize_result r;
  ck_assert_int_eq (run (barrier, NULL, 1, &x, NULL, &r), WG_OK);      /* Newton's first step goes to -2400 */
  ck_assert_double_eq_tol (x, 1, 2e-8);
  ck_assert_int_eq (run (cliff, NULL, 2, z, NULL, &r), WG_NOCONV);
  ck_assert_int_eq (r.reason, WG_STOP_NOISE);
  ck_assert (z[0] > 0 && z[0] < 1e-4 && r.f < .01);         /* the slope along x[0] is endless there */
}
END_TEST

START_TEST (start_not_finite)
{
  double x = -1, z[2] = { 0, 1 };
  wg_minimize_result r;
  ck_assert_int_eq (run (barrier, NULL, 1, &x, NULL, &r), WG_NONFINITE);
  ck_assert_int_eq (r.reason, WG_STOP_NONFINITE);
  ck_assert_double_eq (x, -1);
  ck_assert_int_eq (run (cliff, NULL, 2, z, NULL, &r), WG_NONFINITE);
  ck_assert_int_eq (r.reason, WG_STOP_NONFINITE);
  ck_assert (z[0] == 0 && z[1] == 1 && r.f == 1);
  ck_assert_uint_eq (r.evaluations, 1);
  ck_assert_uint_eq (r.hvps, 0);
}
END_TEST

START_TEST (constant_is_done)
{
  double x[3] = { 1, 2, 3 };
  wg_minimize_result r;
  ck_assert_int_eq (run (constant, NULL, 3, x, NULL, &r), WG_OK);
  ck_assert_int_eq (r.reason, WG_STOP_GRADIENT);
  ck_assert (r.iterations == 0 && r.evaluations == 1 && r.gradients == 1 && r.hvps == 0 && r.f == 3.5);
  ck_assert (x[0] == 1 && x[1] == 2 && x[2] == 3);
}
END_TEST

START_TEST (unbounded)
{
  wg_model *const model[3] = { falling, falling_faster, falling_to_infinity };
  double x[2] = { 5.5, .5 };
  wg_minimize_result r;
  ck_assert_int_eq (run (model[_i], NULL, _i == 1 ? 2 : 1, x, NULL, &r), WG_NOCONV);
  ck_assert_msg (r.reason == WG_STOP_UNBOUNDED, "%s", wg_stop_name (r.reason));
  ck_assert (isfinite (r.f) && isfinite (x[0]));
  ck_assert_uint_lt (r.iterations, 400);
}
END_TEST

START_TEST (noise_floor)
{
  double x = 5, z[2] = { 3, 4 };
  wg_minimize_result r;
  ck_assert_int_eq (run (irrational, NULL, 1, &x, &(wg_minimize_options){ .gradient_tolerance = 1e-300 }, &r), WG_NOCONV);
  ck_assert_int_eq (r.reason, WG_STOP_NOISE);
  ck_assert_double_eq_tol (x, log (3), 4*DBL_EPSILON);
  ck_assert_uint_lt (r.iterations, 60);
  /* Values are 2e-6 apart there and tell x to 1e-3 only; gradients take it to 1e-9 all the same. */
  ck_assert_int_eq (run (on_a_hill, NULL, 2, z, &(wg_minimize_options){ .gradient_tolerance = 1e-19 }, &r), WG_OK);
  ck_assert_double_eq_tol (z[0], 1, 1e-9);
  ck_assert_double_eq_tol (z[1], -exp (.1), 1e-9);
  z[0] = 3, z[1] = 4;
  /* Here they tell x to 0.04 only, gradients to (1e-9/4)^(1/3). */
  ck_assert_int_eq (run (flat_on_a_hill, NULL, 2, z, &(wg_minimize_options){ .gradient_tolerance = 1e-19 }, &r), WG_OK);
  ck_assert_double_eq_tol (z[0], 1, 1e-3);
  ck_assert_uint_le (r.iterations, 30);             /* each cuts the gradient to (2/3)^3 */
}
END_TEST

/* Each way to solve the subproblem gets there. */
START_TEST (subproblems)
{
  for (int which = WG_SUBPROBLEM_KRYLOV; which <= WG_SUBPROBLEM_GLTR; which++)
    {
      double x[CHAIN];
      wg_minimize_result r;
      for (int i = 0; i < CHAIN; i++) x[i] = .1*i*(i%3);
      ck_assert_int_eq (run (chain, NULL, CHAIN, x, &(wg_minimize_options){ .subproblem = which }, &r), WG_OK);
      for (int i = 0; i < CHAIN; i++) ck_assert_double_eq_tol (x[i], 1, 1e-6);      /* curvatures from 1/2 on */
    }
}
END_TEST

/* Curvatures from 2 to 2e6, coupled: the diagonal is what is needed, one's own or probed. */
static double curvature (size_t i) { return pow (10, (double) i/5); }

static void far_apart (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) m, (void) ctx;
  y[0] = wg_num (0);
  for (size_t i = 0; i < n; i++)
    {
      const wg_var d = wg_sub (x[i], 1);
      y[0] = wg_add (y[0], wg_mul (curvature (i), wg_add (wg_sqr (d), wg_powi (d, 4))));
      if (i) y[0] = wg_add (y[0], wg_mul (.1, wg_mul (d, wg_sub (x[i-1], 1))));
    }
}

static int own_diagonal (size_t n, const double x[], const double r[], double z[], void *ctx)
{
  size_t *count = ctx;
  if (!x || ++*count == 7) return 1;                /* now and then none: the search goes on without */
  for (size_t i = 0; i < n; i++) z[i] = r[i]/curvature (i);
  return 0;
}

START_TEST (preconditioners)
{
  enum { N = 30 };
  size_t count = 0, plain = 0;
  for (int k = 0; k < 4; k++)
    {
      double x[N];
      wg_minimize_result r;
      for (int i = 0; i < N; i++) x[i] = 1 + .5*cos (i);
      const wg_minimize_options o = { .method = WG_MINIMIZE_NEWTON_CG, .preconditioner = k < 3 ? k : 0,
                                      .precondition = k == 3 ? own_diagonal : NULL, .ctx = &count };
      ck_assert_int_eq (run (far_apart, NULL, N, x, &o, &r), WG_OK);
      for (int i = 0; i < N; i++) ck_assert_double_eq_tol (x[i], 1, 1e-8);
      if (!k) plain = r.hvps;
      else if (k > 1) ck_assert_msg (r.hvps < plain/2, "%d: %zu products, without %zu", k, r.hvps, plain);
      for (size_t limit = 1; limit < 30; limit++)
        {
          wg_minimize_options few = o;
          few.hvps = limit;
          for (int i = 0; i < N; i++) x[i] = 1 + .5*cos (i);
          const int rc = run (far_apart, NULL, N, x, &few, &r);
          ck_assert_uint_le (r.hvps, limit);
          ck_assert (rc == WG_OK || r.reason == WG_STOP_HVPS);
        }
    }
  ck_assert_uint_gt (count, 7);
}
END_TEST

/* Singular at the minimum: every step has the same work, and the pairs of the step before help. */
START_TEST (pairs_help)
{
  const problem *p = &large_problems[6];
  size_t products[2];
  for (int k = 0; k < 2; k++)
    {
      double x[MOST];
      wg_minimize_result r;
      p->start (200, x);
      wg_fun *f = wg_fun_record (p->model, NULL, 200, 1, x);
      const wg_minimize_options o = { .subproblem = WG_SUBPROBLEM_GLTR, .preconditioner = k ? WG_PRECONDITION_LBFGS : 0, .iterations = 300 };
      ck_assert_int_ge (wg_minimize (f, x, &o, &r), 0);
      ck_assert_int_eq (r.method, WG_MINIMIZE_NEWTON_CG);
      ck_assert_double_le (r.f, 1e-4);
      products[k] = r.hvps;
      wg_fun_free (f);
    }
  ck_assert_msg (products[1] < products[0]/2, "%zu products, without %zu", products[1], products[0]);
}
END_TEST

/* Multiplying f by a power of two changes nothing: the same steps, bit for bit. */
START_TEST (scale_free)
{
  double tiny = ldexp (1, -600), x[2] = { -1.2, 1 }, z[2] = { -1.2, 1 };
  wg_minimize_result r, s;
  ck_assert_int_eq (run (rosenbrock, NULL, 2, x, NULL, &r), WG_OK);
  ck_assert_int_eq (run (rosenbrock, &tiny, 2, z, &(wg_minimize_options){ .gradient_tolerance = 1e-8*tiny }, &s), WG_OK);
  ck_assert_uint_eq (r.iterations, s.iterations);
  ck_assert_uint_eq (r.hvps, s.hvps);
  ck_assert_mem_eq (x, z, sizeof x);
}
END_TEST

/* ---------------------------------------------------------------- limits, callback, printer */

START_TEST (limits)
{
  const double start[2] = { -1.2, 1 };
  for (size_t limit = 1; limit < 25; limit++)
    for (int which = 0; which < 3; which++)
      {
        double x[2] = { start[0], start[1] };
        wg_minimize_result r;
        wg_minimize_options o = { 0 };
        *(which == 0 ? &o.iterations : which == 1 ? &o.evaluations : &o.hvps) = limit;
        const int rc = run (rosenbrock, NULL, 2, x, &o, &r);
        const size_t used = which == 0 ? r.iterations : which == 1 ? r.evaluations : r.hvps;
        ck_assert_int_eq (rc, WG_NOCONV);
        ck_assert_int_eq (r.reason, which == 0 ? WG_STOP_ITERATIONS : which == 1 ? WG_STOP_EVALUATIONS : WG_STOP_HVPS);
        ck_assert_uint_eq (used, limit);
        ck_assert (r.f <= 24.2 + 1e-12);
      }
}
END_TEST

typedef struct { size_t stop_at, calls, cg; wg_minimize_progress last; double x[2]; int curvature; } diary;

static int note (const wg_minimize_progress *p, void *ctx)
{
  diary *d = ctx;
  ck_assert_uint_eq (p->iteration, d->calls);
  ck_assert_uint_eq (p->n, 2);
  if (d->calls++)
    {
      const wg_minimize_progress *q = &d->last;
      ck_assert_uint_eq (p->hvps, q->hvps + p->cg);
      ck_assert_uint_ge (p->evaluations, q->evaluations + 1);
      ck_assert_uint_le (p->evaluations, q->evaluations + 3);
      ck_assert (p->accepted ? p->f < q->f && p->ratio > 0 && p->gradients == q->gradients + 1
                             : p->f == q->f && p->x[0] == d->x[0] && p->x[1] == d->x[1]);
      ck_assert (p->step_norm > 0 && p->step_norm <= p->radius*(1 + 1e-14));
    }
  ck_assert_double_eq (p->gradient_norm, fmax (fabs (p->g[0]), fabs (p->g[1])));
  d->last = *p;
  d->x[0] = p->x[0];
  d->x[1] = p->x[1];
  d->cg += p->cg;
  d->curvature |= p->curvature;
  return d->stop_at == p->iteration;
}

START_TEST (callback_sees_all)
{
  diary d = { .stop_at = 1000 };
  double x[2] = { -1.2, 1 };
  wg_minimize_result r;
  ck_assert_int_eq (run (rosenbrock, NULL, 2, x, &(wg_minimize_options){ .callback = note, .ctx = &d }, &r), WG_OK);
  ck_assert_uint_eq (d.calls, r.iterations + 1);
  ck_assert_uint_eq (d.cg, r.hvps);
  ck_assert (d.last.f == r.f && d.last.evaluations == r.evaluations && d.last.gradients == r.gradients
             && d.last.gradient_norm == r.gradient_norm && d.x[0] == x[0] && d.x[1] == x[1]);

  diary s = { .stop_at = 1000 };
  double z[2] = { 1, 1e-3 };
  ck_assert_int_eq (run (saddle, NULL, 2, z, &(wg_minimize_options){ .callback = note, .ctx = &s }, &r), WG_OK);
  ck_assert_int_eq (s.curvature, 1);
}
END_TEST

typedef struct {
  wg_fun *f;
  double x[CHAIN], g[CHAIN], value;
  size_t evaluations, compared, found_again;
  int accepted;
} model_diary;

/* The ratio against the model of f at the point before, by another handle: -(g.s + s.H s/2) to 1e-6, where the
 * rounding of f, about 1e-14 |f|, is below that. */
static int compare_model (const wg_minimize_progress *p, void *ctx)
{
  model_diary *d = ctx;
  if (p->iteration && p->accepted && p->evaluations == d->evaluations + 1)
    {
      double s[CHAIN], hs[CHAIN], predicted = 0;
      for (size_t i = 0; i < CHAIN; i++) s[i] = p->x[i] - d->x[i];
      ck_assert_int_eq (wg_hvp (d->f, d->x, s, NULL, NULL, hs), WG_OK);
      for (size_t i = 0; i < CHAIN; i++) predicted -= s[i]*(d->g[i] + hs[i]/2);
      if (predicted > 1e-8*d->value)
        {
          ck_assert_double_eq_tol (p->ratio*predicted, d->value - p->f, 2e-6*predicted);
          d->compared++;
          d->found_again += !d->accepted && p->cg;
        }
    }
  memcpy (d->x, p->x, sizeof d->x);
  memcpy (d->g, p->g, sizeof d->g);
  d->value = p->f;
  d->evaluations = p->evaluations;
  d->accepted = p->accepted;
  return 0;
}

START_TEST (model_is_that_of_the_point)
{
  size_t found_again = 0;
  for (int k = -1; k < 8; k++)
    {
      double x[CHAIN];
      for (int i = 0; i < CHAIN; i++) x[i] = .5*k + .1*i*(i%3);
      model_diary d = { .f = wg_fun_record (chain, NULL, CHAIN, 1, x) };
      wg_minimize_result r;
      ck_assert_ptr_nonnull (d.f);
      ck_assert_int_eq (run (chain, NULL, CHAIN, x, &(wg_minimize_options){ .callback = compare_model, .ctx = &d }, &r), WG_OK);
      ck_assert_uint_gt (d.compared, r.iterations/4);
      found_again += d.found_again;
      wg_fun_free (d.f);
    }
  ck_assert_uint_gt (found_again, 0);               /* rejected, and too long for the path that was kept */
}
END_TEST

START_TEST (callback_stops)
{
  for (size_t k = 0; k < 5; k++)
    {
      diary d = { .stop_at = k };
      double x[2] = { -1.2, 1 };
      wg_minimize_result r;
      ck_assert_int_eq (run (rosenbrock, NULL, 2, x, &(wg_minimize_options){ .callback = note, .ctx = &d }, &r), WG_NOCONV);
      ck_assert_int_eq (r.reason, WG_STOP_CALLBACK);
      ck_assert_uint_eq (r.iterations, k);
      ck_assert (x[0] == d.x[0] && x[1] == d.x[1]);
    }
}
END_TEST

START_TEST (radius_is_kept)
{
  double x[2] = { -1.2, 1 };
  wg_minimize_result r;
  diary d = { .stop_at = 1 };
  run (rosenbrock, NULL, 2, x, &(wg_minimize_options){ .radius = 1e-3, .callback = note, .ctx = &d }, &r);
  ck_assert_double_eq (d.last.radius, 1e-3);
  d = (diary){ .stop_at = 40 };
  x[0] = -1.2, x[1] = 1;
  run (rosenbrock, NULL, 2, x, &(wg_minimize_options){ .radius_max = .01, .callback = note, .ctx = &d }, &r);
  ck_assert_int_eq (r.reason, WG_STOP_CALLBACK);
  ck_assert_double_le (d.last.radius, .01);
}
END_TEST

START_TEST (table_is_printed)
{
  char line[200];
  FILE *out = tmpfile ();
  double x[2] = { -1.2, 1 };
  wg_minimize_result r;
  size_t lines = 0;
  ck_assert_ptr_nonnull (out);
  run (rosenbrock, NULL, 2, x, &(wg_minimize_options){ .callback = wg_minimize_print, .ctx = out }, &r);
  rewind (out);
  while (fgets (line, sizeof line, out))
    {
      if (!lines) ck_assert_ptr_nonnull (strstr (line, "iter"));
      if (lines == 1) ck_assert_ptr_nonnull (strstr (line, "2.42000000000000"));
      lines++;
    }
  fclose (out);
  ck_assert_uint_eq (lines, r.iterations + 2);
}
END_TEST

/* ---------------------------------------------------------------- refusals */

START_TEST (errors)
{
  double x[2] = { 7, 7 };
  wg_minimize_result r = { .iterations = 77 };
  wg_fun *f = wg_fun_record (rosenbrock, NULL, 2, 1, x), *two = wg_fun_record (two_outputs, NULL, 2, 2, x);
  ck_assert_int_eq (wg_minimize (NULL, x, NULL, &r), WG_EINVAL);
  ck_assert_int_eq (wg_minimize (f, NULL, NULL, &r), WG_EINVAL);
  ck_assert_int_eq (wg_minimize (two, x, NULL, &r), WG_ESHAPE);
  ck_assert_int_eq (wg_minimize (f, x, &(wg_minimize_options){ .gradient_tolerance = -1 }, &r), WG_EINVAL);
  ck_assert_int_eq (wg_minimize (f, x, &(wg_minimize_options){ .gradient_tolerance = NAN }, &r), WG_EINVAL);
  ck_assert_int_eq (wg_minimize (f, x, &(wg_minimize_options){ .radius = -1 }, &r), WG_EINVAL);
  ck_assert_int_eq (wg_minimize (f, x, &(wg_minimize_options){ .radius_max = NAN }, &r), WG_EINVAL);
  ck_assert_int_eq (wg_minimize (f, x, &(wg_minimize_options){ .preconditioner = 3 }, &r), WG_EINVAL);
  ck_assert_int_eq (wg_minimize (f, x, &(wg_minimize_options){ .preconditioner = -1 }, &r), WG_EINVAL);
  ck_assert_int_eq (wg_minimize (f, x, &(wg_minimize_options){ .subproblem = -1 }, &r), WG_EINVAL);
  ck_assert_int_eq (wg_minimize (f, x, &(wg_minimize_options){ .subproblem = 3 }, &r), WG_EINVAL);
  ck_assert_int_eq (wg_minimize (f, x, &(wg_minimize_options){ .method = -1 }, &r), WG_EINVAL);
  ck_assert_int_eq (wg_minimize (f, x, &(wg_minimize_options){ .method = WGI_MINIMIZE_METHOD_END_ }, &r), WG_EINVAL);
  ck_assert_uint_eq (r.iterations, 77);
  ck_assert_int_eq (run (gives_up, NULL, 2, x, NULL, &r), WG_EMODEL);
  ck_assert_int_eq (r.reason, WG_STOP_ERROR);
  ck_assert (x[0] == 7 && x[1] == 7);
  ck_assert_int_eq (wg_minimize (f, x, NULL, NULL), WG_OK);
  wg_fun_free (f);
  wg_fun_free (two);
}
END_TEST

START_TEST (names)
{
  for (int k = 0; k < WGI_STOP_END_; k++)
    {
      ck_assert_str_ne (wg_stop_name (k), wg_stop_name (-1));
      for (int j = 0; j < k; j++) ck_assert_str_ne (wg_stop_name (k), wg_stop_name (j));
    }
  ck_assert_str_eq (wg_stop_name (WGI_STOP_END_), wg_stop_name (-1));
  for (int k = 0; k < WGI_MINIMIZE_METHOD_END_; k++)
    {
      ck_assert_str_ne (wg_minimize_method_name (k), wg_minimize_method_name (-1));
      for (int j = 0; j < k; j++) ck_assert_str_ne (wg_minimize_method_name (k), wg_minimize_method_name (j));
    }
}
END_TEST

int main (void)
{
  Suite *s = suite_create ("minimize");
  TCase *t = tcase_create ("minimize");
  suite_add_tcase (s, t);
  tcase_set_timeout (t, 60);
  tcase_add_test (t, more_garbow_hillstrom);
  tcase_add_loop_test (t, large, 0, LARGE_PROBLEMS);
  tcase_add_loop_test (t, larger, 0, LARGE_PROBLEMS);
  tcase_add_test (t, default_method);
  tcase_add_test (t, custom_functions);
  tcase_add_test (t, plan_grows);
  tcase_add_test (t, derivatives_of_problems);
  tcase_add_test (t, saddle_is_left);
  tcase_add_test (t, holes_are_avoided);
  tcase_add_test (t, start_not_finite);
  tcase_add_test (t, constant_is_done);
  tcase_add_loop_test (t, unbounded, 0, 3);
  tcase_add_test (t, noise_floor);
  tcase_add_test (t, subproblems);
  tcase_add_test (t, preconditioners);
  tcase_add_test (t, pairs_help);
  tcase_add_test (t, scale_free);
  tcase_add_test (t, limits);
  tcase_add_test (t, callback_sees_all);
  tcase_add_test (t, model_is_that_of_the_point);
  tcase_add_test (t, callback_stops);
  tcase_add_test (t, radius_is_kept);
  tcase_add_test (t, table_is_printed);
  tcase_add_test (t, errors);
  tcase_add_test (t, names);
  SRunner *r = srunner_create (s);
  srunner_run_all (r, CK_ENV);
  const int failed = srunner_ntests_failed (r);
  srunner_free (r);
  return failed != 0;
}
