/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * The checkers against derivatives that are right and derivatives that are wrong by a known amount.  The library
 * has no wrong ones, so the drivers that the checkers call are replaced here by hand-written functions whose
 * derivative can be spoiled; the sources under test are included.
 */
#include <check.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "deriv/check.c"
#include "deriv/quotient.c"
#include "runner.h"

enum { MOST = 4 };

/* y[m], J[m*n] and, for m == 1, H[n*n] at x; outputs may be NULL. */
typedef void formula (const double x[], double y[], double J[], double H[]);

struct wg_fun {
  size_t n, m;
  formula *at;
  char spoil;                   /* what is spoiled: 'J', gradient and Jacobian; 'H', hvp; 'F', jvp, with rounding; */
  size_t row, column;           /* the entry of J there, or the component of H v: */
  double factor, shift;         /* times factor plus shift */
  double rounding;              /* relative, random, of jvp */
  double last[MOST];
  size_t calls, fail_at;        /* the call that fails (1: the first), with: */
  int status;
};

/* A number in [-1, 1) that depends on all the bits of x and nothing else. */
static double hash (double x)
{
  uint64_t b;
  memcpy (&b, &x, sizeof b);
  b *= 0x9E3779B97F4A7C15u;
  b ^= b >> 29;
  b *= 0xBF58476D1CE4E5B9u;
  b ^= b >> 32;
  return (double) (b >> 11)/4503599627370496. - 1;
}

static int enter (wg_fun *f, const double x[])
{
  if (++f->calls == f->fail_at) return f->status;
  if (x) memcpy (f->last, x, f->n*sizeof (double));
  return WG_OK;
}

static void spoil (const wg_fun *f, char what, double *d)
{
  if (f->spoil == what) *d = *d*f->factor + f->shift;
}

static int finite_status (size_t n, const double a[])
{
  for (size_t i = 0; i < n && a; i++)
    if (!isfinite (a[i])) return WG_NONFINITE;
  return WG_OK;
}

size_t wg_fun_n (const wg_fun *f) { return f ? f->n : 0; }
size_t wg_fun_m (const wg_fun *f) { return f ? f->m : 0; }

int wg_eval (wg_fun *f, const double x[], double y[])
{
  const int rc = enter (f, x);
  if (rc) return rc;
  if (y) f->at (f->last, y, NULL, NULL);
  return finite_status (f->m, y);
}

int wg_jacobian (wg_fun *f, const double x[], double y[], double J[])
{
  const int rc = enter (f, x);
  if (rc) return rc;
  f->at (f->last, y, J, NULL);
  spoil (f, 'J', &J[f->row*f->n + f->column]);
  return finite_status (f->m*f->n, J);
}

int wg_gradient (wg_fun *f, const double x[], double *y, double g[])
{
  return wg_jacobian (f, x, y, g);
}

int wg_hvp (wg_fun *f, const double x[], const double v[], double *y, double g[], double hv[])
{
  double H[MOST*MOST];
  const int rc = enter (f, x);
  if (rc) return rc;
  f->at (f->last, y, g, H);
  for (size_t i = 0; i < f->n; i++)
    {
      hv[i] = 0;
      for (size_t j = 0; j < f->n; j++) hv[i] += H[i*f->n + j]*v[j];
    }
  spoil (f, 'H', &hv[f->column]);
  return finite_status (f->n, hv);
}

int wg_jvp (wg_fun *f, const double x[], const double v[], double y[], double jv[])
{
  double J[MOST*MOST];
  const int rc = enter (f, x);
  if (rc) return rc;
  f->at (f->last, y, J, NULL);
  spoil (f, 'F', &J[f->row*f->n + f->column]);
  for (size_t i = 0; i < f->m; i++)
    {
      jv[i] = 0;
      for (size_t j = 0; j < f->n; j++) jv[i] += J[i*f->n + j]*v[j];
      jv[i] *= 1 + f->rounding*hash (v[0]);
    }
  return WG_OK;
}

int wg_vjp (wg_fun *f, const double x[], const double u[], double y[], double uj[])
{
  double J[MOST*MOST];
  const int rc = enter (f, x);
  if (rc) return rc;
  f->at (f->last, y, J, NULL);
  for (size_t j = 0; j < f->n; j++)
    {
      uj[j] = 0;
      for (size_t i = 0; i < f->m; i++) uj[j] += J[i*f->n + j]*u[i];
    }
  return WG_OK;
}

