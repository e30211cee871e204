/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * A broken guard never gives a wrong number: programs whose course depends on their data, recorded at one point, replayed at
 * hundreds of others and back, against the plain double program, dual numbers and a fresh recording.
 */
#include <check.h>
#include <fenv.h>
#include <pthread.h>

#include "random_program.h"
#include "runner.h"

#define T double
#define MODEL(name) plain_##name
#define PEEK(a) (a)
#include "branch_models.inc"

#define T wg_dual
#define MODEL(name) dual_##name
#define PEEK(a) ((a).v)
#include "branch_models.inc"

#define T wg_var
#define MODEL(name) var_##name
#define PEEK(a) wg_peek (a)
#include "branch_models.inc"

#define BRANCH_MODELS(X) X (elimination, 20) X (insertion, 7) X (quicksort, 7) X (newton, 2) X (table, 2) \
  X (peeking, 3) X (largest, 6) X (walk, 2)

#define MOST 20             /* inputs */

#define X(name, n) static void model_##name (size_t n_, const wg_var x[], size_t m, wg_var y[], void *ctx) \
  { (void) n_, (void) m; if (ctx) ++*(size_t *) ctx; y[0] = var_##name (x); }
BRANCH_MODELS (X)
#undef X

static const struct { const char *name; size_t n; wg_model *model; double (*plain) (const double[]); wg_dual (*dual) (const wg_dual[]); }
  programs[] = {
#define X(name, n) { #name, n, model_##name, plain_##name, dual_##name },
  BRANCH_MODELS (X)
#undef X
};
#define PROGRAMS (sizeof programs/sizeof *programs)

static double error_of (double a, double b, double scale) { return fabs (a - b)/(1 + fabs (a) + fabs (b) + scale); }

/* f at x against everything else that is known of it. */
static void hold (size_t i, wg_fun *f, const double x[], const double v[])
{
  const size_t n = programs[i].n;
  double y, g[MOST], hv[MOST], y2, g2[MOST], hv2[MOST], largest = 0;
  ck_assert_int_eq (wg_eval (f, x, &y), WG_OK);
  ck_assert_msg (rp_same_bits (y, programs[i].plain (x)), "%s: %.17g, the plain program %.17g", programs[i].name, y, programs[i].plain (x));
  ck_assert_int_eq (wg_hvp (f, x, v, &y, g, hv), WG_OK);
  ck_assert (rp_same_bits (y, programs[i].plain (x)));
  for (size_t j = 0; j < n; j++) largest = fmax (largest, fabs (g[j]));
  for (size_t j = 0; j < n; j++)
    {
      wg_dual in[MOST];
      for (size_t k = 0; k < n; k++) in[k] = wg_dual_make (x[k], k == j);
      const wg_dual out = programs[i].dual (in);
      ck_assert_msg (error_of (g[j], out.d, largest) < 1e-9, "%s: gradient %zu is %.17g, dual numbers say %.17g", programs[i].name, j, g[j], out.d);
    }
  wg_fun *fresh = wg_fun_record (programs[i].model, NULL, n, 1, x);
  ck_assert (fresh != NULL);
  ck_assert_int_eq (wg_hvp (fresh, x, v, &y2, g2, hv2), WG_OK);
  ck_assert (rp_same_bits (y, y2));
  for (size_t j = 0; j < n; j++)
    ck_assert_msg (rp_same_bits (g[j], g2[j]) && rp_same_bits (hv[j], hv2[j]), "%s: not the fresh recording's derivatives", programs[i].name);
  ck_assert_int_eq (wg_gradient (f, x, &y2, g2), WG_OK);
  for (size_t j = 0; j < n; j++) ck_assert (rp_same_bits (g[j], g2[j]));
  wg_fun_free (fresh);
}

static void point (size_t n, rp_random *r, double x[])
{
  for (size_t j = 0; j < n; j++) x[j] = rp_uniform (r, -2, 2);
  if (n > 2 && rp_below (r, 8) == 0) x[1] = x[0];                 /* ties */
}

enum { POINTS = 300 };

START_TEST (replayed_elsewhere)
{
  const size_t n = programs[_i].n, count = rp_soak (POINTS);
  rp_random r = { 0x5eed4000 + (uint64_t) _i };
  double (*x)[MOST] = malloc (count*sizeof *x), v[MOST];
  size_t runs = 0;
  wg_fun_info info, later;
  for (size_t k = 0; k < count; k++) point (n, &r, x[k]);
  wg_fun *f = wg_fun_record (programs[_i].model, &runs, n, 1, x[0]);
  ck_assert_msg (f != NULL, "%s", wg_last_error ());
  for (size_t k = 0; k < count; k++)
    {
      point (n, &r, v);
      hold ((size_t) _i, f, x[k], v);
      hold ((size_t) _i, f, x[rp_below (&r, k + 1)], v);          /* back to an earlier one */
    }
  ck_assert_int_eq (wg_fun_get_info (f, &info), WG_OK);
  ck_assert_uint_eq (info.recordings, runs);
  ck_assert_uint_eq (info.traces, runs);
  ck_assert_msg (info.traces > 2 && info.breaks >= info.recordings - 1, "%s: %zu traces", programs[_i].name, info.traces);
  ck_assert (info.guards > 0 && info.operations > info.guards && info.trace_bytes > info.program_bytes);

  for (size_t k = 0; k < count; k++) hold ((size_t) _i, f, x[count - 1 - k], v);
  ck_assert_int_eq (wg_fun_get_info (f, &later), WG_OK);
  ck_assert_uint_eq (later.recordings, info.recordings);          /* going back records nothing */
  ck_assert_uint_eq (later.traces, info.traces);
  ck_assert_uint_ge (later.breaks, info.breaks);
  ck_assert_uint_eq (runs, info.recordings);
  wg_fun_free (f), free (x);
}
END_TEST

/* Every driver changes the trace when it must: one call each right after a point with another course. */
START_TEST (every_driver)
{
  const size_t n = programs[_i].n;
  rp_random r = { 0x5eed5000 + (uint64_t) _i };
  double x[MOST], z[MOST], v[MOST], u = 1.375, y, g[MOST], h[MOST], H[MOST*MOST], jv, fvv, a, b, expected[MOST];
  point (n, &r, x);
  wg_fun *f = wg_fun_record (programs[_i].model, NULL, n, 1, x);
  for (int round = 0; round < 40; round++)
    for (int driver = 0; driver < 9; driver++)
      {
        point (n, &r, x), point (n, &r, z), point (n, &r, v);
        wg_fun *fresh = wg_fun_record (programs[_i].model, NULL, n, 1, x);
        ck_assert_int_eq (wg_eval (f, z, &y), WG_OK);
        ck_assert_int_eq (wg_gradient (fresh, x, &y, expected), WG_OK);
        ck_assert_int_eq (wg_hvp (fresh, x, v, &y, expected, h), WG_OK);
        a = b = 0;
        for (size_t j = 0; j < n; j++) a += expected[j]*v[j], b += fabs (expected[j]*v[j]);
        switch (driver)
          {
          case 0: ck_assert_int_eq (wg_eval (f, x, &y), WG_OK); break;
          case 1: ck_assert_int_eq (wg_gradient (f, x, &y, g), WG_OK); break;
          case 2: ck_assert_int_eq (wg_jvp (f, x, v, &y, &jv), WG_OK); ck_assert (fabs (jv - a) <= 1e-9*(b + 1)); break;
          case 3:
            ck_assert_int_eq (wg_vjp (f, x, &u, &y, g), WG_OK);
            for (size_t j = 0; j < n; j++) g[j] /= u;
            break;
          case 4: ck_assert_int_eq (wg_hvp (f, x, v, &y, g, H), WG_OK); break;
          case 5: ck_assert_int_eq (wg_fvv (f, x, v, &y, &jv, &fvv), WG_OK); ck_assert (fabs (jv - a) <= 1e-9*(b + 1)); break;
          case 6: ck_assert_int_eq (wg_gnvp (f, x, v, &y, g), WG_OK); break;
          case 7: ck_assert_int_eq (wg_jacobian (f, x, &y, g), WG_OK); break;
          case 8: ck_assert_int_eq (wg_hessian (f, x, &y, g, H), WG_OK); break;
          }
        ck_assert (rp_same_bits (y, programs[_i].plain (x)));
        if (driver != 0 && driver != 2 && driver != 5)
          for (size_t j = 0; j < n; j++)
            ck_assert (fabs (g[j] - expected[j]*(driver == 6 ? a : 1)) <= 1e-9*(1 + fabs (g[j]) + (driver == 6 ? b*fabs (expected[j]) : 0)));
        wg_fun_free (fresh);
      }
  wg_fun_free (f);
}
END_TEST

/* Clones in threads share what is recorded and agree to the last bit. */

typedef struct { size_t program; wg_fun *f; const double (*x)[MOST]; double y[POINTS], g[POINTS][MOST]; size_t start; int bad; } worker;

static void *work (void *data)
{
  worker *w = data;
  for (size_t k = 0; k < 3*POINTS; k++)
    {
      const size_t at = (w->start + 7*k) % POINTS;
      if (wg_gradient (w->f, w->x[at], &w->y[at], w->g[at])) w->bad = 1;
    }
  return NULL;
}

START_TEST (clones)
{
  enum { THREADS = 4 };
  const size_t n = programs[_i].n;
  static double x[POINTS][MOST];
  static worker w[THREADS];
  pthread_t thread[THREADS];
  rp_random r = { 0x5eed6000 + (uint64_t) _i };
  size_t runs = 0;
  wg_fun_info info;
  for (size_t k = 0; k < POINTS; k++) point (n, &r, x[k]);
  wg_fun *f = wg_fun_record (programs[_i].model, &runs, n, 1, x[0]);
  for (int t = 0; t < THREADS; t++)
    {
      w[t] = (worker){ .program = (size_t) _i, .f = wg_fun_clone (f), .x = (const double (*)[MOST]) x, .start = (size_t) t*31 };
      ck_assert (w[t].f != NULL);
    }
  for (int t = 0; t < THREADS; t++) ck_assert_int_eq (pthread_create (&thread[t], NULL, work, &w[t]), 0);
  for (int t = 0; t < THREADS; t++) pthread_join (thread[t], NULL);
  for (int t = 0; t < THREADS; t++)
    {
      ck_assert (!w[t].bad);
      for (size_t k = 0; k < POINTS; k++)
        {
          double y, g[MOST];
          if (t == 0) ck_assert (rp_same_bits (w[t].y[k], programs[_i].plain (x[k])));
          ck_assert (rp_same_bits (w[t].y[k], w[0].y[k]));
          for (size_t j = 0; j < n; j++) ck_assert (rp_same_bits (w[t].g[k][j], w[0].g[k][j]));
          if (k % 50) continue;
          ck_assert_int_eq (wg_gradient (f, x[k], &y, g), WG_OK);
          for (size_t j = 0; j < n; j++) ck_assert (rp_same_bits (g[j], w[t].g[k][j]));
        }
      ck_assert_int_eq (wg_fun_get_info (w[t].f, &info), WG_OK);
      ck_assert_uint_eq (info.recordings, runs);
      if (t % 2) wg_fun_free (w[t].f);
    }
  wg_fun_free (f);                        /* the original first: clones live on */
  for (int t = 0; t < THREADS; t += 2)
    {
      double y;
      ck_assert_int_eq (wg_eval (w[t].f, x[3], &y), WG_OK);
      ck_assert (rp_same_bits (y, programs[_i].plain (x[3])));
      wg_fun_free (w[t].f);
    }
}
END_TEST

/* A branch on a NaN: a notice and NaN in every output, no recording; the next point is fine again. */
START_TEST (nan_inputs)
{
  const double x[7] = { .5, 1.25, -.75, 1.5, .375, -1.125, 2.0625 };
  double z[7], y = 1, g[7], hv[7], v[7] = { 1, 1, 1, 1, 1, 1, 1 };
  wg_fun_info info;
  wg_fun *f = wg_fun_record (model_insertion, NULL, 7, 1, x);
  memcpy (z, x, sizeof z);
  z[1] = NAN;                             /* 1.25 was moved; nothing moves a NaN */
  ck_assert_int_eq (wg_hvp (f, z, v, &y, g, hv), WG_NONFINITE);
  ck_assert_str_ne (wg_last_error (), "");
  ck_assert_int_eq (wg_fun_status (f), WG_NONFINITE);
  ck_assert (isnan (y));
  for (int j = 0; j < 7; j++) ck_assert (isnan (g[j]) && isnan (hv[j]));
  ck_assert_int_eq (wg_eval (f, x, &y), WG_OK);
  y = 1;
  ck_assert_int_eq (wg_eval (f, z, &y), WG_NONFINITE);
  ck_assert (isnan (y));
  ck_assert_int_eq (wg_eval (f, NULL, &y), WG_EINVAL);            /* there is no last point */
  ck_assert_int_eq (wg_fun_get_info (f, &info), WG_OK);
  ck_assert_uint_eq (info.recordings, 1);
  ck_assert_int_eq (wg_hvp (f, x, v, &y, g, hv), WG_OK);
  ck_assert (rp_same_bits (y, plain_insertion (x)));
  wg_fun_free (f);
}
END_TEST

/* A NaN where the known course is the double program's own: its values. */
static void model_sign (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) n, (void) m, (void) ctx;
  y[0] = wg_lt (x[0], 0) ? wg_neg (x[0]) : wg_mul (2, x[0]);
  y[1] = x[1];
}

