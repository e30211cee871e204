/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * What every method of the minimizer owes: the test problems, a reason for every end, limits, the callback, scale.
 * Another method is a row.
 */
#include <check.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <wengert/generic.h>
#include <wengert/minimize.h>

#include "optim/minimize_models.h"
#include "optim/problems.h"
#include "runner.h"

/* instances: of the 52, solved; evaluations: for these in all, with some room for other arithmetic. */
static const struct { int method; size_t instances, evaluations; } methods[] = {
  { WG_MINIMIZE_NEWTON_CG, 52, 2200 },
  { WG_MINIMIZE_NEWTON_DENSE, 46, 6500 },           /* exact steps are no better far from a minimum */
  { WG_MINIMIZE_NEWTON_SPARSE, 46, 6500 },
  { WG_MINIMIZE_LBFGS, 52, 4600 },
};

enum { METHODS = sizeof methods/sizeof *methods, MOST = 12 };

/* ---------------------------------------------------------------- the problems */

START_TEST (more_garbow_hillstrom)
{
  size_t solved = 0, evaluations = 0;
  for (int k = 0; k < 18; k++)
    for (double scale = 1; scale <= (mgh_problems[k].stationary ? 1 : 100); scale *= 10)
      {
        const problem *p = &mgh_problems[k];
        double x[MOST], g[MOST];
        wg_minimize_result r;
        p->start (p->n, x);
        for (size_t i = 0; i < p->n; i++) x[i] *= scale;
        wg_fun *f = wg_fun_record (p->model, NULL, p->n, 1, x);
        ck_assert_ptr_nonnull (f);
        const int rc = wg_minimize (f, x, &(wg_minimize_options){ .method = methods[_i].method }, &r);
        ck_assert_int_eq (r.method, methods[_i].method);
        ck_assert_int_eq (rc, r.reason == WG_STOP_GRADIENT ? WG_OK : WG_NOCONV);
        ck_assert_int_eq (wg_gradient (f, x, NULL, g), WG_OK);
        for (size_t i = 0; i < p->n && !rc; i++) ck_assert_double_le (fabs (g[i]), 1e-8*fmax (1, fabs (r.f)));
        if (methods[_i].method == WG_MINIMIZE_LBFGS) ck_assert_uint_eq (r.hvps, 0);
        solved += !rc;
        evaluations += r.evaluations;
        wg_fun_free (f);
      }
  ck_assert_uint_ge (solved, methods[_i].instances);
  ck_assert_uint_le (evaluations, methods[_i].evaluations);
}
END_TEST

/* ---------------------------------------------------------------- small models */

static void rough_hill (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)    /* rounding is 1e-9 of f */
{
  on_a_hill (n, x, m, y, ctx);
  y[0] = wg_add (wg_sub (wg_add (wg_sub (y[0], 1e10), 1e12), 1e12), 1e5);
}

static int run_by (wg_model *model, void *ctx, size_t n, double x[], wg_minimize_options o, int method, wg_minimize_result *r)
{
  o.method = method;
  return run (model, ctx, n, x, &o, r);
}

#define RUN(model, n, x, ...) run_by (model, NULL, n, x, (wg_minimize_options){ __VA_ARGS__ }, methods[_i].method, &r)

/* ---------------------------------------------------------------- reasons */

START_TEST (minima)
{
  double x[2] = { 1, 1e-3 }, w = 5, z[2] = { -1.2, 1 };
  wg_minimize_result r;
  ck_assert_int_eq (RUN (saddle, 2, x, .gradient_tolerance = 1e-12), WG_OK);
  ck_assert_double_eq_tol (r.f, -.25, 1e-15);       /* f'' = 4: |x - x*| <= 1e-12, f above by its square */
  ck_assert_double_eq_tol (fabs (x[1]), sqrt (.5), 1e-12);
  ck_assert_int_eq (RUN (irrational, 1, &w, 0), WG_OK);
  ck_assert_double_eq_tol (w, log (3), 1e-8);       /* f'' = 3 */
  ck_assert_int_eq (RUN (rosenbrock, 2, z, 0), WG_OK);
  ck_assert_double_eq_tol (z[0], 1, 1e-7);          /* the smallest f'' is 0.4 */
  ck_assert_double_eq_tol (z[1], 1, 1e-7);
}
END_TEST