static wg_fun make (formula *at, size_t n, size_t m)
{
  return (wg_fun){ .n = n, .m = m, .at = at, .spoil = 'J', .factor = 1 };
}

/* ---------------------------------------------------------------- functions of one variable */

#define ONE(name, value, slope)                                                   \
  static void name (const double x_[], double y[], double J[], double H[])        \
  {                                                                               \
    const double x = x_[0];                                                       \
    (void) x, (void) H;                                                           \
    if (y) y[0] = value;                                                          \
    if (J) J[0] = slope;                                                          \
  }

ONE (exponential, exp (x), exp (x))
ONE (cubic, x*x*x - 2*x, 3*x*x - 2)
ONE (square, x*x, 2*x)
ONE (cosine, cos (x), -sin (x))
ONE (root, sqrt (x), .5/sqrt (x))
ONE (logarithm, log (x), 1/x)
ONE (cube_root, cbrt (x), 1/(3*cbrt (x*x)))
ONE (constant, 7.25, 0)
ONE (huge_constant, 1e300, 0)
ONE (nothing, 0, 0)
ONE (line, 3.5*x, 3.5)
ONE (on_a_hill, 1e10 + sin (x), cos (x))
ONE (on_a_mountain, 1e18 + x, 1)
ONE (cancelled, (1e10 + x) - 1e10, 1)
ONE (fast, sin (1e12*x), 1e12*cos (1e12*x))
ONE (fast_on_a_hill, 1e7 + sin (1e12*x), 1e12*cos (1e12*x))
ONE (slow, 1 + 1e-12*x, 1e-12)
ONE (two_scales, x + 1e-3*sin (1e6*x), 1 + 1e3*cos (1e6*x))
ONE (kink_beside, fabs (x - 1e-7), x < 1e-7 ? -1 : 1)
ONE (jump_beside, 2*x + (x > 1e-9), 2)
ONE (kink, x > 0 ? x : 0, 0)
ONE (kink_of_slopes, x > 0 ? 3*x : -x, 1)
ONE (jump, x > 0, 0)
ONE (jump_symmetric, (x > 0) - (x < 0), 0)
ONE (half_defined, x < 0 ? NAN : x*sqrt (x), 1.5*sqrt (x))
ONE (edge, x > 1 ? NAN : sqrt (1 - x), -.5/sqrt (1 - x))
ONE (nowhere, NAN + x, NAN)
ONE (noisy, x + 1e-9*hash (x), 1)
ONE (very_noisy, exp (x)*(1 + 1e-4*hash (x)), exp (x))
ONE (pure_noise, hash (x), 0)
ONE (tiny, 1e-200*sin (x), 1e-200*cos (x))
ONE (giant, 1e200*sin (x), 1e200*cos (x))
ONE (steep, exp (1e5*x), 1e5*exp (1e5*x))
ONE (gaussian_tail, exp (-x*x), -2*x*exp (-x*x))

enum { OK = 1 << WG_OK, WRONG = 1 << WG_DISAGREE, UNSURE = 1 << WG_UNSURE };

/* What a right derivative may be told, and whether a wrong one must be found out.  The rows with UNSURE alone have no
 * derivative, or one that no quotient reaches. */
