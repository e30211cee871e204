/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * GSL reports a domain error, an overflow and an underflow to its handler, which by default ends the program, so that its
 * functions are called only where they have none of these: arguments are looked at first, sizes are estimated in logarithms.
 * What is left out is settled here, or NaN.
 */
#include <math.h>

#include <gsl/gsl_sf_bessel.h>
#include <gsl/gsl_sf_gamma.h>
#include <gsl/gsl_sf_psi.h>
#include <wengert/var.h>

#include "gsl/values.h"

static const double most = 680;               /* e^most and e^-most leave room for a factor on the way to a result */

static int is_pole (double x) { return x <= 0 && floor (x) == x; }

/* The result of a call that GSL may refuse all the same, for want of convergence. */
static double kept (int status, gsl_sf_result r) { return status ? NAN : r.val; }

#define CALL(function, ...) do { gsl_sf_result r_; const int status_ = function (__VA_ARGS__, &r_); return kept (status_, r_); } while (0)

/* gamma */

double wgi_value_gamma (double x)
{
  if (isnan (x) || x == -INFINITY) return NAN;
  if (fabs (x) < 1e-20) return 1/x;                             /* 1/x - 0.577 */
  if (is_pole (x)) return NAN;
  if (x > 172) return INFINITY;
  if (x > 170) return (x - 2)*(x - 1)*wgi_value_gamma (x - 2);
  if (x < -200) return 0;
  if (x < -160)                                                 /* Gamma (x) = Gamma (x + 40)/(x (x + 1) ... (x + 39)) */
    {
      double y = wgi_value_gamma (x + 40);
      for (int i = 39; i >= 0; i--) y /= x + i;
      return y;
    }
  CALL (gsl_sf_gamma_e, x);
}

double wgi_value_lngamma (double x)
{
  if (isnan (x)) return NAN;
  if (is_pole (x) || isinf (x)) return INFINITY;
  if (fabs (x) < 1e-20) return -log (fabs (x));
  if (x < -1e9) return NAN;
  CALL (gsl_sf_lngamma_e, x);
}

double wgi_value_psi (int n, double x)
{
  if (n < 0 || isnan (x) || is_pole (x) || isinf (x)) return wg_var_polygamma (wg_num (x), n < 0 ? 0 : n).value;
  const double s = n + 1., size = lgamma (s) - s*log (fabs (x));
  if (n == 0 && fabs (x) > 1e-20 && x > -1e14) CALL (gsl_sf_psi_e, x);
  if (n > 0 && x > 0 && n < 150 && fabs (s*log (x)) < most && fabs (size) < most) CALL (gsl_sf_psi_n_e, n, x);
  return wg_var_polygamma (wg_num (x), n).value;                /* our own, which has the whole range */
}

/* beta */

double wgi_value_lnbeta (double a, double b)
{
  if (!(a > 0 && b > 0) || isinf (a) || isinf (b)) return NAN;
  const double low = fmin (a, b), high = fmax (a, b);
  if (low < 1e-20) return high < 1e-20 ? log (1/low + 1/high) : -log (low);    /* 1/low + 1/high + O (1) */
  CALL (gsl_sf_lnbeta_e, a, b);
}

double wgi_value_beta (double a, double b)
{
  const double size = wgi_value_lnbeta (a, b), low = fmin (a, b), high = fmax (a, b);
  if (isnan (size)) return NAN;
  if (low < 1e-20) return high < 1e-20 ? 1/low + 1/high : 1/low;
  if (fabs (size) > most) return exp (size);
  if (low < 1e-8) return wgi_value_beta (low + 1, high)*(1 + high/low);        /* B (a, b) = B (a + 1, b) (a + b)/a */
  CALL (gsl_sf_beta_e, a, b);
}

/* incomplete gamma */

double wgi_value_gamma_inc (double a, double x, int upper)
{
  if (!(a > 0 && x >= 0) || isinf (a)) return NAN;
  if (x == 0 || isinf (x)) return upper == (x == 0);
  const double size = a*log (x) - x - lgamma (a + 1);           /* of the smaller one, but for a factor like 1 + x/a */
  if (size < -most) return upper == (x < a);
  if (upper) CALL (gsl_sf_gamma_inc_Q_e, a, x);
  CALL (gsl_sf_gamma_inc_P_e, a, x);
}