START_TEST (holes_are_avoided)
{
  double x = 50, z[2] = { 4, 1 };
  wg_minimize_result r;
  ck_assert_int_eq (RUN (barrier, 1, &x, 0), WG_OK);
  ck_assert_double_eq_tol (x, 1, 2e-8);
  ck_assert_int_eq (RUN (cliff, 2, z, 0), WG_NOCONV);
  ck_assert_int_eq (r.reason, WG_STOP_NOISE);
  ck_assert (z[0] > 0 && z[0] < 1e-4 && r.f < .5);  /* there L-BFGS is stuck: the slope along x[0] is endless */
}
END_TEST

START_TEST (start_not_finite)
{
  double x = -1, z[2] = { 0, 1 };
  wg_minimize_result r;
  ck_assert_int_eq (RUN (barrier, 1, &x, 0), WG_NONFINITE);
  ck_assert_int_eq (r.reason, WG_STOP_NONFINITE);
  ck_assert_double_eq (x, -1);
  ck_assert_int_eq (RUN (cliff, 2, z, 0), WG_NONFINITE);
  ck_assert_int_eq (r.reason, WG_STOP_NONFINITE);
  ck_assert (z[0] == 0 && z[1] == 1 && r.f == 1 && r.evaluations == 1);
}
END_TEST

START_TEST (constant_is_done)
{
  double x[3] = { 1, 2, 3 };
  wg_minimize_result r;
  ck_assert_int_eq (RUN (constant, 3, x, 0), WG_OK);
  ck_assert (r.reason == WG_STOP_GRADIENT && r.iterations == 0 && r.evaluations == 1 && r.f == 3.5);
  ck_assert (x[0] == 1 && x[1] == 2 && x[2] == 3);
}
END_TEST

START_TEST (unbounded)
{
  wg_model *const model[3] = { falling, falling_faster, falling_to_infinity };
  wg_minimize_result r;
  for (int k = 0; k < 3; k++)
    {
      double x[2] = { 5.5, .5 };
      ck_assert_int_eq (RUN (model[k], k == 1 ? 2 : 1, x, 0), WG_NOCONV);
      ck_assert_msg (r.reason == WG_STOP_UNBOUNDED, "%d: %s", k, wg_stop_name (r.reason));
      ck_assert (isfinite (r.f) && isfinite (x[0]));
      ck_assert_uint_lt (r.evaluations, 500);
    }
}
END_TEST

START_TEST (noise_floor)
{
  double x = 5, z[2] = { 3, 4 };
  wg_minimize_result r;
  ck_assert_int_eq (RUN (irrational, 1, &x, .gradient_tolerance = 1e-300), WG_NOCONV);
  ck_assert_int_eq (r.reason, WG_STOP_NOISE);
  ck_assert_double_eq_tol (x, log (3), 4*DBL_EPSILON);
  ck_assert_uint_lt (r.evaluations, 500);
  /* Values are 2e-6 apart there and tell x to 1e-3 only; gradients take it to 1e-8 all the same. */
  ck_assert_int_eq (RUN (on_a_hill, 2, z, .gradient_tolerance = 1e-18), WG_OK);
  ck_assert_double_eq_tol (z[0], 1, 1e-8);
  ck_assert_double_eq_tol (z[1], -exp (.1), 1e-8);
  for (int k = 0; k < 50; k++)                      /* values tell x to 1e-2 */
    {
      z[0] = 3 + .37*k, z[1] = 4 - .61*k;
      ck_assert_int_eq (RUN (rough_hill, 2, z, .gradient_tolerance = 1e-13), WG_OK);
      ck_assert_double_eq_tol (z[0], 1, 1e-8);
      ck_assert_double_eq_tol (z[1], -exp (.1), 1e-8);
    }
}
END_TEST

/* Multiplying f by a power of two changes nothing: the same steps, bit for bit. */
START_TEST (scale_free)
{
  double tiny = ldexp (1, -600), x[2] = { -1.2, 1 }, z[2] = { -1.2, 1 };
  wg_minimize_result r, s;
  ck_assert_int_eq (RUN (rosenbrock, 2, x, 0), WG_OK);
  ck_assert_int_eq (run_by (rosenbrock, &tiny, 2, z, (wg_minimize_options){ .gradient_tolerance = 1e-8*tiny },
                         methods[_i].method, &s), WG_OK);
  ck_assert_uint_eq (r.iterations, s.iterations);
  ck_assert_uint_eq (r.evaluations, s.evaluations);
  ck_assert_mem_eq (x, z, sizeof x);
}
END_TEST

/* ---------------------------------------------------------------- limits, callback, errors */

