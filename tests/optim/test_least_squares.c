/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Least squares: laws over methods and losses, fits whose answers are known from elsewhere, every reason to stop,
 * every refusal.  (All 27 problems of NIST: demos/nist.)
 */
#include <check.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <wengert/generic.h>
#include <wengert/least_squares.h>

#include "runner.h"

#define MODEL(name) static void name (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
#define UNUSED (void) n, (void) m, (void) ctx

static wg_fun *record (wg_model *model, void *ctx, size_t n, size_t m, const double x[])
{
  wg_fun *f = wg_fun_record (model, ctx, n, m, x);
  ck_assert_msg (f != NULL, "%s", wg_last_error ());
  return f;
}

/* ---------------------------------------------------------------- certified fits */

/* From the NIST Statistical Reference Datasets: data, both starts, certified values and standard deviations. */
typedef struct {
  const char *name;
  size_t n, m, limit;           /* evaluations that both starts may need together, double of what was seen */
  double start[2][3], value[3], deviation[3], squares;
  double x[16], y[16];
} certified;

static const certified fits[] = {
  { "Misra1a", 2, 14, 30, { { 500, .0001 }, { 250, .0005 } }, { 2.3894212918E+02, 5.5015643181E-04 },
    { 2.7070075241E+00, 7.2668688436E-06 }, 1.2455138894E-01,
    { 77.6, 114.9, 141.1, 190.8, 239.9, 289.0, 332.8, 378.4, 434.8, 477.3, 536.8, 593.1, 689.1, 760.0 },
    { 10.07, 14.73, 17.94, 23.93, 29.61, 35.18, 40.02, 44.82, 50.76, 55.05, 61.01, 66.40, 75.47, 81.78 } },
  { "BoxBOD", 2, 6, 82, { { 1, 1 }, { 100, .75 } }, { 2.1380940889E+02, 5.4723748542E-01 },
    { 1.2354515176E+01, 1.0455993237E-01 }, 1.1680088766E+03, { 1, 2, 3, 5, 7, 10 }, { 109, 149, 149, 191, 213, 224 } },
  { "MGH10", 3, 16, 1000, { { 2, 400000, 25000 }, { .02, 4000, 250 } }, { 5.6096364710E-03, 6.1813463463E+03, 3.4522363462E+02 },
    { 1.5687892471E-04, 2.3309021107E+01, 7.8486103508E-01 }, 8.7945855171E+01,
    { 50, 55, 60, 65, 70, 75, 80, 85, 90, 95, 100, 105, 110, 115, 120, 125 },
    { 34780, 28610, 23650, 19630, 16370, 13720, 11540, 9744, 8261, 7030, 6005, 5147, 4427, 3820, 3307, 2872 } } };

MODEL (saturating) { const certified *c = ctx; (void) n; for (size_t i = 0; i < m; i++) y[i] = wg_sub (wg_mul (x[0], wg_sub (1, wg_exp (wg_mul (-c->x[i], x[1])))), c->y[i]); }
MODEL (arrhenius) { const certified *c = ctx; (void) n; for (size_t i = 0; i < m; i++) y[i] = wg_sub (wg_mul (x[0], wg_exp (wg_div (x[1], wg_add (c->x[i], x[2])))), c->y[i]); }

static wg_fun *record_fit (const certified *c, const double x[])
{
  return record (c->n == 2 ? saturating : arrhenius, (void *) (size_t) (const void *) c, c->n, c->m, x);
}