static const struct { const char *name; formula *at; double x; int may; int sharp; } cases[] = {
  { "exp", exponential, 0, OK, 1 },                  { "exp -30", exponential, -30.1, OK, 1 },
  { "exp 300", exponential, 300.3, OK, 1 },          { "cubic", cubic, 2.385, OK, 1 },
  { "cubic far", cubic, 1e80, OK, 1 },               { "square at 0", square, 0, OK, 1 },
  { "square near 0", square, 1e-9, OK, 1 },          { "square at 1e-150", square, 1e-150, OK | UNSURE, 0 },
  { "cos at 0", cosine, 0, OK, 1 },                  { "cos", cosine, 1e5 + .3, OK, 1 },
  { "sqrt", root, 2.5, OK, 1 },                      { "sqrt near its edge", root, 1e-9, OK, 1 },
  { "sqrt at 1e300", root, 1e300, OK, 1 },           { "sqrt at its edge", root, 0, UNSURE, 0 },
  { "log", logarithm, 3.7, OK, 1 },                  { "log 1e-9", logarithm, 1e-9, OK, 1 },
  { "log 1e-15", logarithm, 1e-15, OK, 1 },          { "log 1e-300", logarithm, 1e-300, OK | UNSURE, 0 },
  { "cbrt at 0", cube_root, 0, UNSURE, 0 },          { "constant", constant, 1.5, OK, 1 },
  { "huge constant", huge_constant, 1.5, OK, 0 },    { "zero", nothing, 1.5, OK, 0 },
  { "line at 1e300", line, 1e300, OK, 1 },           { "line at 1e-300", line, 1e-300, OK, 1 },
  { "on a hill", on_a_hill, .7, OK | UNSURE, 0 },    { "on a mountain", on_a_mountain, 1.1, OK | UNSURE, 0 },
  { "cancelled", cancelled, .37, OK | UNSURE, 0 },   { "fast at 0", fast, 0, OK, 1 },
  { "fast", fast, .3e-12, OK, 1 },                   { "fast on a hill", fast_on_a_hill, .3e-12, UNSURE, 0 },
  { "slow", slow, 1.3, OK | UNSURE, 0 },
  { "two scales", two_scales, 0, OK, 1 },            { "kink beside", kink_beside, 0, OK, 1 },
  { "jump beside", jump_beside, 0, OK, 1 },          { "kink", kink, 0, UNSURE, 0 },
  { "kink of slopes", kink_of_slopes, 0, UNSURE, 0 },{ "jump", jump, 0, UNSURE, 0 },
  { "symmetric jump", jump_symmetric, 0, UNSURE, 0 },{ "half defined", half_defined, 0, UNSURE, 0 },
  { "edge", edge, 1 - 1e-8, OK, 1 },                 { "nowhere", nowhere, 1, UNSURE, 0 },
  { "noisy", noisy, .7, OK | UNSURE, 0 },            { "very noisy", very_noisy, .7, OK | UNSURE, 0 },
  { "pure noise", pure_noise, .7, UNSURE, 0 },       { "tiny", tiny, .7, OK, 1 },
  { "giant", giant, .7, OK, 1 },                     { "steep", steep, -1e-4, OK, 1 },
  { "tail", gaussian_tail, 5.3, OK, 1 },
};

START_TEST (right_derivatives)
{
  wg_fun f = make (cases[_i].at, 1, 1);
  wg_check_report r;
  const int rc = wg_check_gradient (&f, &cases[_i].x, NULL, &r);
  ck_assert_msg (1 << rc & cases[_i].may, "%s: %s: %.15g, %.15g +- %g", cases[_i].name, wg_strerror (rc), r.derivative,
                 r.difference, r.bound);
  ck_assert_int_eq (r.verdict, rc);
  ck_assert_uint_eq (r.checked, 1);
  ck_assert_uint_eq (r.disagreeing, 0);
  ck_assert_uint_eq (r.unsure, rc == WG_UNSURE);
  ck_assert_double_eq (f.last[0], cases[_i].x);
}
END_TEST

/* Wrong by 1e-5 relatively, ten times what is forgiven; or 0, doubled, of the wrong sign, not finite. */
START_TEST (wrong_derivatives)
{
  static const double factor[] = { 1 + 1e-5, 1 - 1e-5, 1.01, 2, 0, -1, INFINITY, NAN };
  double slope;
  if (!cases[_i].sharp) return;
  cases[_i].at (&cases[_i].x, NULL, &slope, NULL);
  for (size_t k = 0; k < sizeof factor/sizeof *factor; k++)
    {
      wg_fun f = make (cases[_i].at, 1, 1);
      wg_check_report r;
      if (slope) f.factor = factor[k];
      else f.shift = isfinite (factor[k]) ? factor[k] - .5 : factor[k];
      const int rc = wg_check_gradient (&f, &cases[_i].x, NULL, &r);
      ck_assert_msg (rc == WG_DISAGREE, "%s: factor %g: %s: %.15g, %.15g +- %g", cases[_i].name, factor[k], wg_strerror (rc),
                     r.derivative, r.difference, r.bound);
      ck_assert_uint_eq (r.disagreeing, 1);
    }
}
END_TEST

