/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * What the minimizer tells: limits, the callback, the printed table, and what it refuses.
 */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "optim/minimize_models.h"
#include "runner.h"

static void two_outputs (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  UNUSED;
  y[0] = y[1] = x[0];
}

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
  Suite *s = suite_create ("minimize: told");
  TCase *t = tcase_create ("told");
  suite_add_tcase (s, t);
  tcase_set_timeout (t, 60);
  tcase_add_test (t, limits);
  tcase_add_test (t, callback_sees_all);
  tcase_add_test (t, model_is_that_of_the_point);
  tcase_add_test (t, callback_stops);
  tcase_add_test (t, radius_is_kept);
  tcase_add_test (t, table_is_printed);
  tcase_add_test (t, errors);
  tcase_add_test (t, names);
  return run_suite (s);
}