START_TEST (certified_values)
{
  const certified *c = &fits[_i];
  size_t evaluations = 0;
  for (int k = 0; k < 2; k++)
    {
      double x[3], C[9], deviation;
      wg_least_squares_result r;
      memcpy (x, c->start[k], sizeof x);
      wg_fun *f = record_fit (c, x);
      ck_assert_int_eq (wg_least_squares (f, x, NULL, &r), WG_OK);
      ck_assert_int_eq (r.reason, WG_STOP_GRADIENT);
      ck_assert_uint_eq (r.rank, c->n);
      ck_assert_double_le (r.gradient, 1e-8);
      ck_assert_double_eq_tol (2*r.f, c->squares, 1e-10*c->squares);
      ck_assert_int_eq (wg_least_squares_covariance (f, x, NULL, &deviation, C), WG_OK);
      ck_assert_double_eq_tol (deviation, sqrt (c->squares/(double) (c->m - c->n)), 1e-9*deviation);
      for (size_t j = 0; j < c->n; j++)
        {
          ck_assert_double_eq_tol (x[j], c->value[j], 3e-11*fabs (c->value[j]));     /* 11 digits are certified */
          ck_assert_double_eq_tol (sqrt (C[j*c->n + j]), c->deviation[j], 1e-8*c->deviation[j]);
        }
      ck_assert_uint_ge (r.evaluations, r.jacobians);
      evaluations += r.evaluations;
      wg_fun_free (f);
    }
  ck_assert_msg (evaluations <= c->limit, "%s: %zu evaluations", c->name, evaluations);
}
END_TEST

/* ---------------------------------------------------------------- laws */

enum { POINTS = 20 };

/* 2.385 exp (-0.731 t) + 0.417 with errors, and some wrong data. */
typedef struct { double t[POINTS], y[POINTS], unit[3]; } decay;

MODEL (decaying)
{
  const decay *d = ctx;
  (void) n;
  for (size_t i = 0; i < m; i++)
    y[i] = wg_sub (wg_add (wg_mul (wg_mul (d->unit[0], x[0]), wg_exp (wg_mul (-d->t[i]*d->unit[1], x[1]))), wg_mul (d->unit[2], x[2])), d->y[i]);
}

static decay decay_data (int wrong)
{
  decay d = { .unit = { 1, 1, 1 } };
  for (int i = 0; i < POINTS; i++)
    {
      d.t[i] = .23*i;
      d.y[i] = 2.385*exp (-.731*d.t[i]) + .417 + .01*sin (37.3*i*i);
      if (wrong && i % 7 == 3) d.y[i] += 1.31;
    }
  return d;
}

static double rho (int loss, double z)
{
  switch (loss)
    {
    case WG_LOSS_HUBER: return z <= 1 ? z : 2*sqrt (z) - 1;
    case WG_LOSS_SOFT_L1: return 2*(sqrt (1 + z) - 1);
    case WG_LOSS_CAUCHY: return log (1 + z);
    case WG_LOSS_ARCTAN: return atan (z);
    case WG_LOSS_TUKEY: return z <= 1 ? (1 - pow (1 - z, 3))/3 : 1./3;
    default: return z;
    }
}

/* The cost from the header's formula. */
static double cost (wg_fun *f, size_t m, const double x[], int loss, double scale)
{
  double r[POINTS], sum = 0;
  ck_assert_int_eq (wg_eval (f, x, r), WG_OK);
  for (size_t i = 0; i < m; i++) sum += scale*scale*rho (loss, r[i]*r[i]/scale/scale)/2;
  return sum;
}

/* Every loss, both methods: the result is a minimum of the cost as the header defines it.  To 1e-5 of a standard error
 * around it the cost rises by about 1e-10 of itself over the freedom, far above its rounding. */
START_TEST (losses_minimized)
{
  const int loss = _i/2, method = _i % 2 ? WG_LEAST_SQUARES_CG : WG_LEAST_SQUARES_QR;
  decay d = decay_data (1);
  double x[3] = { 2, .8, .3 }, C[9], deviation;
  const wg_least_squares_options o = { .loss = loss, .loss_scale = .3, .method = method };
  wg_least_squares_result r;
  wg_fun *f = record (decaying, &d, 3, POINTS, x);
  const int rc = wg_least_squares (f, x, &o, &r);
  ck_assert_msg (rc == WG_OK, "%s: %s", wg_loss_name (loss), wg_last_error ());
  const double best = cost (f, POINTS, x, loss, .3);
  ck_assert_double_eq_tol (r.f, best, 1e-12*best);
  ck_assert_int_eq (wg_least_squares_covariance (f, x, &o, &deviation, C), WG_OK);
  for (int j = 0; j < 3; j++)
    for (int side = -1; side <= 1; side += 2)
      {
        const double keep = x[j];
        x[j] += 1e-4*side*sqrt (C[4*j]);
        ck_assert_double_gt (cost (f, POINTS, x, loss, .3), best);
        x[j] = keep;
      }
  if (loss == WG_LOSS_TUKEY) ck_assert_double_eq_tol (x[1], .731, .02);        /* the wrong data are out */
  wg_fun_free (f);
}
END_TEST