/* Where nothing can be told about a right derivative, a wrong one is not called right. */
START_TEST (never_right)
{
  wg_fun f = make (kink, 1, 1);
  const double zero = 0, x = .7;
  f.shift = .5;
  ck_assert_int_eq (wg_check_gradient (&f, &zero, NULL, NULL), WG_UNSURE);
  f.shift = 5;
  ck_assert_int_ne (wg_check_gradient (&f, &zero, NULL, NULL), WG_OK);
  f = make (on_a_mountain, 1, 1);
  f.factor = 3;
  ck_assert_int_eq (wg_check_gradient (&f, &x, NULL, NULL), WG_UNSURE);
  f = make (very_noisy, 1, 1);
  f.factor = 1.5;
  ck_assert_int_ne (wg_check_gradient (&f, &x, NULL, NULL), WG_OK);
}
END_TEST

/* Noise of every size on thousands of points: a right derivative is never called wrong, and hardly ever by luck
 * when it is off by a half is that called right. */
static double noise_size;
ONE (tuned_noise, sin (x) + noise_size*hash (x), cos (x))

START_TEST (noise_is_no_alarm)
{
  size_t right = 0, lucky = 0, all = 0;
  for (noise_size = 1e-15; noise_size < 1; noise_size *= 10)
    for (int k = 0; k < 400; k++)
      {
        const double x = .1 + .7*k/400;
        wg_fun f = make (tuned_noise, 1, 1);
        const int rc = wg_check_gradient (&f, &x, NULL, NULL);
        ck_assert_msg (rc != WG_DISAGREE, "noise %g at %.17g", noise_size, x);
        right += rc == WG_OK;
        f.factor = 1.5;
        lucky += wg_check_gradient (&f, &x, NULL, NULL) == WG_OK;
        all++;
      }
  ck_assert_uint_gt (right, all/3);
  ck_assert_uint_eq (lucky, 0);
}
END_TEST

/* ---------------------------------------------------------------- several variables and outputs */

/* Scales from 1e-10 to 1e10. */
static void scales (const double x[], double y[], double J[], double H[])
{
  const double e = exp (x[0]*1e10), s = sin (x[1]), q = x[2]*1e-10;
  (void) H;
  if (y) y[0] = e*s, y[1] = q*q*s, y[2] = e + q;
  if (J)
    {
      memset (J, 0, 9*sizeof (double));
      J[0] = 1e10*e*s, J[1] = e*cos (x[1]);
      J[4] = q*q*cos (x[1]), J[5] = 2*q*1e-10*s;
      J[6] = 1e10*e, J[8] = 1e-10;
    }
}
static const double scales_x[3] = { .3e-10, 1.1, 2.5e10 };

/* x0 x1^2 + exp (x2): H is full but for zeros. */
static void curved (const double x[], double y[], double J[], double H[])
{
  if (y) y[0] = x[0]*x[1]*x[1] + exp (x[2]);
  if (J) J[0] = x[1]*x[1], J[1] = 2*x[0]*x[1], J[2] = exp (x[2]);
  if (H)
    {
      memset (H, 0, 9*sizeof (double));
      H[1] = H[3] = 2*x[1];
      H[4] = 2*x[0];
      H[8] = exp (x[2]);
    }
}
static const double curved_x[3] = { 2.385, -1.7, .3 };

START_TEST (jacobian_entries)
{
  wg_fun f = make (scales, 3, 3);
  wg_check_report r;
  ck_assert_int_eq (wg_check_jacobian (&f, scales_x, NULL, &r), WG_OK);
  ck_assert_uint_eq (r.checked, 9);
  for (f.row = 0; f.row < 3; f.row++)
    for (f.column = 0; f.column < 3; f.column++)
      {
        double J[9];
        scales (scales_x, NULL, J, NULL);
        const double d = J[f.row*3 + f.column];
        f.shift = d ? 1e-4*d : 1;
        ck_assert_int_eq (wg_check_jacobian (&f, scales_x, NULL, &r), WG_DISAGREE);
        ck_assert_uint_eq (r.row, f.row);
        ck_assert_uint_eq (r.column, f.column);
        ck_assert_uint_eq (r.disagreeing, 1);
        ck_assert_uint_eq (r.unsure, 0);
        ck_assert_double_eq (r.derivative, d + f.shift);
        ck_assert (fabs (r.difference - d) <= r.bound && fabs (r.derivative - r.difference) > r.bound);
      }
}
END_TEST

