/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * GSL's special functions as operations: values and three derivatives at points of mpmath's (special_points.py), by drivers and
 * by derivatives of derivatives; derivatives against differences at random points; partials that do not exist; ranges,
 * where GSL's own functions would call the error handler and ours never do.
 */
#include <check.h>
#include <gsl/gsl_errno.h>
#include <gsl/gsl_sf.h>
#include <limits.h>
#include <string.h>

#include <wengert.h>
#include <wengert/gsl_special.h>

#include "../random_program.h"
#include "gsl/values.h"
#include "runner.h"

static int handled;                            /* calls of GSL's error handler */

static void handler (const char *reason, const char *file, int line, int code)
{
  (void) reason, (void) file, (void) line, (void) code;
  handled++;
}

/* name, then its call with first argument a and variable x */
#define FUNCTIONS(X)                                                                                   \
  X (gamma, wg_gsl_gamma (x)) X (lngamma, wg_gsl_lngamma (x)) X (psi_n, wg_gsl_psi_n ((int) a, x))    \
  X (beta, wg_gsl_beta (wg_num (a), x)) X (lnbeta, wg_gsl_lnbeta (wg_num (a), x))                \
  X (bessel_Jn, wg_gsl_bessel_Jn ((int) a, x)) X (bessel_Yn, wg_gsl_bessel_Yn ((int) a, x))      \
  X (bessel_In, wg_gsl_bessel_In ((int) a, x)) X (bessel_Kn, wg_gsl_bessel_Kn ((int) a, x))      \
  X (bessel_Jnu, wg_gsl_bessel_Jnu (wg_num (a), x)) X (bessel_Ynu, wg_gsl_bessel_Ynu (wg_num (a), x)) \
  X (bessel_Inu, wg_gsl_bessel_Inu (wg_num (a), x)) X (bessel_Knu, wg_gsl_bessel_Knu (wg_num (a), x)) \
  X (gamma_inc_P, wg_gsl_gamma_inc_P (wg_num (a), x)) X (gamma_inc_Q, wg_gsl_gamma_inc_Q (wg_num (a), x))

enum {
#define X(name, call) F_##name,
  FUNCTIONS (X)
#undef X
  COUNT
};

static const char *const names[] = {
#define X(name, call) #name,
  FUNCTIONS (X)
#undef X
};

typedef struct { int function; double a, x, d[4]; } point;

static const point points[] = {
#define POINT(name, a, x, d0, d1, d2, d3) { F_##name, a, x, { d0, d1, d2, d3 } },
#include "special_points.inc"
};

static void model (size_t n, const wg_var in[], size_t m, wg_var y[], void *ctx)
{
  const point *p = ctx;
  const double a = p->a;
  const wg_var x = in[0];
  (void) n, (void) m;
  switch (p->function)
    {
#define X(name, call) case F_##name: y[0] = call; break;
  FUNCTIONS (X)
#undef X
    }
}

static wg_fun *record (wg_model *f, const void *ctx, size_t n, const double x[])
{
  wg_fun *fun = wg_fun_record (f, (void *) ctx, n, 1, x);
  ck_assert_msg (fun != NULL, "%s", wg_last_error ());
  return fun;
}

/* GSL states relative errors of some units up to some hundred in the last place, and the density of the incomplete gamma
 * functions has those of its exponent, up to 200, times it; seen: 270 there, 190 for lnbeta, below 150 elsewhere.  Where a
 * derivative is small beside the terms it is a difference of, their size counts. */
