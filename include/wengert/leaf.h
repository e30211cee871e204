/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * The number double: the value of every row of rules.def, as wg_double_<row>, and the few primitives
 * that the number templates need.  Error bounds are within 8 ulp; those of the helper rows are why the
 * second derivatives of the rows that use them keep their digits.  Depends on libm alone.
 */
#ifndef WENGERT_LEAF_H
#define WENGERT_LEAF_H

#include <math.h>

#define WGI_2_SQRTPI 1.1283791670955126     /* 2/sqrt (pi) */
#define WGI_LOG2_E   1.4426950408889634     /* 1/ln 2 */
#define WGI_LOG10_E  0.43429448190325182    /* 1/ln 10 */
#define WGI_LN2      0.69314718055994531

#ifdef __cplusplus
extern "C" {
#else
extern double lgamma_r (double, int *);      /* POSIX; lgamma writes the global signgam */
#endif

#include <wengert/polygamma.h>

/* primitives of the templates */
static inline double wg_double_scale (double c, double x) { return c*x; }
static inline double wg_double_shift (double c, double x) { return c + x; }
static inline double wg_double_zero (void) { return 0; }
static inline double wg_double_primal (double x) { return x; }
static inline double wg_double_keep (double t, double e) { return t != 0 ? e : 0; }   /* a zero tangent contributes zero */
static inline int wg_double_nonzero (double x) { return x != 0; }

/* tests of the choice rows, on primal values; a NaN first operand stays */
static inline int wgi_is_max (double a, double b) { return a >= b || a != a; }
static inline int wgi_is_min (double a, double b) { return a <= b || a != a; }

/* arithmetic */
static inline double wg_double_add (double a, double b) { return a + b; }
static inline double wg_double_sub (double a, double b) { return a - b; }
static inline double wg_double_mul (double a, double b) { return a*b; }
static inline double wg_double_div (double a, double b) { return a/b; }
static inline double wg_double_neg (double a) { return -a; }
static inline double wg_double_recip (double a) { return 1/a; }
static inline double wg_double_sqr (double a) { return a*a; }
static inline double wg_double_muladd (double a, double b, double c) { return a*b + c; }
static inline double wg_double_mulsub (double a, double b, double c) { return a*b - c; }
static inline double wg_double_submul (double a, double b, double c) { return c - a*b; }
static inline double wg_double_fma (double a, double b, double c) { return fma (a, b, c); }

/* powers */
static inline double wg_double_sqrt (double a) { return sqrt (a); }

/* libm's cbrt is off by up to 4 ulp; one Newton step with an exact residual leaves 1. */
static inline double wg_double_cbrt (double a)
{
  double y = cbrt (a), t = y*y, low = fma (y, y, -t);
  double e = (fma (y, t, -a) + y*low)/(3*t);
  return fabs (e) < 1e-10*fabs (y) ? y - e : y;              /* false at 0, infinities and NaN */
}

/* Compilers make these of a constant exponent, and the bits are not those of pow: so they are made of any. */
static inline double wgi_pow (double a, double r)
{
  return r == 2 ? a*a : r == -1 ? 1/a : r == .5 && a > 0 ? sqrt (a) : pow (a, r);
}

static inline double wg_double_powi (double a, int k)
{
  switch (k)
    {
    case -1: return 1/a;
    case 0: return 1;
    case 1: return a;
    case 2: return a*a;
    case 3: return a*a*a;
    default: return pow (a, k);
    }
}

/* a^(b-k).  When b - k rounds, to r, the rest is a factor to first order, and the sign is taken apart: r may be even
 * where b - k is odd or no integer. */
static inline double wg_double_powk (double a, double b, int k)
{
  double r = b - k, bb = r + k, low = (b - bb) + ((bb - r) - k);
  if (low == 0 || low != low)
    return wgi_pow (a, r);
  double p = wgi_pow (fabs (a), r), sign = a >= 0 ? 1 : pow (-1, b)*(k % 2 ? -1 : 1);
  return sign*(p > 0 && p <= 1e308 ? p*(1 + low*log (fabs (a))) : p);
}

static inline double wg_double_powc (double a, double c, int k) { return wg_double_powk (a, c, k); }
static inline double wg_double_pow (double a, double b) { return wgi_pow (a, b); }

/* exponentials and logarithms */
static inline double wg_double_exp (double a) { return exp (a); }
static inline double wg_double_expm1 (double a) { return expm1 (a); }
static inline double wg_double_log (double a) { return log (a); }
static inline double wg_double_log1p (double a) { return log1p (a); }
static inline double wg_double_log2 (double a) { return log2 (a); }
static inline double wg_double_log10 (double a) { return log10 (a); }

/* circular and hyperbolic */
static inline double wg_double_sin (double a) { return sin (a); }
static inline double wg_double_cos (double a) { return cos (a); }
static inline double wg_double_tan (double a) { return tan (a); }
static inline double wg_double_asin (double a) { return asin (a); }
static inline double wg_double_acos (double a) { return acos (a); }
static inline double wg_double_atan (double a) { return atan (a); }
static inline double wg_double_atan2 (double a, double b) { return atan2 (a, b); }
static inline double wg_double_sinh (double a) { return sinh (a); }
static inline double wg_double_cosh (double a) { return cosh (a); }
static inline double wg_double_tanh (double a) { return tanh (a); }
static inline double wg_double_asinh (double a) { return asinh (a); }
static inline double wg_double_acosh (double a) { return acosh (a); }
static inline double wg_double_atanh (double a) { return atanh (a); }

/* kinks and choices */
static inline double wg_double_abs (double a) { return fabs (a); }
static inline double wg_double_relu (double a) { return a > 0 || a != a ? a : 0; }
static inline double wg_double_max (double a, double b) { return wgi_is_max (a, b) ? a : b; }
static inline double wg_double_min (double a, double b) { return wgi_is_min (a, b) ? a : b; }
static inline double wg_double_clamp (double a, double lo, double hi) { return a < lo ? lo : a > hi ? hi : a; }
static inline double wg_double_select (double mask, double yes, double no) { return mask != 0 ? yes : no; }
static inline double wg_double_sign (double a) { return a > 0 ? 1 : a < 0 ? -1 : a != a ? a : 0; }
static inline double wg_double_floor (double a) { return floor (a); }
static inline double wg_double_step (double a) { return a > 0 ? 1 : a != a ? a : 0; }
static inline double wg_double_is_lt (double a, double b) { return a < b; }
static inline double wg_double_is_le (double a, double b) { return a <= b; }
static inline double wg_double_is_eq (double a, double b) { return a == b; }
static inline double wg_double_is_ne (double a, double b) { return a != b; }

/* special functions */
static inline double wg_double_hypot (double a, double b) { return hypot (a, b); }
static inline double wg_double_erf (double a) { return erf (a); }
static inline double wg_double_erfc (double a) { return erfc (a); }
static inline double wg_double_lgamma (double a) { int sign; return lgamma_r (a, &sign); }
static inline double wg_double_polygamma (double a, int k) { return wgi_polygamma (a, k); }
static inline double wg_double_digamma (double a) { return wgi_polygamma (a, 0); }

static inline double wg_double_sigmoid (double a)
{
  double e = exp (-fabs (a));
  return a >= 0 ? 1/(1 + e) : e/(1 + e);
}

static inline double wg_double_softplus (double a) { return log1p (exp (-fabs (a))) + (a > 0 ? a : 0); }

/* exp (-|a - b|), the difference taken to twice the precision: exp multiplies its absolute error. */
static inline double wgi_expd (double a, double b)
{
  double hi = a >= b ? b : a, lo = a >= b ? a : b, s = hi - lo, t = s - hi;
  double low = (hi - (s - t)) - (lo + t);
  return s > -746 ? exp (s)*(1 + low) : s != s ? s : 0;
}

static inline double wg_double_logaddexp (double a, double b)
{
  return a == b ? a + WGI_LN2 : (a >= b ? a : b) + log1p (wgi_expd (a, b));
}

/* helpers */
static inline double wg_double_sech2 (double a)
{
  double e = exp (-2*fabs (a)), u = 1 + e;
  return 4*e/(u*u);
}

/* exp (-a^2), the square split: exp multiplies its absolute error. */
static inline double wg_double_gauss (double a)
{
  double h = a*a, low = fma (a, a, -h);
  return h < 750 ? exp (-h)*(1 - low) : a != a ? a : 0;
}

static inline double wg_double_rcirc (double a) { return 1/sqrt ((1 - a)*(1 + a)); }
static inline double wg_double_rhyp (double a) { return 1/hypot (1, a); }

/* 1/sqrt (a^2 - 1) for a > 1; from 1e9 on, where the square could overflow, 1/a is the same to 2^-60. */
static inline double wg_double_rsqm (double a)
{
  return a >= 1e9 ? 1/a : a >= 1 ? 1/sqrt ((a - 1)*(a + 1)) : NAN;
}

/* a/hypot (a, b), 0 at 0; scaled where hypot overflows or is subnormal and short of digits. */
static inline double wg_double_unit (double a, double b)
{
  double h = hypot (a, b), scale = h < 1e-300 ? 4.149515568880993e180 : h > 1e308 ? .25 : 1;     /* 2^600 */
  if (scale != 1)
    {
      a *= scale;
      h = hypot (a, b*scale);
    }
  return h == 0 ? 0 : a/h;
}

static inline double wg_double_sigd (double a, double b)
{
  double e = a == b ? 1 : wgi_expd (a, b);
  return a >= b ? 1/(1 + e) : e/(1 + e);
}

static inline double wg_double_sech2d (double a, double b)
{
  double e = a == b ? 1 : wgi_expd (a, b), u = 1 + e;
  return 4*e/(u*u);
}

static inline double wg_double_tanhd (double a, double b) { return tanh ((a - b)/2); }
static inline double wg_double_kept (double a, double b) { return a == 0 && b != b ? 0 : b; }

#ifdef __cplusplus
}
#endif
#endif