/* Parameters in other units (powers of two: exact) are the same search: bitwise the same numbers in these units. */
START_TEST (units_do_not_matter)
{
  double x[2][3] = { { 1, 1, .25 } };
  wg_least_squares_result r[2];
  for (int k = 0; k < 2; k++)
    {
      decay d = decay_data (1);
      for (int j = 0; j < 3 && k; j++) d.unit[j] = ldexp (1, 40*j - 31), x[1][j] = (j == 2 ? .25 : 1)/d.unit[j];
      wg_fun *f = record (decaying, &d, 3, POINTS, x[k]);
      ck_assert_int_eq (wg_least_squares (f, x[k], NULL, &r[k]), WG_OK);
      for (int j = 0; j < 3; j++) x[k][j] *= d.unit[j];
      wg_fun_free (f);
    }
  ck_assert_mem_eq (x[0], x[1], sizeof x[0]);
  ck_assert_uint_eq (r[0].evaluations, r[1].evaluations);
  ck_assert_double_eq (r[0].f, r[1].f);
}
END_TEST

/* A second run is the first one again; steps without acceleration and those of CG end at the same minimum. */
START_TEST (runs_agree)
{
  const wg_least_squares_options ways[] = { { 0 }, { 0 }, { .plain = 1 }, { .rough = 1 }, { .method = WG_LEAST_SQUARES_CG }, { .radius = 1e-3 } };
  decay d = decay_data (0);
  double x[6][3];
  wg_fun *f = record (decaying, &d, 3, POINTS, (double[]){ 1, 1, 0 });
  for (int k = 0; k < 6; k++)
    {
      wg_least_squares_result r;
      memcpy (x[k], (double[]){ 1, 1, 0 }, sizeof x[k]);
      ck_assert_int_eq (wg_least_squares (f, x[k], &ways[k], &r), WG_OK);
      ck_assert (k != 2 || r.fvvs == 0);
      for (int j = 0; j < 3; j++) ck_assert_double_eq_tol (x[k][j], x[0][j], 1e-6);   /* gradient 1e-8, condition about 10 */
    }
  ck_assert_mem_eq (x[0], x[1], sizeof x[0]);
  wg_fun_free (f);
}
END_TEST

/* ---------------------------------------------------------------- points */

MODEL (line) { const double *t = ctx; (void) n; for (size_t i = 0; i < m; i++) y[i] = wg_sub (wg_add (x[0], wg_mul (t[i], x[1])), t[m + i]); }

/* A straight line through (0, 1) (1, 3) (2, 4) (3, 4): 3/2 + t, squares 1, (J^T J)^-1 = ((14, -6), (-6, 4))/20. */
START_TEST (straight_line)
{
  double t[8] = { 0, 1, 2, 3, 1, 3, 4, 4 }, x[2] = { -7.7, 31.4 }, C[4], deviation;
  wg_least_squares_result r;
  wg_fun *f = record (line, t, 2, 4, x);
  ck_assert_int_eq (wg_least_squares (f, x, NULL, &r), WG_OK);
  ck_assert_double_eq_tol (x[0], 1.5, 1e-14);
  ck_assert_double_eq_tol (x[1], 1, 1e-14);
  ck_assert_double_eq_tol (r.f, .5, 1e-15);
  ck_assert_uint_le (r.evaluations, 4);
  ck_assert_int_eq (wg_least_squares_covariance (f, x, NULL, &deviation, C), WG_OK);
  ck_assert_double_eq_tol (deviation, sqrt (.5), 1e-15);
  ck_assert_double_eq_tol (C[0], .35, 1e-15);
  ck_assert_double_eq_tol (C[1], -.15, 1e-15);
  ck_assert_double_eq (C[1], C[2]);
  ck_assert_double_eq_tol (C[3], .1, 1e-15);
  wg_fun_free (f);
}
END_TEST

