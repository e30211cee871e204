/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * GSL's special functions as custom operations.  The rules are a value and the Jacobian as a model, made of the
 * functions themselves at other orders; the order, where it is an integer, is the ctx.  An entry that a model leaves alone is
 * a derivative that does not exist.
 */
#include <wengert/custom.h>
#include <wengert/generic.h>
#include <wengert/gsl_special.h>

#include "gsl/values.h"

/* One rule set: its value with the text E of x[] and k, its Jacobian by the statements after. */
#define RULES(rule, E, ...)                                                                            \
  static int rule##_value (size_t n, const double x[], size_t m, double y[], void *ctx)                \
  { const int k = (int) (intptr_t) ctx; (void) n, (void) m, (void) k; y[0] = E; return 0; }            \
  static void rule##_jacobian (size_t n, const wg_var x[], size_t m, wg_var J[], void *ctx)            \
  { const int k = (int) (intptr_t) ctx; (void) n, (void) m, (void) k; __VA_ARGS__ }                    \
  static const wg_rules rule = { .name = #rule, .eval = rule##_value, .jacobian = rule##_jacobian };

static wg_var call1 (const wg_rules *rules, int k, wg_var x)
{
  wg_var y;
  wg_call_custom (rules, (void *) (intptr_t) k, 1, &x, 1, &y);
  return y;
}

static wg_var call2 (const wg_rules *rules, wg_var a, wg_var b)
{
  wg_var y;
  wg_call_custom (rules, NULL, 2, (wg_var[]){ a, b }, 1, &y);
  return y;
}

/* gamma and beta */

RULES (gamma, wgi_value_gamma (x[0]), J[0] = wg_mul (wg_gsl_gamma (x[0]), wg_gsl_psi (x[0]));)
RULES (lngamma, wgi_value_lngamma (x[0]), J[0] = wg_gsl_psi (x[0]);)
RULES (psi, wgi_value_psi (k, x[0]), J[0] = wg_gsl_psi_n (k + 1, x[0]);)

RULES (lnbeta, wgi_value_lnbeta (x[0], x[1]),
  const wg_var both = wg_gsl_psi (wg_add (x[0], x[1]));
  for (int i = 0; i < 2; i++) J[i] = wg_sub (wg_gsl_psi (x[i]), both);)

RULES (beta, wgi_value_beta (x[0], x[1]),
  const wg_var y = wg_gsl_beta (x[0], x[1]);
  const wg_var both = wg_gsl_psi (wg_add (x[0], x[1]));
  for (int i = 0; i < 2; i++) J[i] = wg_mul (y, wg_sub (wg_gsl_psi (x[i]), both));)

wg_var wg_gsl_gamma (wg_var x) { return call1 (&gamma, 0, x); }
wg_var wg_gsl_lngamma (wg_var x) { return call1 (&lngamma, 0, x); }
wg_var wg_gsl_psi (wg_var x) { return call1 (&psi, 0, x); }
wg_var wg_gsl_beta (wg_var a, wg_var b) { return call2 (&beta, a, b); }
wg_var wg_gsl_lnbeta (wg_var a, wg_var b) { return call2 (&lnbeta, a, b); }

wg_var wg_gsl_psi_n (int n, wg_var x)
{
  if (n < 0 || n > 10000)
    {
      wg_raise (x, "wg_gsl_psi_n: the order is negative or above 10000");
      return x;
    }
  return call1 (&psi, n, x);
}

/* incomplete gamma: the density as rows, exp ((a - 1) ln x - x - ln Gamma (a)) */

static wg_var density (wg_var a, wg_var x)
{
  return wg_exp (wg_sub (wg_sub (wg_mul (wg_sub (a, 1), wg_log (x)), x), wg_gsl_lngamma (a)));
}

RULES (gamma_inc_P, wgi_value_gamma_inc (x[0], x[1], 0), J[1] = density (x[0], x[1]);)
RULES (gamma_inc_Q, wgi_value_gamma_inc (x[0], x[1], 1), J[1] = wg_neg (density (x[0], x[1]));)

wg_var wg_gsl_gamma_inc_P (wg_var a, wg_var x) { return call2 (&gamma_inc_P, a, x); }
wg_var wg_gsl_gamma_inc_Q (wg_var a, wg_var x) { return call2 (&gamma_inc_Q, a, x); }

/* Bessel functions of integer order */

static wg_var half_difference (wg_var a, wg_var b) { return wg_mul (.5, wg_sub (a, b)); }
static wg_var half_sum (wg_var a, wg_var b) { return wg_mul (.5, wg_add (a, b)); }

RULES (bessel_Jn, wgi_value_bessel_n (WGI_BESSEL_J, k, x[0]),
  J[0] = half_difference (wg_gsl_bessel_Jn (k - 1, x[0]), wg_gsl_bessel_Jn (k + 1, x[0]));)
RULES (bessel_Yn, wgi_value_bessel_n (WGI_BESSEL_Y, k, x[0]),
  J[0] = half_difference (wg_gsl_bessel_Yn (k - 1, x[0]), wg_gsl_bessel_Yn (k + 1, x[0]));)
RULES (bessel_In, wgi_value_bessel_n (WGI_BESSEL_I, k, x[0]),
  J[0] = half_sum (wg_gsl_bessel_In (k - 1, x[0]), wg_gsl_bessel_In (k + 1, x[0]));)
RULES (bessel_Kn, wgi_value_bessel_n (WGI_BESSEL_K, k, x[0]),
  J[0] = wg_neg (half_sum (wg_gsl_bessel_Kn (k - 1, x[0]), wg_gsl_bessel_Kn (k + 1, x[0])));)

/* Far beyond the orders that have values, so that k + 1 is an int. */
static int within (int n) { return n > 100000 ? 100000 : n < -100000 ? -100000 : n; }

wg_var wg_gsl_bessel_Jn (int n, wg_var x) { return call1 (&bessel_Jn, within (n), x); }
wg_var wg_gsl_bessel_Yn (int n, wg_var x) { return call1 (&bessel_Yn, within (n), x); }
wg_var wg_gsl_bessel_In (int n, wg_var x) { return call1 (&bessel_In, within (n), x); }
wg_var wg_gsl_bessel_Kn (int n, wg_var x) { return call1 (&bessel_Kn, within (n), x); }

/* Bessel functions of real order, never asked for a negative one; below 1, nu/x C - C_nu+1 (J, Y) and nu/x I + I_nu+1 */

typedef wg_var of_order (wg_var nu, wg_var x);

static wg_var slope (of_order *C, int plus, wg_var nu, wg_var x)
{
  const wg_var next = C (wg_add (nu, 1), x);
  const int whole = wg_ge (nu, 1);
  if (!whole && wg_eq (nu, 0)) return plus ? next : wg_neg (next);
  const wg_var before = whole ? C (wg_sub (nu, 1), x) : wg_mul (wg_div (nu, x), C (nu, x));
  const wg_var sum = plus ? wg_add (before, next) : wg_sub (before, next);
  return whole ? wg_mul (.5, sum) : sum;
}

RULES (bessel_Jnu, wgi_value_bessel_nu (WGI_BESSEL_J, x[0], x[1]), J[1] = slope (wg_gsl_bessel_Jnu, 0, x[0], x[1]);)
RULES (bessel_Ynu, wgi_value_bessel_nu (WGI_BESSEL_Y, x[0], x[1]), J[1] = slope (wg_gsl_bessel_Ynu, 0, x[0], x[1]);)
RULES (bessel_Inu, wgi_value_bessel_nu (WGI_BESSEL_I, x[0], x[1]), J[1] = slope (wg_gsl_bessel_Inu, 1, x[0], x[1]);)
RULES (bessel_Knu, wgi_value_bessel_nu (WGI_BESSEL_K, x[0], x[1]),
  J[1] = wg_neg (half_sum (wg_gsl_bessel_Knu (wg_abs (wg_sub (x[0], 1)), x[1]),          /* K is even in its order */
                           wg_gsl_bessel_Knu (wg_add (x[0], 1), x[1])));)

wg_var wg_gsl_bessel_Jnu (wg_var nu, wg_var x) { return call2 (&bessel_Jnu, nu, x); }
wg_var wg_gsl_bessel_Ynu (wg_var nu, wg_var x) { return call2 (&bessel_Ynu, nu, x); }
wg_var wg_gsl_bessel_Inu (wg_var nu, wg_var x) { return call2 (&bessel_Inu, nu, x); }
wg_var wg_gsl_bessel_Knu (wg_var nu, wg_var x) { return call2 (&bessel_Knu, nu, x); }