START_TEST (reference_points)
{
  for (size_t i = 0; i < sizeof points/sizeof *points; i++)
    {
      const point *p = &points[i];
      wg_fun *f = record (model, p, 1, &p->x), *f1 = wg_fun_gradient (f), *f2 = wg_fun_gradient (f1);
      double got[4], again[4], scale = 0;
      ck_assert_int_eq (wg_gradient (f, &p->x, &got[0], &got[1]), WG_OK);
      ck_assert_int_eq (wg_fvv (f, &p->x, (double[]){ 1 }, &again[0], &again[1], &got[2]), WG_OK);
      ck_assert (got[0] == again[0]);
      ck_assert_int_eq (wg_hessian (f, &p->x, NULL, NULL, &again[2]), WG_OK);
      ck_assert_int_eq (wg_hessian (f1, &p->x, NULL, NULL, &got[3]), WG_OK);
      ck_assert_int_eq (wg_gradient (f2, &p->x, &again[3], &again[1]), WG_OK);
      for (int k = 0; k < 4; k++)
        {
          scale = fmax (scale, fabs (p->d[k]));
          const double size = fmax (fabs (p->d[k]), k && k < 3 ? fmin (scale, fabs (p->d[k+1])) : 0);
          const double error = fabs (got[k] - p->d[k])/size/2.2e-16;
          ck_assert_msg (error < 1000, "%s (%g, %g), derivative %d: %.17g, not %.17g: %g eps", names[p->function], p->a, p->x, k,
                         got[k], p->d[k], error);
        }
      for (int k = 1; k < 3; k++)
        ck_assert_double_eq_tol (k == 1 ? again[1] : again[2], k == 1 ? got[3] : got[2], 1e-12*fmax (fabs (p->d[k == 1 ? 3 : 2]), scale));
      wg_fun_free (f), wg_fun_free (f1), wg_fun_free (f2);
    }
}
END_TEST

/* Random points: first derivatives against differences, by the checkers; in two variables where both have partials. */

static void model_two (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) n, (void) m;
  y[0] = *(const int *) ctx ? wg_gsl_lnbeta (x[0], x[1]) : wg_gsl_beta (x[0], x[1]);
}

START_TEST (differences)
{
  rp_random r = { 0x5eed4242 };
  for (int round = 0; round < 300; round++)
    for (int k = 0; k < COUNT; k++)
      {
        const point p = { k, k == F_psi_n || (k >= F_bessel_Jn && k <= F_bessel_Kn) ? round % 6 : rp_uniform (&r, .25, 6),
                          rp_uniform (&r, .5, 9), { 0 } };
        wg_check_report report;
        wg_fun *f = record (model, &p, 1, &p.x), *g = wg_fun_gradient (f);
        ck_assert_msg (wg_check_gradient (f, &p.x, NULL, &report) != WG_DISAGREE, "%s (%g, %g): %g and %g", names[k], p.a, p.x,
                       report.derivative, report.difference);
        ck_assert_msg (wg_check_gradient (g, &p.x, NULL, &report) != WG_DISAGREE, "%s' (%g, %g): %g and %g", names[k], p.a, p.x,
                       report.derivative, report.difference);
        ck_assert_msg (wg_check_hvp (g, &p.x, NULL, &report) != WG_DISAGREE, "%s''' (%g, %g): %g and %g", names[k], p.a, p.x,
                       report.derivative, report.difference);
        wg_fun_free (f), wg_fun_free (g);
      }
  for (int which = 0; which < 2; which++)
    {
      const double x[2] = { 1.375, 2.8125 };
      wg_check_report report;
      wg_fun *f = record (model_two, &which, 2, x);
      ck_assert_int_eq (wg_check_gradient (f, x, NULL, &report), WG_OK);
      ck_assert_int_eq (wg_check_hvp (f, x, NULL, &report), WG_OK);
      wg_fun_free (f);
    }
}
END_TEST

/* By the order, and by a of the incomplete gamma functions: an error where it is needed; a parameter needs none; and
 * the density has its derivative by a. */