MODEL (location) { const double *t = ctx; (void) n; for (size_t i = 0; i < m; i++) y[i] = wg_sub (x[0], t[i]); }

/* Huber's location of 1, 2, 3, 100 at scale 2: 3 x - 6 - 2 = 0.  By hand: sum psi^2 = 22/3, mean psi' = 3/4, variance 3/16,
 * K = 13/12. */
START_TEST (huber_location)
{
  double t[4] = { 1, 2, 3, 100 }, x[1] = { 50 }, C[1], deviation;
  const wg_least_squares_options o = { .loss = WG_LOSS_HUBER, .loss_scale = 2 };
  wg_fun *f = record (location, t, 1, 4, x);
  ck_assert_int_eq (wg_least_squares (f, x, &o, NULL), WG_OK);
  ck_assert_double_eq_tol (x[0], 8./3, 1e-12);
  ck_assert_int_eq (wg_least_squares_covariance (f, x, &o, &deviation, C), WG_OK);
  ck_assert_double_eq_tol (deviation, 13./12*sqrt (22./9)/.75, 1e-12);
  ck_assert_double_eq_tol (C[0], deviation*deviation/4, 1e-12);
  wg_fun_free (f);
}
END_TEST

/* Mean and t quantile: the interval of a location's report is mean -+ t deviation/sqrt (m), for t from tables. */
START_TEST (report_intervals)
{
  static const struct { size_t m; double t; } table[] = { { 2, 12.7062 }, { 3, 4.30265 }, { 6, 2.57058 }, { 13, 2.17881 }, { 121, 1.97993 }, { 501, 1.96473 } };
  static const char *const names[] = { "mean" };
  for (size_t k = 0; k < sizeof table/sizeof *table; k++)
    {
      const size_t m = table[k].m;
      double *t = calloc (m, sizeof *t), x[1] = { 0 }, C[1], number[5];
      char text[2000] = "";
      for (size_t i = 0; i < m; i++) t[i] = 10 + sin (1.7*(double) i);
      wg_fun *f = record (location, t, 1, m, x);
      wg_least_squares_result r;
      ck_assert_int_eq (wg_least_squares (f, x, NULL, &r), WG_OK);
      ck_assert_int_eq (wg_least_squares_covariance (f, x, NULL, NULL, C), WG_OK);
      FILE *out = fmemopen (text, sizeof text, "w");
      ck_assert_int_eq (wg_least_squares_report (out, f, x, NULL, &r, names, 1), WG_OK);
      fclose (out);
      const char *row = strstr (text, "mean");
      ck_assert_ptr_nonnull (row);
      ck_assert_int_eq (sscanf (row, "mean %lf %lf %lf %lf .. %lf", &number[0], &number[1], &number[2], &number[3], &number[4]), 5);
      ck_assert_double_eq_tol (number[0], x[0], 1e-6);
      ck_assert_double_eq_tol (number[1], sqrt (C[0]), 1e-4*sqrt (C[0]));
      ck_assert_double_eq_tol ((number[4] - number[3])/2/sqrt (C[0]), table[k].t, 1e-3*table[k].t);    /* six digits are printed */
      ck_assert_ptr_nonnull (strstr (text, "degrees of freedom"));
      free (t), wg_fun_free (f);
    }
}
END_TEST

/* ---------------------------------------------------------------- hard places */

MODEL (product) { UNUSED; for (size_t i = 0; i < m; i++) y[i] = wg_sub (wg_mul (wg_mul (x[0], x[1]), (double) i + 1), 6.2*(double) (i + 1) + (i % 2 ? .1 : -.1)); }

