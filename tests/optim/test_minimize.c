/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * The minimizer: the test problems from near and far, and every reason to stop.
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

#include "optim/minimize_models.h"
#include "optim/problems.h"
#include "runner.h"

enum { MOST = 1000 };

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

static void double_well (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  UNUSED;
  y[0] = wg_sqr (wg_sub (wg_sqr (x[0]), 4));
}

static void flat_on_a_hill (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  UNUSED;
  y[0] = wg_add (1e10, wg_add (wg_powi (wg_sub (x[0], 1), 4), wg_sqr (wg_add (x[1], x[0]))));
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
  return run_suite (s);
}