/* Bessel functions: with n for the order and a = arccosh (n/x),
 *   J ~ e^(n tanh a - n a),  Y ~ -e^(n a - n tanh a)  for x < n (DLMF 10.19.3),
 *   I ~ e^s,  K ~ e^-s,  s = sqrt (n^2 + x^2) - n arcsinh (n/x)  (10.41.3), but for algebraic factors.
 * The logarithm of the size of J and I. */

static double size_of_J (double n, double x)
{
  if (x >= n) return 0;
  const double t = sqrt ((1 - x/n)*(1 + x/n));
  return n*(t - log ((1 + t)*(n/x)));
}

static double size_of_I (double n, double x)
{
  return hypot (n, x) - (n > 0 ? n*asinh (n/x) : 0);
}

static const double most_order = 1002, largest = 1e8;          /* third derivatives ask for orders beyond 1000 */

/* x > 0, n >= 0; integer: the functions of integer order */
static double bessel (enum wgi_bessel kind, double n, double x, int integer)
{
  const int trig = kind == WGI_BESSEL_J || kind == WGI_BESSEL_Y, k = (int) n;
  gsl_sf_result r;
  int status;
  integer &= n < 100;                /* the functions of integer order go by way of n! */
  if (n > most_order || (trig && x > largest)) return NAN;
  const double size = trig ? size_of_J (n, x) : size_of_I (n, x);
  const double plain = trig ? size : size - x, log_of_x = n > 0 ? fabs (log (x)) : 0;
  const int decays = kind == WGI_BESSEL_J || kind == WGI_BESSEL_I;
  if (size < -most) return kind == WGI_BESSEL_Y ? -INFINITY : decays ? 0 : INFINITY;
  if (!trig && size > 2*most) return decays ? INFINITY : 0;
  if (fabs (plain) > most || log_of_x > most) return log_of_x > most && n == 1 && decays ? x/2 : NAN;
  switch (kind)
    {
    case WGI_BESSEL_J:
      status = integer ? gsl_sf_bessel_Jn_e (k, x, &r) : gsl_sf_bessel_Jnu_e (n, x, &r);
      break;
    case WGI_BESSEL_Y:
      status = integer ? gsl_sf_bessel_Yn_e (k, x, &r) : gsl_sf_bessel_Ynu_e (n, x, &r);
      break;
    case WGI_BESSEL_I:
      status = integer ? gsl_sf_bessel_In_scaled_e (k, x, &r) : gsl_sf_bessel_Inu_scaled_e (n, x, &r);
      r.val = r.val*exp (x/2)*exp (x/2);
      break;
    default:
      status = integer ? gsl_sf_bessel_Kn_scaled_e (k, x, &r) : gsl_sf_bessel_Knu_scaled_e (n, x, &r);
      r.val = r.val*exp (-x/2)*exp (-x/2);
    }
  return kept (status, r);
}

double wgi_value_bessel_n (enum wgi_bessel kind, int n, double x)
{
  const int decays = kind == WGI_BESSEL_J || kind == WGI_BESSEL_I, odd = n % 2 != 0;
  const double order = fabs ((double) n);
  if (isnan (x) || (!decays && x < 0)) return NAN;
  double sign = 1;
  if (n < 0 && odd && (kind == WGI_BESSEL_J || kind == WGI_BESSEL_Y)) sign = -sign;
  if (x < 0 && odd) sign = -sign;
  if (x == 0) return decays ? n == 0 : kind == WGI_BESSEL_Y ? -sign*INFINITY : INFINITY;
  return sign*bessel (kind, order, fabs (x), 1);
}

double wgi_value_bessel_nu (enum wgi_bessel kind, double nu, double x)
{
  const int decays = kind == WGI_BESSEL_J || kind == WGI_BESSEL_I;
  if (!(nu >= 0 && x >= 0)) return NAN;
  if (x == 0) return decays ? nu == 0 : kind == WGI_BESSEL_Y ? -INFINITY : INFINITY;
  return bessel (kind, nu, x, 0);
}