START_TEST (nan_on_a_known_course)
{
  double y[2];
  wg_fun *f = wg_fun_record (model_sign, NULL, 2, 2, (double[]){ 1, 2 });
  ck_assert_int_eq (wg_eval (f, (double[]){ NAN, 2 }, y), WG_NONFINITE);
  ck_assert (isnan (y[0]));
  ck_assert_int_eq (wg_eval (f, (double[]){ -1.5, NAN }, y), WG_NONFINITE);      /* breaks: x1 is NaN, though no branch is on it */
  ck_assert (isnan (y[0]) && isnan (y[1]));
  ck_assert_int_eq (wg_eval (f, (double[]){ -1.5, 3 }, y), WG_OK);
  ck_assert_double_eq (y[0], 1.5);
  wg_fun_free (f);
}
END_TEST

/* A model that changes its mind, since what it reads from ctx has changed, may give either answer, but comes back. */
static void model_threshold (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) n, (void) m;
  y[0] = wg_lt (x[0], *(double *) ctx) ? wg_mul (2, x[0]) : wg_mul (3, x[0]);
}

START_TEST (restless_ctx)
{
  double c = 0, y = 77;
  wg_fun *f = wg_fun_record (model_threshold, &c, 1, 1, (double[]){ -1 });
  c = 1;
  ck_assert_int_eq (wg_eval (f, (double[]){ 2 }, &y), WG_OK);
  const int rc = wg_eval (f, (double[]){ .5 }, &y);               /* x < 0 does not hold, x < 1 does */
  ck_assert (rc == WG_OK && (y == 1 || y == 1.5));
  wg_fun_free (f);
}
END_TEST