/* Two factors, of which the data know the product only. */
START_TEST (singular_jacobian)
{
  double x[2] = { 1, 1 }, C[4], deviation;
  char text[2000] = "";
  wg_least_squares_result r;
  wg_fun *f = record (product, NULL, 2, 8, x);
  ck_assert_int_eq (wg_least_squares (f, x, NULL, &r), WG_OK);
  ck_assert_uint_eq (r.rank, 1);
  ck_assert_double_eq_tol (x[0]*x[1], 6.2 + .4/204, 1e-10);
  ck_assert_int_eq (wg_least_squares_covariance (f, x, NULL, &deviation, C), WG_NONFINITE);
  for (int i = 0; i < 4; i++) ck_assert_double_nan (C[i]);
  ck_assert_double_eq_tol (deviation, sqrt (2*r.f/7), 1e-12);
  FILE *out = fmemopen (text, sizeof text, "w");
  ck_assert_int_eq (wg_least_squares_report (out, f, x, NULL, NULL, NULL, 0), WG_NONFINITE);
  fclose (out);
  ck_assert_ptr_nonnull (strstr (text, "undetermined"));
  wg_fun_free (f);
}
END_TEST

MODEL (half_known) { UNUSED; for (size_t i = 0; i < m; i++) y[i] = wg_add (wg_sub (wg_mul (x[0], x[1]), 3), wg_mul (wg_sub (x[2], .7), (i % 2 ? 1. : -1.)*(double) (i + 2))); }

/* One parameter is determined, two are not. */
START_TEST (partly_singular)
{
  double x[3] = { 1, 2, 3 }, C[9];
  wg_fun *f = record (half_known, NULL, 3, 7, x);
  ck_assert_int_eq (wg_least_squares (f, x, NULL, NULL), WG_OK);
  x[2] += .01;                                  /* some residual */
  ck_assert_int_eq (wg_least_squares_covariance (f, x, NULL, NULL, C), WG_NONFINITE);
  ck_assert_double_nan (C[0]);
  ck_assert_double_nan (C[4]);
  ck_assert_double_nan (C[2]);
  ck_assert (C[8] > 0);
  wg_fun_free (f);
}
END_TEST

MODEL (logarithm) { UNUSED; y[0] = wg_sub (wg_log (x[0]), 1); y[1] = wg_mul (.1, wg_sub (wg_sqrt (x[0]), 2)); y[2] = wg_sub (wg_log (wg_sub (8, x[0])), 1.5); }

/* Undefined for x <= 0 and x >= 8; first steps go there. */
START_TEST (model_undefined_somewhere)
{
  for (int method = WG_LEAST_SQUARES_QR; method <= WG_LEAST_SQUARES_CG; method++)
    for (double start = 1e-3; start < 8; start += 1.9)
      {
        double x[1] = { start };
        const wg_least_squares_options o = { .method = method, .radius = 1e6 };
        wg_fun *f = record (logarithm, NULL, 1, 3, x);
        ck_assert_msg (wg_least_squares (f, x, &o, NULL) == WG_OK, "method %d from %g: %s", method, start, wg_last_error ());
        ck_assert_double_eq_tol (x[0], 2.9270035, 1e-6);
        wg_fun_free (f);
      }
}
END_TEST

MODEL (few) { UNUSED; y[0] = wg_sub (wg_add (wg_sqr (x[0]), wg_mul (x[1], x[2])), 5); y[1] = wg_sub (wg_exp (x[1]), x[2]); }

/* Fewer residuals than parameters: some solution. */
START_TEST (underdetermined)
{
  double x[3] = { 1, 1, 1 }, C[9];
  wg_least_squares_result r;
  wg_fun *f = record (few, NULL, 3, 2, x);
  ck_assert_int_eq (wg_least_squares (f, x, NULL, &r), WG_OK);
  ck_assert_double_le (r.f, 1e-28);
  ck_assert_uint_eq (r.rank, 2);
  ck_assert_int_eq (wg_least_squares_covariance (f, x, NULL, NULL, C), WG_ESHAPE);
  wg_fun_free (f);
}
END_TEST

