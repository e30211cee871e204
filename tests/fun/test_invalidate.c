/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * wg_fun_invalidate reaches clones, callers and derivatives.
 */
#include <check.h>
#include <math.h>
#include <pthread.h>

#include <wengert.h>

#include "runner.h"

typedef struct { double factor, shift; int runs, saw_nan; } setting;

static void model_setting (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) n, (void) m;
  setting *s = ctx;
  s->runs++;
  s->saw_nan |= isnan (x[0].value);
  y[0] = wg_lt (x[0], 0) ? wg_mul (s->shift, wg_sqr (x[0])) : wg_mul (s->factor, wg_mul (x[0], x[0]));
}

static void model_caller (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) n, (void) m;
  wg_call (ctx, x, NULL, y);
  y[0] = wg_mul (10, y[0]);
}

START_TEST (invalidated)
{
  setting s = { 3, 5, 0, 0 };
  double y, g, z;
  wg_fun_info i;
  wg_fun *f = wg_fun_record (model_setting, &s, 1, 1, (double[]){ -2 });
  wg_fun *clone = wg_fun_clone (f), *gradient = wg_fun_gradient (f), *hvp = wg_fun_hvp (f);
  ck_assert_int_eq (wg_eval (f, (double[]){ 2 }, &y), WG_OK);
  wg_fun *caller = wg_fun_record (model_caller, f, 1, 1, (double[]){ 2 });
  wg_fun *caller_gradient = wg_fun_gradient (caller);
  ck_assert (f && clone && gradient && hvp && caller && caller_gradient);
  ck_assert_int_eq (wg_eval (f, (double[]){ -2 }, &y), WG_OK);
  ck_assert_int_eq (wg_eval (f, (double[]){ 2 }, &y), WG_OK);
  ck_assert_int_eq (wg_eval (clone, (double[]){ -2 }, &z), WG_OK);
  ck_assert_double_eq (y, 12);
  ck_assert_double_eq (z, 20);
  ck_assert_int_eq (wg_eval (caller, (double[]){ 2 }, &y), WG_OK);
  ck_assert_double_eq (y, 120);

  s.factor = 4, s.shift = 6;
  s.runs = 0;
  ck_assert_int_eq (wg_eval (f, (double[]){ 2 }, &y), WG_OK);
  ck_assert_double_eq (y, 12);                     /* as recorded */
  ck_assert_int_eq (s.runs, 0);
  ck_assert_int_eq (wg_fun_invalidate (f), WG_OK);
  ck_assert_int_eq (wg_fun_get_info (f, &i), WG_OK);
  ck_assert_uint_eq (i.traces, 0);
  ck_assert_uint_eq (i.trace_bytes, 0);
  ck_assert_uint_eq (i.forgotten, 2);
  ck_assert_int_eq (wg_gradient (f, NULL, &y, &g), WG_EINVAL);                 /* no last point */
  ck_assert_int_eq (wg_gradient (clone, NULL, &z, &g), WG_OK);                 /* a clone keeps its own */
  ck_assert_double_eq (z, 20);
  ck_assert_double_eq (g, -20);
  ck_assert_int_eq (wg_gradient (clone, (double[]){ -2 }, &z, &g), WG_OK);     /* until it moves */
  ck_assert_double_eq (z, 24);
  ck_assert_double_eq (g, -24);
  ck_assert_int_eq (s.runs, 1);
  ck_assert_int_eq (wg_hvp (f, (double[]){ 2 }, (double[]){ 1 }, &y, &g, &z), WG_OK);  /* through the dual sweep */
  ck_assert_double_eq (y, 16);
  ck_assert_double_eq (z, 8);
  ck_assert_int_eq (s.runs, 2);
  ck_assert_int_eq (wg_eval (f, (double[]){ -1 }, &y), WG_OK);
  ck_assert_double_eq (y, 6);
  ck_assert_int_eq (s.runs, 2);                    /* the clone has recorded that */
  ck_assert_int_eq (wg_eval (gradient, (double[]){ 2 }, &y), WG_OK);
  ck_assert_double_eq (y, 16);
  ck_assert_int_eq (wg_eval (hvp, (double[]){ 2, 1 }, &y), WG_OK);
  ck_assert_double_eq (y, 8);
  ck_assert_int_eq (wg_eval (caller, (double[]){ 2 }, &y), WG_OK);             /* the same point as before */
  ck_assert_double_eq (y, 160);
  ck_assert_int_eq (wg_eval (caller_gradient, (double[]){ 2 }, &y), WG_OK);
  ck_assert_double_eq (y, 160);
  ck_assert_int_eq (wg_eval (hvp, (double[]){ 2, 1 }, &y), WG_OK);             /* nothing more is recorded */
  wg_fun_get_info (hvp, &i);
  const size_t recordings = i.recordings;
  ck_assert_int_eq (wg_eval (hvp, (double[]){ 3, 1 }, &y), WG_OK);
  wg_fun_get_info (hvp, &i);
  ck_assert_uint_eq (i.recordings, recordings);

  ck_assert_int_eq (wg_fun_invalidate (f), WG_OK);         /* twice, and with a NaN at the next point */
  ck_assert_int_eq (wg_fun_invalidate (clone), WG_OK);
  ck_assert_int_eq (wg_eval (f, (double[]){ NAN }, &y), WG_NONFINITE);
  ck_assert (isnan (y) && !s.saw_nan);
  ck_assert_int_eq (wg_eval (f, (double[]){ 2 }, &y), WG_OK);
  ck_assert_double_eq (y, 16);
  ck_assert_int_eq (wg_fun_invalidate (NULL), WG_EINVAL);
  wg_fun_free (f);
  ck_assert_int_eq (wg_eval (clone, (double[]){ 2 }, &y), WG_OK);
  ck_assert_double_eq (y, 16);
  wg_fun_free (clone), wg_fun_free (gradient), wg_fun_free (hvp), wg_fun_free (caller), wg_fun_free (caller_gradient);
}
END_TEST