START_TEST (hvp_entries)
{
  const double direction[3] = { .5, -2, 1e-3 }, zero[3] = { 0, 0, 0 };
  for (int own = 0; own < 2; own++)
    {
      const wg_check_options o = { .direction = own ? direction : NULL };
      wg_fun f = make (curved, 3, 1);
      wg_check_report r;
      ck_assert_int_eq (wg_check_hvp (&f, curved_x, &o, &r), WG_OK);
      ck_assert_uint_eq (r.checked, 3);
      f.spoil = 'H';
      for (f.column = 0; f.column < 3; f.column++)
        for (int k = 0; k < 3; k++)
          {
            const double factor[3] = { 1 + 1e-4, -1, NAN };
            f.factor = factor[k];
            ck_assert_int_eq (wg_check_hvp (&f, curved_x, &o, &r), WG_DISAGREE);
            ck_assert_uint_eq (r.row, f.column);
            ck_assert_uint_eq (r.column, 0);
            ck_assert_uint_eq (r.disagreeing, 1);
          }
    }
  wg_fun f = make (curved, 3, 1);
  const wg_check_options o = { .direction = zero };
  ck_assert_int_eq (wg_check_hvp (&f, curved_x, &o, NULL), WG_UNSURE);
}
END_TEST

/* J has entries of 1e10 and 1e-10: an error of 1e-12 in one of them shows where the others do not hide it. */
START_TEST (transpose_law)
{
  const double v[3] = { 1e-10, 1, 1 }, u[3] = { 1, .5, 1e10 }, last_row[3] = { 0, 0, 1 }, third[3] = { 0, 0, 1 };
  const wg_check_options own = { .direction = v, .weights = u }, one = { .direction = third, .weights = last_row };
  wg_fun f = make (scales, 3, 3);
  wg_check_report r;
  f.spoil = 'F';
  ck_assert_int_eq (wg_check_transpose (&f, scales_x, NULL, &r), WG_OK);
  ck_assert_uint_eq (r.checked, 1);
  ck_assert_int_eq (wg_check_transpose (&f, scales_x, &own, NULL), WG_OK);
  ck_assert_int_eq (wg_check_transpose (&f, scales_x, &one, NULL), WG_OK);
  f.row = f.column = 2;
  f.factor = 1 + 1e-12;
  ck_assert_int_eq (wg_check_transpose (&f, scales_x, &one, &r), WG_DISAGREE);
  ck_assert_double_eq_tol (r.derivative, 1e-10, 1e-24);
  ck_assert_double_eq_tol (r.difference, 1e-10*(1 + 1e-12), 1e-24);
  f.factor = -1;
  ck_assert_int_eq (wg_check_transpose (&f, scales_x, &one, NULL), WG_DISAGREE);
  f.factor = NAN;
  ck_assert_int_eq (wg_check_transpose (&f, scales_x, NULL, NULL), WG_UNSURE);
}
END_TEST

/* What rounds inside is measured: it is no alarm, and hides nothing that is much larger. */
START_TEST (transpose_rounding)
{
  for (double rounding = 1e-14; rounding < 1e-6; rounding *= 10)
    for (int k = 0; k < 100; k++)
      {
        const double v[3] = { .7 + .01*k, 1.3, -.4 };
        const wg_check_options o = { .direction = v };
        wg_fun f = make (curved, 3, 1);
        f.spoil = 'F';
        f.rounding = rounding;
        ck_assert_int_eq (wg_check_transpose (&f, curved_x, &o, NULL), WG_OK);
        f.factor = 1 + 1e4*rounding;
        ck_assert_int_eq (wg_check_transpose (&f, curved_x, &o, NULL), WG_DISAGREE);
        f.rounding = 1e-2;
        ck_assert_int_eq (wg_check_transpose (&f, curved_x, &o, NULL), WG_UNSURE);
      }
}
END_TEST

/* ---------------------------------------------------------------- options, report, refusals */

START_TEST (options_are_used)
{
  const double x = .7, small = 1e-7, large = .5, bad = -1;
  wg_fun f = make (exponential, 1, 1);
  wg_check_report r, s;
  wg_check_options o = { .step = &small };
  ck_assert_int_eq (wg_check_gradient (&f, &x, NULL, &r), WG_OK);
  ck_assert_int_eq (wg_check_gradient (&f, &x, &o, &s), WG_OK);
  ck_assert_double_ne (r.difference, s.difference);

  f.factor = 1 + 1e-4;                              /* forgiven or not */
  ck_assert_int_eq (wg_check_gradient (&f, &x, NULL, NULL), WG_DISAGREE);
  o = (wg_check_options){ .tolerance = 1e-3 };
  ck_assert_int_eq (wg_check_gradient (&f, &x, &o, NULL), WG_OK);

  f = make (edge, 1, 1);                            /* a step over the edge is made smaller */
  o = (wg_check_options){ .step = &large };
  ck_assert_int_eq (wg_check_gradient (&f, &x, &o, NULL), WG_OK);

  o = (wg_check_options){ .step = &bad };
  ck_assert_int_eq (wg_check_gradient (&f, &x, &o, NULL), WG_EINVAL);
  o = (wg_check_options){ .tolerance = -1 };
  ck_assert_int_eq (wg_check_gradient (&f, &x, &o, NULL), WG_EINVAL);
}
END_TEST