static void model_order (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  const wg_var a = n == 2 ? x[1] : wg_param (x[0], 0, 1.25);
  (void) m;
  switch (*(const int *) ctx)
    {
    case 0: y[0] = wg_gsl_bessel_Jnu (a, x[0]); break;
    case 1: y[0] = wg_gsl_bessel_Ynu (a, x[0]); break;
    case 2: y[0] = wg_gsl_bessel_Inu (a, x[0]); break;
    case 3: y[0] = wg_gsl_bessel_Knu (a, x[0]); break;
    case 4: y[0] = wg_gsl_gamma_inc_P (a, x[0]); break;
    default: y[0] = wg_gsl_gamma_inc_Q (a, x[0]);
    }
}

START_TEST (no_partial)
{
  const double x[2] = { 2.375, 1.25 };
  for (int kind = 0; kind < 6; kind++)
    {
      double y, y2, g[2], jv, d;
      wg_fun *by_x = record (model_order, &kind, 1, x), *both = record (model_order, &kind, 2, x);
      ck_assert_int_eq (wg_gradient (by_x, x, &y, &d), WG_OK);
      ck_assert_int_eq (wg_eval (both, x, &y2), WG_OK);
      ck_assert_int_eq (wg_jvp (both, x, (double[]){ 1, 0 }, NULL, &jv), WG_OK);
      ck_assert (y == y2 && jv == d);
      ck_assert_int_eq (wg_gradient (both, x, NULL, g), WG_EORDER);
      ck_assert (strstr (wg_last_error (), "has no derivative with respect to operand 0"));
      ck_assert_int_eq (wg_jvp (both, x, (double[]){ 0, 1 }, NULL, &jv), WG_EORDER);
      ck_assert (wg_fun_gradient (both) == NULL && wg_fun_status (NULL) == WG_EORDER);
      /* another order, on the other branch of the recurrence */
      ck_assert_int_eq (wg_fun_set_params (by_x, 1, (double[]){ .375 }), WG_OK);
      ck_assert_int_eq (wg_gradient (by_x, x, &y, &d), WG_OK);
      ck_assert_int_eq (wg_eval (both, (double[]){ x[0], .375 }, &y2), WG_OK);
      ck_assert (y == y2);
      wg_check_report report;
      ck_assert_int_eq (wg_check_gradient (by_x, x, NULL, &report), WG_OK);
      wg_fun_free (by_x), wg_fun_free (both);
    }
}
END_TEST

/* Values are GSL's to the last bit, but for I and K, which are scaled and scaled back; outside a domain NaN and a notice. */
static void model_no_order (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) n, (void) m, (void) ctx;
  y[0] = wg_gsl_psi_n (-1, x[0]);
}

START_TEST (domains)
{
  ck_assert (wg_gsl_gamma (wg_num (3.375)).value == gsl_sf_gamma (3.375));
  ck_assert (wg_gsl_bessel_Jn (-3, wg_num (-3.375)).value == gsl_sf_bessel_Jn (-3, -3.375));
  ck_assert (wg_gsl_bessel_Ynu (wg_num (1.5), wg_num (3.375)).value == gsl_sf_bessel_Ynu (1.5, 3.375));
  ck_assert (wg_gsl_gamma_inc_Q (wg_num (1.5), wg_num (3.375)).value == gsl_sf_gamma_inc_Q (1.5, 3.375));
  ck_assert_double_eq_tol (wg_gsl_bessel_In (-3, wg_num (-3.375)).value/gsl_sf_bessel_In (-3, -3.375), 1, 1e-14);
  ck_assert_double_eq_tol (wg_gsl_gamma (wg_num (171.5)).value/9.483367566824795e307, 1, 1e-13);        /* mpmath */
  ck_assert_double_eq_tol (wg_gsl_gamma (wg_num (-170.5)).value/-3.3127395215386074e-308, 1, 1e-13);
  ck_assert_double_eq_tol (wg_gsl_bessel_In (150, wg_num (40)).value/3.45345894058243443e-67, 1, 1e-12);
  ck_assert_double_eq_tol (wg_gsl_bessel_Kn (180, wg_num (5)).value/1.26562468399596085e255, 1, 1e-12);
  ck_assert (isinf (wg_gsl_gamma (wg_num (172)).value) && isnan (wg_gsl_gamma (wg_num (-3)).value));
  ck_assert (isnan (wg_gsl_bessel_Yn (2, wg_num (-1)).value) && wg_gsl_bessel_Yn (2, wg_num (0)).value == -INFINITY);
  ck_assert (isnan (wg_gsl_bessel_Jnu (wg_num (-.5), wg_num (1)).value) && isnan (wg_gsl_beta (wg_num (-1), wg_num (1)).value));
  ck_assert (wg_gsl_bessel_Jn (INT_MAX, wg_num (2)).value != 1);
  ck_assert (wg_gsl_gamma_inc_P (wg_num (2), wg_num (0)).value == 0 && wg_gsl_gamma_inc_Q (wg_num (2), wg_num (0)).value == 1);
  point p = { F_bessel_Kn, 1, 2, { 0 } };
  double y;
  wg_fun *f = record (model, &p, 1, &p.x);
  ck_assert_int_eq (wg_eval (f, (double[]){ -1 }, &y), WG_NONFINITE);
  wg_fun_free (f);
  ck_assert (wg_fun_record (model_no_order, NULL, 1, 1, &p.x) == NULL);
  ck_assert_int_eq (wg_fun_status (NULL), WG_EMODEL);
}
END_TEST