/* So many guards that the table of traces is large, and nothing of the old ones is in it. */
static void model_guards (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) n, (void) m;
  int below = 0;
  for (int k = 0; k < 200; k++) below += wg_lt (wg_mul (x[0], 1 + k), 100);
  y[0] = wg_mul (*(double *) ctx*below, x[0]);
}

START_TEST (invalidated_guards)
{
  double c = 1, y;
  wg_fun *f = wg_fun_record (model_guards, &c, 1, 1, (double[]){ 1.5 });
  for (int round = 1; round < 4; round++)
    {
      for (double x = 1.5; x > .6; x -= .1)
        {
          int below = 0;
          for (int k = 0; k < 200; k++) below += x*(1 + k) < 100;
          ck_assert_int_eq (wg_eval (f, &x, &y), WG_OK);
          ck_assert_double_eq (y, c*below*x);
        }
      c += 1;
      ck_assert_int_eq (wg_fun_invalidate (f), WG_OK);
    }
  wg_fun_free (f);
}
END_TEST

/* From inside the model. */
static int inside_status;
static void model_inside (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) n, (void) m;
  wg_fun **self = ctx;
  if (*self) inside_status = wg_fun_invalidate (*self);
  y[0] = wg_lt (x[0], 0) ? wg_neg (x[0]) : x[0];
}

START_TEST (invalidated_inside)
{
  double y;
  wg_fun *f = NULL, *g = wg_fun_record (model_inside, &f, 1, 1, (double[]){ 1 });
  f = g;
  ck_assert_int_eq (wg_eval (f, (double[]){ -3 }, &y), WG_OK);
  ck_assert_int_eq (inside_status, WG_EBUSY);
  ck_assert_double_eq (y, 3);
  wg_fun_free (f);
}
END_TEST

/* Clones at work while one thread invalidates: every answer is of some setting, the last one of the last. */

enum { THREADS = 4, ROUNDS = 400 };
typedef struct { wg_fun *f; int bad; } worker;

static void model_steady (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) n, (void) m, (void) ctx;
  y[0] = wg_lt (x[0], x[1]) ? wg_mul (x[0], x[1]) : wg_add (x[0], wg_exp (x[1]));
}

static void *work (void *data)
{
  worker *w = data;
  for (int k = 0; k < ROUNDS; k++)
    {
      const double x[2] = { k % 7, k % 5 };
      double y, g[2];
      if (wg_gradient (w->f, x, &y, g) || wg_hvp (w->f, NULL, x, &y, g, g)) w->bad = 1;
      if (y != (x[0] < x[1] ? x[0]*x[1] : x[0] + exp (x[1]))) w->bad = 2;
      if (k % 16 == 0 && wg_fun_invalidate (w->f)) w->bad = 3;
    }
  return NULL;
}

START_TEST (invalidated_in_threads)
{
  pthread_t thread[THREADS];
  worker w[THREADS];
  wg_fun *f = wg_fun_record (model_steady, NULL, 2, 1, (double[]){ 1, 2 });
  for (int t = 0; t < THREADS; t++) w[t] = (worker){ wg_fun_clone (f), 0 };
  for (int t = 0; t < THREADS; t++) ck_assert_int_eq (pthread_create (&thread[t], NULL, work, &w[t]), 0);
  for (int t = 0; t < THREADS; t++) pthread_join (thread[t], NULL);
  for (int t = 0; t < THREADS; t++)
    {
      ck_assert_int_eq (w[t].bad, 0);
      wg_fun_free (w[t].f);
    }
  wg_fun_free (f);
}
END_TEST

int main (void)
{
  Suite *s = suite_create ("invalidate");
  TCase *t = tcase_create ("invalidate");
  tcase_add_test (t, invalidated);
  tcase_add_test (t, invalidated_guards);
  tcase_add_test (t, invalidated_inside);
  tcase_add_test (t, invalidated_in_threads);
  suite_add_tcase (s, t);
  return run_suite (s);
}