/* Run with another rounding, a recording does not hold at its own point: an error, not a loop. */
static void model_upward (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) n, (void) m, (void) ctx;
  fesetround (FE_UPWARD);
  y[0] = wg_mul (x[0], wg_peek (wg_div (x[0], 3)));
  fesetround (FE_TONEAREST);
}

/* Valgrind, for one, does not round upward. */
static int rounds_upward (void)
{
  volatile double a = 1, b = 3;
  fesetround (FE_UPWARD);
  const double up = a/b;
  fesetround (FE_TONEAREST);
  return up != a/b;
}

START_TEST (not_reproducible)
{
  double y = 77;
  if (!rounds_upward ()) return;
  wg_fun *f = wg_fun_record (model_upward, NULL, 1, 1, (double[]){ 1.5 });
  ck_assert (f != NULL);
  for (int k = 0; k < 3; k++)
    {
      ck_assert_int_eq (wg_eval (f, (double[]){ 1 }, &y), WG_EMODEL);
      ck_assert_double_eq (y, 77);
    }
  ck_assert_int_eq (wg_eval (f, (double[]){ 1.5 }, &y), WG_OK);            /* 1.5/3 is exact */
  wg_fun_free (f);
}
END_TEST

/* Peeks at every NaN there is. */
static void model_peek_nan (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) n, (void) m, (void) ctx;
  const wg_var z = wg_sub (x[0], x[0]), a = wg_div (z, z), b = wg_sqrt (wg_neg (wg_abs (x[0]))), c = wg_neg (a);
  const wg_var nan[] = { a, b, c, wg_add (a, c), wg_add (c, a), wg_mul (c, b), wg_sub (b, a), wg_fma (c, a, b), wg_add (b, wg_mul (a, c)),
                         wg_max (a, c), wg_hypot (c, a), wg_pow (c, b), wg_log (wg_neg (wg_abs (x[0]))), wg_sin (c), wg_atan2 (c, b) };
  double s = 0;
  for (size_t i = 0; i < sizeof nan/sizeof *nan; i++) s += isnan (wg_peek (nan[i])) ? 1 : 0;
  y[0] = wg_mul (s, x[0]);
}