START_TEST (report_is_printed)
{
  char text[400] = "";
  FILE *out = tmpfile ();
  const wg_check_options o = { .out = out };
  wg_fun f = make (scales, 3, 3);
  f.row = 1;
  f.column = 2;
  f.factor = 2;
  ck_assert_ptr_nonnull (out);
  ck_assert_int_eq (wg_check_jacobian (&f, scales_x, &o, NULL), WG_DISAGREE);
  rewind (out);
  text[fread (text, 1, sizeof text - 1, out)] = '\0';
  fclose (out);
  ck_assert_ptr_nonnull (strstr (text, "check jacobian: 8 of 9 agree, 1 DISAGREE\n"));
  ck_assert_ptr_nonnull (strstr (text, "row 1, column 2\n"));
  ck_assert_ptr_nonnull (strstr (wg_last_error (), "row 1, column 2"));
}
END_TEST

typedef int checked (wg_fun *, const double *, const wg_check_options *, wg_check_report *);
static checked *const all_checks[4] = { wg_check_gradient, wg_check_jacobian, wg_check_hvp, wg_check_transpose };

START_TEST (refusals)
{
  wg_fun one = make (curved, 3, 1), three = make (scales, 3, 3);
  const wg_check_report before = { .checked = 77 };
  for (int k = 0; k < 4; k++)
    {
      wg_check_report r = before;
      ck_assert_int_eq (all_checks[k] (NULL, curved_x, NULL, &r), WG_EINVAL);
      ck_assert_int_eq (all_checks[k] (&one, NULL, NULL, &r), WG_EINVAL);
      if (k%2 == 0) ck_assert_int_eq (all_checks[k] (&three, scales_x, NULL, &r), WG_ESHAPE);
      ck_assert_mem_eq (&r, &before, sizeof r);
    }
}
END_TEST

/* Every call of a driver fails in turn: the error comes out, the report is untouched.  A model that gives up at a
 * probe, though, only hides that point. */
START_TEST (errors_come_out)
{
  for (int k = 0; k < 4; k++)
    {
      wg_fun count = make (curved, 3, 1);
      ck_assert_int_eq (all_checks[k] (&count, curved_x, NULL, NULL), WG_OK);
      for (size_t call = 1; call <= count.calls; call++)
        {
          const wg_check_report before = { .checked = 77 };
          wg_check_report r = before;
          wg_fun f = make (curved, 3, 1);
          f.fail_at = call;
          f.status = WG_ENOMEM;
          ck_assert_int_eq (all_checks[k] (&f, curved_x, NULL, &r), WG_ENOMEM);
          ck_assert_mem_eq (&r, &before, sizeof r);
          if (k == 3 || call == 1 || call == count.calls) continue;
          f = make (curved, 3, 1);
          f.fail_at = call;
          f.status = WG_EMODEL;
          ck_assert_int_eq (all_checks[k] (&f, curved_x, NULL, &r), WG_OK);
        }
    }
}
END_TEST

int main (void)
{
  Suite *s = suite_create ("check");
  TCase *t = tcase_create ("check");
  const int count = sizeof cases/sizeof *cases;
  suite_add_tcase (s, t);
  tcase_add_loop_test (t, right_derivatives, 0, count);
  tcase_add_loop_test (t, wrong_derivatives, 0, count);
  tcase_add_test (t, never_right);
  tcase_add_test (t, noise_is_no_alarm);
  tcase_add_test (t, jacobian_entries);
  tcase_add_test (t, hvp_entries);
  tcase_add_test (t, transpose_law);
  tcase_add_test (t, transpose_rounding);
  tcase_add_test (t, options_are_used);
  tcase_add_test (t, report_is_printed);
  tcase_add_test (t, refusals);
  tcase_add_test (t, errors_come_out);
  return run_suite (s);
}