enum { MANY = 3000 };

/* Rosenbrock's function for pairs, and neighbours tied weakly: a large problem with a sparse Jacobian. */
MODEL (pairs)
{
  UNUSED;
  for (size_t i = 0; i < n; i += 2)
    y[i] = wg_mul (10, wg_sub (x[i+1], wg_sqr (x[i]))), y[i+1] = wg_sub (1, x[i]);
  for (size_t i = 0; i + 1 < n; i++) y[n + i] = wg_mul (.1, wg_sub (x[i+1], x[i]));
}

START_TEST (large)
{
  static double x[MANY];
  wg_least_squares_result r;
  for (int i = 0; i < MANY; i++) x[i] = i % 2 ? .7 : -.4;
  wg_fun *f = record (pairs, NULL, MANY, 2*MANY - 1, x);
  ck_assert_int_eq (wg_least_squares (f, x, NULL, &r), WG_OK);
  ck_assert_uint_eq (r.jacobians, 0);
  ck_assert_uint_gt (r.products, 0);
  for (int i = 0; i < MANY; i++) ck_assert_double_eq_tol (x[i], 1, 1e-7);
  wg_fun_free (f);
}
END_TEST

/* ---------------------------------------------------------------- reasons */

MODEL (rosenbrock) { UNUSED; y[0] = wg_mul (10, wg_sub (x[1], wg_sqr (x[0]))); y[1] = wg_sub (1, x[0]); }
MODEL (powell) { UNUSED; y[0] = wg_add (x[0], wg_mul (10, x[1])); y[1] = wg_mul (sqrt (5), wg_sub (x[2], x[3])); y[2] = wg_sqr (wg_sub (x[1], wg_mul (2, x[2]))); y[3] = wg_mul (sqrt (10), wg_sqr (wg_sub (x[0], x[3]))); }
MODEL (constant) { UNUSED; y[0] = wg_add (3, wg_mul (0, x[0])); y[1] = wg_num (-2); }
/* Values that know x to 1e-6 only: the cost is a staircase, its derivative a slope. */
MODEL (coarse) { UNUSED; for (size_t i = 0; i < m; i++) y[i] = wg_sub (wg_sub (wg_add (wg_mul (x[0], (double) i + 1.3), 1e10), 1e10), (double) (i*i)); }

static int stop_after (const wg_least_squares_progress *p, void *ctx)
{
  size_t *limit = ctx;
  ck_assert_uint_le (p->iteration, *limit);
  return p->iteration == *limit;
}

#define WITH(...) (&(wg_least_squares_options){ __VA_ARGS__ })

static int reason_of (wg_model *model, size_t n, size_t m, double x[], const wg_least_squares_options *o, int expected)
{
  wg_least_squares_result r;
  wg_fun *f = record (model, NULL, n, m, x);
  const int rc = wg_least_squares (f, x, o, &r);
  ck_assert_int_eq (rc, expected);
  wg_fun_free (f);
  return r.reason;
}