START_TEST (peeking_at_nan)
{
  double y;
  wg_fun *f = wg_fun_record (model_peek_nan, NULL, 1, 1, (double[]){ 1.5 });
  ck_assert_int_eq (wg_eval (f, (double[]){ 2.5 }, &y), WG_OK);
  ck_assert_double_eq (y, 15*2.5);
  ck_assert_int_eq (wg_eval (f, (double[]){ -.5 }, &y), WG_OK);
  ck_assert_double_eq (y, 15*-.5);
  wg_fun_free (f);
}
END_TEST

int main (void)
{
  Suite *s = suite_create ("branches");
  TCase *t = tcase_create ("branches");
  tcase_set_timeout (t, 600);
  tcase_add_loop_test (t, replayed_elsewhere, 0, PROGRAMS);
  tcase_add_loop_test (t, every_driver, 0, PROGRAMS);
  tcase_add_loop_test (t, clones, 0, PROGRAMS);
  suite_add_tcase (s, t);
  t = tcase_create ("edges");
  tcase_set_timeout (t, 20);
  tcase_add_test (t, nan_inputs);
  tcase_add_test (t, nan_on_a_known_course);
  tcase_add_test (t, restless_ctx);
  tcase_add_test (t, not_reproducible);
  tcase_add_test (t, peeking_at_nan);
  suite_add_tcase (s, t);
  return run_suite (s);
}