START_TEST (limits)
{
  for (size_t limit = 1; limit < 25; limit++)
    for (int which = 0; which < 2; which++)
      {
        double x[2] = { -1.2, 1 };
        wg_minimize_result r;
        wg_minimize_options o = { 0 };
        *(which == 0 ? &o.iterations : &o.evaluations) = limit;
        ck_assert_int_eq (run_by (rosenbrock, NULL, 2, x, o, methods[_i].method, &r), WG_NOCONV);
        ck_assert_int_eq (r.reason, which == 0 ? WG_STOP_ITERATIONS : WG_STOP_EVALUATIONS);
        ck_assert_uint_eq (which == 0 ? r.iterations : r.evaluations, limit);
        ck_assert (r.f <= 24.2 + 1e-12);
      }
}
END_TEST

typedef struct { size_t stop_at, calls; wg_minimize_progress last; double x[2]; } diary;

static int note (const wg_minimize_progress *p, void *ctx)
{
  diary *d = ctx;
  ck_assert_uint_eq (p->iteration, d->calls);
  ck_assert_uint_eq (p->n, 2);
  if (d->calls++ && p->accepted)
    {
      ck_assert (p->f < d->last.f && p->ratio > 0 && p->evaluations > d->last.evaluations);
      ck_assert_double_eq_tol (p->step_norm, hypot (p->x[0] - d->x[0], p->x[1] - d->x[1]), 1e-12*p->step_norm + 1e-15);
    }
  ck_assert_double_eq (p->gradient_norm, fmax (fabs (p->g[0]), fabs (p->g[1])));
  d->last = *p;
  d->x[0] = p->x[0];
  d->x[1] = p->x[1];
  return d->stop_at == p->iteration;
}

START_TEST (callback)
{
  for (size_t k = 0; k < 3000; k = k < 5 ? k + 1 : k*500)
    {
      diary d = { .stop_at = k };
      double x[2] = { -1.2, 1 };
      wg_minimize_result r;
      const int rc = RUN (rosenbrock, 2, x, .callback = note, .ctx = &d);
      ck_assert_int_eq (rc, k < 6 ? WG_NOCONV : WG_OK);
      ck_assert_int_eq (r.reason, k < 6 ? WG_STOP_CALLBACK : WG_STOP_GRADIENT);
      ck_assert_uint_eq (d.calls, r.iterations + 1);
      ck_assert (x[0] == d.x[0] && x[1] == d.x[1] && r.f == d.last.f && r.evaluations == d.last.evaluations);
    }
}
END_TEST

START_TEST (errors)
{
  double x[2] = { 7, 7 };
  wg_minimize_result r;
  ck_assert_int_eq (RUN (gives_up, 2, x, 0), WG_EMODEL);
  ck_assert_int_eq (r.reason, WG_STOP_ERROR);
  ck_assert (x[0] == 7 && x[1] == 7);
}
END_TEST

START_TEST (pairs)
{
  size_t last = 0;
  for (size_t k = 1; k <= 10; k += 9)
    {
      double x[2] = { -1.2, 1 };
      wg_minimize_result r;
      ck_assert_int_eq (run_by (rosenbrock, NULL, 2, x, (wg_minimize_options){ .pairs = k }, WG_MINIMIZE_LBFGS, &r), WG_OK);
      ck_assert_uint_ne (r.evaluations, last);
      last = r.evaluations;
    }
}
END_TEST

int main (void)
{
  Suite *s = suite_create ("methods of minimize");
  TCase *t = tcase_create ("methods");
  suite_add_tcase (s, t);
  tcase_set_timeout (t, 60);
  tcase_add_loop_test (t, more_garbow_hillstrom, 0, METHODS);
  tcase_add_loop_test (t, minima, 0, METHODS);
  tcase_add_loop_test (t, holes_are_avoided, 0, METHODS);
  tcase_add_loop_test (t, start_not_finite, 0, METHODS);
  tcase_add_loop_test (t, constant_is_done, 0, METHODS);
  tcase_add_loop_test (t, unbounded, 0, METHODS);
  tcase_add_loop_test (t, noise_floor, 0, METHODS);
  tcase_add_loop_test (t, scale_free, 0, METHODS);
  tcase_add_loop_test (t, limits, 0, METHODS);
  tcase_add_loop_test (t, callback, 0, METHODS);
  tcase_add_loop_test (t, errors, 0, METHODS);
  tcase_add_test (t, pairs);
  return run_suite (s);
}