START_TEST (reasons)
{
  size_t two = 2, none = 0;
#define START ((double[]){ -1.2, 1 })
  ck_assert_int_eq (reason_of (constant, 1, 2, (double[]){ 2.3 }, NULL, WG_OK), WG_STOP_GRADIENT);
  ck_assert_int_eq (reason_of (rosenbrock, 2, 2, START, NULL, WG_OK), WG_STOP_GRADIENT);
  ck_assert_int_eq (reason_of (logarithm, 1, 3, (double[]){ 2 }, WITH (.step_tolerance = 1e-3, .rough = 1), WG_OK), WG_STOP_STEP);
  ck_assert_int_eq (reason_of (powell, 4, 4, (double[]){ 3, -1, 0, 1 }, WITH (.residual_tolerance = 1e-12), WG_OK), WG_STOP_ROOT);
  ck_assert_int_eq (reason_of (rosenbrock, 2, 2, START, WITH (.residual_tolerance = 4), WG_OK), WG_STOP_ROOT);
  ck_assert_int_eq (reason_of (coarse, 1, 5, (double[]){ 1.37 }, WITH (.gradient_tolerance = 1e-13), WG_NOCONV), WG_STOP_NOISE);
  for (int method = WG_LEAST_SQUARES_QR; method <= WG_LEAST_SQUARES_CG; method++)
    {
      ck_assert_int_eq (reason_of (rosenbrock, 2, 2, START, WITH (.method = method, .iterations = 2), WG_NOCONV), WG_STOP_ITERATIONS);
      ck_assert_int_eq (reason_of (rosenbrock, 2, 2, START, WITH (.method = method, .evaluations = 3), WG_NOCONV), WG_STOP_EVALUATIONS);
      ck_assert_int_eq (reason_of (rosenbrock, 2, 2, START, WITH (.method = method, .callback = stop_after, .ctx = &two), WG_NOCONV), WG_STOP_CALLBACK);
      ck_assert_int_eq (reason_of (rosenbrock, 2, 2, START, WITH (.method = method, .callback = stop_after, .ctx = &none), WG_NOCONV), WG_STOP_CALLBACK);
      ck_assert_int_eq (reason_of (logarithm, 1, 3, (double[]){ -1 }, WITH (.method = method), WG_NONFINITE), WG_STOP_NONFINITE);
    }
  ck_assert_int_eq (reason_of (rosenbrock, 2, 2, START, WITH (.method = WG_LEAST_SQUARES_CG, .products = 40), WG_NOCONV), WG_STOP_HVPS);
  /* values there, slopes not: sqrt at 0 */
  double x[1] = { 0 };
  ck_assert_int_eq (reason_of (logarithm, 1, 3, x, NULL, WG_NONFINITE), WG_STOP_NONFINITE);
  ck_assert_double_eq (x[0], 0);
#undef START
}
END_TEST

/* A model that gives up when it is recorded again. */
MODEL (branching)
{
  UNUSED;
  if (wg_lt (x[0], 2)) wg_raise (x[0], "not below 2");
  y[0] = wg_sub (x[0], 1.5), y[1] = wg_mul (.1, x[0]);
}

START_TEST (error_in_the_model)
{
  double x[1] = { 5 };
  wg_least_squares_result r;
  wg_fun *f = record (branching, NULL, 1, 2, x);
  ck_assert_int_eq (wg_least_squares (f, x, NULL, &r), WG_EMODEL);
  ck_assert_int_eq (r.reason, WG_STOP_ERROR);
  ck_assert_double_eq (x[0], 5);
  ck_assert_uint_eq (r.evaluations, 1);
  wg_fun_free (f);
}
END_TEST

/* What the callback is told, and the line that is printed of it. */
typedef struct { size_t calls, polished; double f; FILE *out; } watch;

static int watching (const wg_least_squares_progress *p, void *ctx)
{
  watch *w = ctx;
  ck_assert_uint_eq (p->n, 3);
  ck_assert_uint_eq (p->m, POINTS);
  ck_assert_uint_eq (p->iteration, w->calls);
  ck_assert (!w->calls || p->polish || p->f <= w->f);
  ck_assert_uint_ge (p->evaluations, p->jacobians);
  w->calls++, w->polished += p->polish != 0, w->f = p->f;
  return wg_least_squares_print (p, w->out);
}

START_TEST (callback)
{
  char text[8000] = "";
  watch w = { .out = fmemopen (text, sizeof text, "w") };
  decay d = decay_data (1);
  double x[3] = { 1, 1, 0 };
  const wg_least_squares_options o = { .callback = watching, .ctx = &w };
  wg_least_squares_result r;
  size_t lines = 0;
  wg_fun *f = record (decaying, &d, 3, POINTS, x);
  ck_assert_int_eq (wg_least_squares (f, x, &o, &r), WG_OK);
  fclose (w.out);
  for (const char *c = text; *c; c++) lines += *c == '\n';
  ck_assert_uint_eq (w.calls, r.iterations + 1);
  ck_assert_uint_eq (lines, w.calls + 1);
  ck_assert_uint_gt (w.polished, 0);
  ck_assert_double_eq (w.f, r.f);
  wg_fun_free (f);
}
END_TEST