START_TEST (ranges)
{
  rp_random r = { 0x5eed4711 };
  static const double odd[] = { 0, -0., 1, -1, 170.5, 171.5, 1e-308, 5e-324, 1e308, INFINITY, -INFINITY, NAN, -169.5, -200.5, 1e15, -1e15 };
  enum { ODD = sizeof odd/sizeof *odd };
  size_t sum = 0;
  for (int round = 0; round < 200000; round++)
    {
      const int wide = round % 2;
      double x = exp (wide ? rp_uniform (&r, -740, 709) : rp_uniform (&r, -9, 9)), a = exp (wide ? rp_uniform (&r, -740, 709) : rp_uniform (&r, -9, 9));
      if (round < ODD*ODD) x = odd[round % ODD], a = odd[round/ODD];
      else if (rp_uniform (&r, 0, 1) < .3) x = -x;
      const int n = (int) fmax (fmin (a, 1500), -1500)*(rp_uniform (&r, 0, 1) < .3 ? -1 : 1);
      const int before = handled;
      double v[20];
      int k = 0;
      v[k++] = wgi_value_gamma (x), v[k++] = wgi_value_lngamma (x), v[k++] = wgi_value_psi (isfinite (a) ? abs (n) % 200 : 1, x);
      v[k++] = wgi_value_beta (a, x), v[k++] = wgi_value_lnbeta (a, x);
      v[k++] = wgi_value_gamma_inc (a, x, 0), v[k++] = wgi_value_gamma_inc (a, x, 1);
      for (int kind = 0; kind < 4; kind++)
        {
          v[k++] = wgi_value_bessel_n ((enum wgi_bessel) kind, n, x);
          v[k++] = wgi_value_bessel_nu ((enum wgi_bessel) kind, a, x);
        }
      ck_assert_msg (handled == before, "GSL's handler was called: a = %.17g, x = %.17g, n = %d", a, x, n);
      for (int i = 0; i < k; i++) sum += isfinite (v[i]) != 0;
    }
  ck_assert (sum > 1000000);                   /* most of it is not NaN */
}
END_TEST

int main (void)
{
  Suite *s = suite_create ("special");
  TCase *t = tcase_create ("special");
  gsl_set_error_handler (handler);
  tcase_add_test (t, reference_points);
  tcase_add_test (t, differences);
  tcase_add_test (t, no_partial);
  tcase_add_test (t, domains);
  tcase_add_test (t, ranges);
  suite_add_tcase (s, t);
  return run_suite (s);
}