START_TEST (refusals)
{
  double x[2] = { 1, 1 }, C[4];
  wg_least_squares_result r;
  wg_fun *f = record (rosenbrock, NULL, 2, 2, x);
  ck_assert_int_eq (wg_least_squares (NULL, x, NULL, &r), WG_EINVAL);
  ck_assert_int_eq (wg_least_squares (f, NULL, NULL, &r), WG_EINVAL);
  const wg_least_squares_options bad[] = {
    { .gradient_tolerance = -1 }, { .step_tolerance = NAN }, { .residual_tolerance = -1 }, { .radius = -1 }, { .loss_scale = -2 }, { .method = 3 }, { .method = -1 },
    { .loss = WGI_LOSS_END_ }, { .loss = -1 }, { .scale = (double[]){ 1, 0 } }, { .scale = (double[]){ INFINITY, 1 } } };
  for (size_t i = 0; i < sizeof bad/sizeof *bad; i++) ck_assert_int_eq (wg_least_squares (f, x, &bad[i], &r), WG_EINVAL);
  ck_assert_int_eq (wg_least_squares_covariance (NULL, x, NULL, NULL, C), WG_EINVAL);
  ck_assert_int_eq (wg_least_squares_covariance (f, x, NULL, NULL, C), WG_ESHAPE);
  ck_assert_int_eq (wg_least_squares_report (NULL, f, x, NULL, NULL, NULL, 0), WG_EINVAL);
  ck_assert_int_eq (wg_least_squares_report (stdout, NULL, x, NULL, NULL, NULL, 0), WG_EINVAL);
  ck_assert_int_eq (wg_least_squares_report (stdout, f, NULL, NULL, NULL, NULL, 0), WG_EINVAL);
  wg_fun_free (f);
  f = record (logarithm, NULL, 1, 3, (double[]){ 1 });
  ck_assert_int_eq (wg_least_squares_covariance (f, NULL, NULL, NULL, C), WG_EINVAL);
  ck_assert_int_eq (wg_least_squares_covariance (f, x, WITH (.loss = 99), NULL, C), WG_EINVAL);
  ck_assert_int_eq (wg_least_squares_covariance (f, (double[]){ -1 }, NULL, NULL, C), WG_NONFINITE);
  ck_assert_double_nan (C[0]);
  ck_assert_int_eq (wg_least_squares_report (stdout, f, (double[]){ -1 }, NULL, NULL, NULL, 0), WG_NONFINITE);
  for (int loss = 0; loss < WGI_LOSS_END_; loss++) ck_assert_str_ne (wg_loss_name (loss), "unknown loss");
  ck_assert_str_eq (wg_loss_name (-1), "unknown loss");
  wg_fun_free (f);
}
END_TEST

int main (void)
{
  Suite *s = suite_create ("least squares");
  TCase *t = tcase_create ("all");
  tcase_add_loop_test (t, losses_minimized, 0, 2*WGI_LOSS_END_);
  tcase_add_test (t, units_do_not_matter);
  tcase_add_test (t, runs_agree);
  tcase_add_loop_test (t, certified_values, 0, sizeof fits/sizeof *fits);
  tcase_add_test (t, straight_line);
  tcase_add_test (t, huber_location);
  tcase_add_test (t, report_intervals);
  tcase_add_test (t, singular_jacobian);
  tcase_add_test (t, partly_singular);
  tcase_add_test (t, model_undefined_somewhere);
  tcase_add_test (t, underdetermined);
  tcase_add_test (t, large);
  tcase_add_test (t, reasons);
  tcase_add_test (t, error_in_the_model);
  tcase_add_test (t, callback);
  tcase_add_test (t, refusals);
  tcase_set_timeout (t, 120);
  suite_add_tcase (s, t);
  return run_suite (s);
}
